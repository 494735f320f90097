"""All candidates against all groups."""

from collections.abc import Collection

import numpy as np
from orix.crystal_map import Phase

from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.match import Match, match_of
from hspy_cnmf.phases.reflections import Beam, Reflections
from hspy_cnmf.phases.spot_matching import SpotMatcher
from hspy_cnmf.phases.spot_pattern import SpotPattern
from hspy_cnmf.phases.template_matching import TemplateLibrary

#: Orientations that each pattern starts from.
N_STARTS = 60


def prepared(
    spots: GroupSpots,
    phase: Phase,
    max_excitation_error: float,
    resolution: float,
    scale_uncertainty: float,
) -> tuple[SpotMatcher, TemplateLibrary]:
    """Return what matches a candidate, and its templates.

    Parameters
    ----------
    spots : GroupSpots
        For the energy, and how far spots lie from the centre.
    phase : orix.crystal_map.Phase
        The candidate.
    max_excitation_error, resolution, scale_uncertainty : float
        As for `identify_phases`.
    """
    beam = Beam.of(spots.energy, max_excitation_error)
    limits = spots.reach
    reach = limits[1] * (1.01 + 4 * scale_uncertainty)
    reflections = Reflections.of(phase, reach)
    library = TemplateLibrary.of(phase, spots.energy, beam, reach, resolution)
    return SpotMatcher(reflections, beam, scale_uncertainty, limits), library


def matches_of(
    spots: GroupSpots,
    matcher: SpotMatcher,
    library: TemplateLibrary,
    groups: Collection[int] | None = None,
) -> dict[int, Match]:
    """Return how a candidate explains groups, by their numbers: all that have spots."""
    patterns = dict(enumerate(spots.patterns))
    if groups is None:
        groups = [k for k, pattern in patterns.items() if len(pattern)]
    fits = fits_of([patterns[k] for k in groups], matcher, library)
    return dict(zip(groups, fits, strict=True))


def fits_of(
    patterns: list[SpotPattern], matcher: SpotMatcher, library: TemplateLibrary
) -> list[Match]:
    """Return how a candidate explains each of some patterns that have spots."""
    if not patterns:
        return []
    starts = library.best(patterns, N_STARTS)
    return [
        match_of(matcher, pattern, matrices)
        for pattern, matrices in zip(patterns, starts, strict=True)
    ]


def ring_score(
    radii: np.ndarray, weights: np.ndarray, lengths: np.ndarray, tolerance: float
) -> float:
    """Return how much better than chance a candidate's distances explain rings.

    Parameters
    ----------
    radii, weights : numpy.ndarray, shape (n,)
        Distances of spots from the centre, and how much each counts.
    lengths : numpy.ndarray, shape (m,)
        Reciprocal lengths of the candidate's reflections, in the same unit.
    tolerance : float
        Part of a radius by which it may be off.

    Returns
    -------
    float
        1 where all are explained, about 0 where as many as by chance; NaN without
        spots.
    """
    if not len(radii):
        return np.nan
    explained = (abs(radii[:, None] / lengths - 1) < tolerance).any(axis=1)
    grid = np.linspace(
        radii.min() * (1 - tolerance), radii.max() * (1 + tolerance), 999
    )
    chance = (abs(grid[:, None] / lengths - 1) < tolerance).any(axis=1).mean()
    share = np.average(explained, weights=weights)
    return float((share - chance) / max(1 - chance, 1e-3)) if chance < 1 else 0.0
