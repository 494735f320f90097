"""Crystals of all groups, judged by the one scale that they were recorded at."""

from dataclasses import replace

import numpy as np

from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.excitation import by_intensities
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.scale import (
    LATTICE_UNCERTAINTY,
    Scale,
    at_other_scales,
    from_the_rest,
    other_scales,
    scale_without,
)
from hspy_cnmf.phases.verdict import UNDECIDED

#: Scales over which lattices like a candidate's, that are not in the list, may be
#: spread: a part of the scale, or so many standard deviations of a worse calibration.
_SPREAD, _DEVIATIONS = 0.03, 6.0


def at_one_scale(
    crystals: list[Crystal], names: list[str], before: Scale
) -> list[Crystal]:
    """Return crystals as calibration and all of them together have it.

    A name that the scale of the others speaks against is not sure: a lattice like the
    candidate's, of another size, would fit there.

    Parameters
    ----------
    crystals : list of Crystal
        All of a scan.
    names : list of str
        Of the candidates.
    before : Scale
        What was known of the scale where they were matched.
    """
    _, found = _named(crystals)
    refused = at_other_scales(before, found)
    scales = before, scale_without(before, found, refused)
    needed = other_scales(before, found)
    judged = [_judged(one, names, scales, needed, refused) for one in crystals]
    places, found = _named(judged)
    for k in doubtful(before, found):
        judged[places[k]] = judged[places[k]].doubted()
    return judged


def scale_of(crystals: list[Crystal], before: Scale) -> Scale:
    """Return what is known of the scale by crystals that are named in the end."""
    return scale_without(before, _named(crystals)[1], ())


def doubtful(before: Scale, found: list[tuple[int, Match]]) -> list[int]:
    """Return which identified groups, by their places in a list, may be another phase.

    Groups of one phase share its cell, and all groups one scale. Where calibration and
    the other groups foretell a group's scale, or the other phases that of a phase, less
    surely than if it were a like lattice of any size, the name rests on a scale that
    nothing speaks for. The least likely is left out first, as it moves the others.

    Parameters
    ----------
    before : Scale
        From the calibration.
    found : list of (int, Match)
        Number of the phase of each group, and its match.
    """
    spread = max(_SPREAD, _DEVIATIONS * before.deviation)
    left = list(range(len(found)))
    doubts: list[int] = []
    while left:
        some = [found[k] for k in left]
        phases = np.array([phase for phase, _ in some])
        units = list(np.eye(len(left), dtype=bool))
        foretold = _from_other_groups(before, some)
        for phase in set(phases):
            units.append(phases == phase)
            foretold.append(from_the_rest(before, some, phase))
        likely = [
            spread / (np.sqrt(2 * np.pi) * sigma) * np.exp(-((part / sigma) ** 2) / 2)
            for part, sigma in foretold
        ]
        worst = int(np.argmin(likely))
        if likely[worst] >= 1:
            break
        doubts += [k for k, out in zip(left, units[worst], strict=True) if out]
        left = [k for k, out in zip(left, units[worst], strict=True) if not out]
    return doubts


def _from_other_groups(
    before: Scale, found: list[tuple[int, Match]]
) -> list[tuple[float, float]]:
    r"""Return for each group how far its scale is from what the others tell.

    With it is the standard deviation of that.

    Notes
    -----
    Scales of groups are normal with the covariance :math:`\sigma^2 + \lambda^2
    \delta_{pq} + \epsilon_i^2 \delta_{ij}` of the calibration, the lattices of phases
    :math:`p, q`, and the spots of groups :math:`i, j`; what all but one tell of that
    one is equation 5.12 of [1]_.

    References
    ----------
    .. [1] C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine
       Learning (MIT Press, 2006).
    """
    phases = np.array([phase for phase, _ in found])
    errors = np.array([match.scale_error for _, match in found])
    apart = np.array([match.scale_residual for _, match in found]) - before.mean
    of_lattices = LATTICE_UNCERTAINTY**2 * (phases[:, np.newaxis] == phases)
    covariance = before.deviation**2 + of_lattices + np.diag(errors**2)
    inverse = np.linalg.inv(covariance)
    variances = 1 / np.diag(inverse)
    parts = (inverse @ apart) * variances
    return list(zip(parts.tolist(), np.sqrt(variances).tolist(), strict=True))


def _named(crystals: list[Crystal]) -> tuple[list[int], list[tuple[int, Match]]]:
    """Return places of crystals that are identified, and their phases and matches."""
    places = [k for k, one in enumerate(crystals) if one.verdict.is_phase]
    found = [(crystals[k].verdict.best, crystals[k].best) for k in places]
    return places, found  # type: ignore[return-value]


def _judged(crystal: Crystal, names: list[str], *settings) -> Crystal:
    """Return a crystal that a candidate explains as it is judged at a scale."""
    if not (crystal.verdict.is_phase or crystal.verdict.word == UNDECIDED):
        return crystal
    judged = crystal.judged(names, *settings)
    if not (crystal.wider and judged.verdict.is_phase):
        return judged
    verdict = by_intensities(judged.verdict, judged.matches)
    return replace(judged, verdict=verdict)
