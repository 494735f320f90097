"""Which candidate a group is, or that it is none of them."""

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.reflections import Reflections
from hspy_cnmf.phases.spot_pattern import SpotPattern

AMORPHOUS = "amorphous"
NONE = "none of these"
UNDECIDED = "not distinguishable"
TOO_FEW = "too few spots"

#: Spots that hold less than this part of a pattern do not make it a crystal's.
_FAINTEST_CRYSTAL = 0.002

#: Spots that a candidate must explain at least, in two directions.
_FEWEST_SPOTS = 4

#: Part of the spots, and of their squared amplitudes, that must be explained.
_SHARE_OF_SPOTS, _SHARE_OF_STRENGTH = 0.65, 0.8

#: Correlation of amplitudes that is needed: intensities are but secondary evidence.
_LEAST_CORRELATION = 0.6

#: Part of what is expected that may be missing.
_MOST_MISSING = 0.5

#: Standard deviations by which the scale may be off: rather none than a wrong one.
_MOST_SIGMA = 2.0

#: Standard deviations within which what two groups say of the scale agrees.
_AGREEMENT = 3.0

#: Logarithms of evidence by which a candidate is told from another: 20 to 1.
LEAST_MARGIN = 3.0


#: Part by which the lattices of real crystals differ from those of candidates.
_LATTICE_UNCERTAINTY = 0.002


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


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is said of one group.

    Attributes
    ----------
    word : str
        Name of the phase, or one of `AMORPHOUS`, `NONE`, `UNDECIDED`, `TOO_FEW`.
    best, second : int or None
        Candidates with the most evidence, if there are.
    margin : float
        By how much the logarithm of the evidence of the best is higher than that of
        any other candidate; infinite for the only one.
    """

    word: str
    best: int | None = None
    second: int | None = None
    margin: float = np.nan

    @property
    def is_phase(self) -> bool:
        """Whether the group is one of the candidates."""
        return self.word not in (AMORPHOUS, NONE, UNDECIDED, TOO_FEW)


def is_amorphous(pattern: SpotPattern, share: float) -> bool:
    """Return whether there are no spots, or too faint ones for a crystal."""
    return not len(pattern) or share < _FAINTEST_CRYSTAL


def is_plausible(match: Match, pattern: SpotPattern, scale: Scale) -> bool:
    """Return whether a candidate explains what is seen, and shows what it must."""
    explained = match.reflection >= 0
    missing = len(match.missing) / max(len(match.expected), 1)
    return bool(
        explained.sum() >= _FEWEST_SPOTS
        and pattern[explained].spans_plane
        and explained.mean() >= _SHARE_OF_SPOTS
        and match.strength >= _SHARE_OF_STRENGTH
        and match.correlation >= _LEAST_CORRELATION
        and missing <= _MOST_MISSING
        and not match.n_absent
        and scale.sigmas(match) <= _MOST_SIGMA
    )


def verdict_of(
    pattern: SpotPattern,
    share: float,
    matches: list[Match],
    names: list[str],
    before: Scale,
    scale: Scale,
) -> Verdict:
    """Return what a group is.

    Parameters
    ----------
    pattern : SpotPattern
        Its spots.
    share : float
        Part of the pattern that is in them.
    matches : list of Match
        Of each candidate; empty where there are no spots.
    names : list of str
        Of the candidates.
    before, scale : Scale
        What was known of the scale where the matches were found, and now.
    """
    if not matches:
        return Verdict(AMORPHOUS)
    evidence = np.array([scale.evidence(match, before) for match in matches])
    fits = [is_plausible(match, pattern, scale) for match in matches]
    fitting = np.where(fits, evidence, -np.inf)
    if not any(fits):
        faint = is_amorphous(pattern, share)
        few = len(pattern) < _FEWEST_SPOTS or not pattern.spans_plane
        return Verdict(AMORPHOUS if faint else TOO_FEW if few else NONE)
    best = int(fitting.argmax())
    others = np.delete(np.arange(len(matches)), best)
    if not len(others):
        return Verdict(names[best], best, None, np.inf)
    second = int(others[evidence[others].argmax()])
    margin = float(evidence[best] - evidence[second])
    if margin >= LEAST_MARGIN:
        return Verdict(names[best], best, second, margin)
    # What explains more, but not all that it must, leaves nothing sure.
    word = UNDECIDED if fits[second] else NONE if margin < -LEAST_MARGIN else UNDECIDED
    return Verdict(word, best, second, margin)


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
    errors = [np.hypot(match.scale_error, _LATTICE_UNCERTAINTY) for match in matches]
    errors = np.array([before.deviation, *errors])  # type: ignore[assignment]
    agree = _agreeing(values, errors)  # type: ignore[arg-type]
    weights = agree / errors**2  # type: ignore[operator]
    deviation = max(1 / np.sqrt(weights.sum()), _LATTICE_UNCERTAINTY)
    return Scale(
        float(np.average(values, weights=weights)), min(deviation, before.deviation)
    )


def _agreeing(values: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return which values agree with the one that most agree with, the first always.

    A phase that is wrong but for its scale must not drag the others along. The first
    is the calibration, which by its width alone would agree with all.
    """
    if len(values) < 2:
        return np.ones(len(values), dtype=bool)
    apart = (values - values[:, np.newaxis]) / np.hypot(errors, errors[:, np.newaxis])
    agreement = np.log(np.exp(-(apart[:, 1:] ** 2) / 2) + _OUTLIER).sum(axis=1)
    agreement -= apart[:, 0] ** 2 / 2
    agree = abs(apart[1 + agreement[1:].argmax()]) < _AGREEMENT
    agree[0] = True
    return agree


def deciding_distances(
    first: tuple[Match, Reflections], second: tuple[Match, Reflections]
) -> np.ndarray:
    """Return lattice distances in Å of reflections that only one of two should show.

    Strongest first; they are the ones to look for, with a longer exposure or along
    another zone axis.
    """
    alone = []
    for (match, lattice), (other, _) in ((first, second), (second, first)):
        apart = np.linalg.norm(
            match.places[:, None] - other.places[None, other.bright], axis=2
        )
        reach = 0.02 * np.linalg.norm(match.places, axis=1)
        single = match.bright[(apart.min(axis=1, initial=np.inf) > reach)[match.bright]]
        alone += [(match.amplitudes[k], 1 / lattice.lengths[k]) for k in single]
    alone.sort(reverse=True)
    return np.array([distance for _, distance in alone])
