"""The one scale that all groups were recorded at, and phases that need another."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from hspy_cnmf.phases.match import Match

#: Standard deviations by which the scale of a phase, by all its groups, may be off:
#: rather none than a wrong one.
MOST_SIGMA = 2.0

#: Standard deviations within which what one group says of the scale agrees.
AGREEMENT = 3.0

#: Part by which the lattices of real crystals differ from those of candidates.
LATTICE_UNCERTAINTY = 0.002

#: Chance that a group that seems identified has another scale.
_OUTLIER = 0.02


@dataclass(frozen=True)
class Scale:
    """What is known of the scale: by what part it must be corrected.

    Attributes
    ----------
    mean, deviation : float
        Of a normal distribution.
    """

    mean: float
    deviation: float

    def sigmas(self, match: Match) -> float:
        """Return by how many standard deviations a candidate needs another scale."""
        return abs(match.scale_residual - self.mean) / np.hypot(
            self.deviation, match.scale_error
        )

    def evidence(self, match: Match, before: "Scale") -> float:
        """Return the evidence of a match that was found knowing less of the scale."""
        change = before.sigmas(match) ** 2 - self.sigmas(match) ** 2
        return match.evidence + change / 2


def common_scale(before: Scale, matches: list[Match]) -> Scale:
    """Return what is known of the scale once some groups are identified.

    Parameters
    ----------
    before : Scale
        From the calibration.
    matches : list of Match
        Of identified groups, each with its phase. All were recorded at one scale, so
        that a candidate for another group must fit at theirs.
    """
    values = np.array([before.mean, *(match.scale_residual for match in matches)])
    own = [np.hypot(match.scale_error, LATTICE_UNCERTAINTY) for match in matches]
    errors = np.array([before.deviation, *own])
    agree = agreeing(values, errors)
    weights = agree / errors**2
    deviation = max(1 / np.sqrt(weights.sum()), LATTICE_UNCERTAINTY)
    return Scale(
        float(np.average(values, weights=weights)), min(deviation, before.deviation)
    )


def agreeing(values: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return which values agree with the one that most agree with, the first always.

    They are real, or complex with that error of each part. A phase that is wrong but
    for its scale must not drag the others along. The first is the calibration, which by
    its width alone would agree with all.
    """
    if len(values) < 2:
        return np.ones(len(values), dtype=bool)
    apart = abs(values - values[:, np.newaxis])
    apart /= np.hypot(errors, errors[:, np.newaxis])
    agreement = np.log(np.exp(-(apart[:, 1:] ** 2) / 2) + _OUTLIER).sum(axis=1)
    agreement -= apart[:, 0] ** 2 / 2
    agree = apart[1 + agreement[1:].argmax()] < AGREEMENT
    agree[0] = True
    return agree


def other_scales(before: Scale, found: list[tuple[int, Match]]) -> dict[int, float]:
    """Return by what part phases need another scale than the rest speaks for.

    A candidate that is wrong but for its cell, while the right one is not in the list,
    is given away by nothing else.

    Parameters
    ----------
    before : Scale
        From the calibration.
    found : list of (int, Match)
        Number of the phase of each identified group, and its match.

    Returns
    -------
    dict of float
        Of each phase the difference of its scale from that of the calibration or of the
        other phases, whichever is larger; 0 where errors of spots and the spread of
        lattices account for it.
    """
    return {phase: _other_scale(before, found, phase) for phase, _ in found}


def scale_without(
    before: Scale, found: Iterable[tuple[int, Match]], refused: Collection[int]
) -> Scale:
    """Return the scale of groups that are identified, but for those of some phases."""
    return common_scale(before, [match for one, match in found if one not in refused])


def at_other_scales(before: Scale, found: list[tuple[int, Match]]) -> set[int]:
    """Return phases that are not there, as calibration and the other phases have it.

    Groups of one phase are judged together, by what the rest tells: its own cell, if it
    is not the one in the list, would seem to be the scale. The phase that is furthest
    off is left out first, as it moves what is told of the others.

    Parameters
    ----------
    before, found
        As for `other_scales`.
    """
    left, refused = list(found), set()
    while left:
        apart = {phase: from_the_rest(before, left, phase) for phase, _ in left}
        sigmas = {phase: abs(part) / sigma for phase, (part, sigma) in apart.items()}
        worst = max(sigmas, key=sigmas.__getitem__)
        if sigmas[worst] <= MOST_SIGMA:
            break
        refused.add(worst)
        left = [(phase, match) for phase, match in left if phase != worst]
    return refused


def _other_scale(before: Scale, found: list[tuple[int, Match]], phase: int) -> float:
    """Return by what part a phase needs another scale, 0 where it needs none."""
    compared = [_own_scale(before, found, phase)]
    if any(number != phase for number, _ in found):
        compared.append(from_the_rest(before, found, phase))
    needed = [float(part) for part, sigma in compared if abs(part) > MOST_SIGMA * sigma]
    return max(needed, key=abs, default=0.0)


def _own_scale(
    before: Scale, found: list[tuple[int, Match]], phase: int
) -> tuple[float, float]:
    """Return by what part groups of a phase need another scale than the calibration's.

    With it is the error of that from spots and lattices.
    """
    own = [match for number, match in found if number == phase]
    weights = np.array([match.scale_error**-2.0 for match in own])
    mean = np.average([match.scale_residual for match in own], weights=weights)
    error = np.hypot(weights.sum() ** -0.5, LATTICE_UNCERTAINTY)
    return float(mean - before.mean), float(error)


def from_the_rest(
    before: Scale, found: list[tuple[int, Match]], phase: int
) -> tuple[float, float]:
    """Return the same against calibration and other phases, with the error of all.

    A phase counts once, however many groups it has: they share its lattice.
    """
    part, error = _own_scale(before, found, phase)
    values, errors = [0.0], [before.deviation]
    for other in {number for number, _ in found} - {phase}:
        own, deviation = _own_scale(before, found, other)
        values.append(own)
        errors.append(deviation)
    weights = np.array(errors) ** -2.0
    rest = np.average(values, weights=weights)
    return part - rest, float(np.hypot(error, weights.sum() ** -0.5))
