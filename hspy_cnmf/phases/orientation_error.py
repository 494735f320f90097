"""How surely spots tell an orientation: the zone axis, and the turn in the plane."""

import numpy as np
from orix.crystal_map import Phase

from hspy_cnmf.phases.group_spots import PIXEL_ERROR
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.orientation import tilt_and_turn
from hspy_cnmf.phases.spot_matching import SpotMatcher, tilts
from hspy_cnmf.phases.spot_pattern import SpotPattern

#: Tilts about each axis in the plane at which the evidence is looked at, in degrees:
#: far ones, and near ones where it is too narrow for these.
_GRIDS = (np.linspace(-8, 8, 17), np.linspace(-2, 2, 17))


def orientation_error(
    matcher: SpotMatcher, pattern: SpotPattern, match: Match, phase: Phase
) -> tuple[float, float]:
    """Return by how much a crystal's orientation may be off, in degrees.

    Parameters
    ----------
    matcher : SpotMatcher
        The crystal.
    pattern : SpotPattern
        Its spots.
    match : Match
        How it is turned.
    phase : orix.crystal_map.Phase
        For its symmetry.

    Returns
    -------
    tilt : float
        Root mean square of the angle between the zone axis and the true one.
    turn : float
        Standard deviation of the turn about the beam.

    Notes
    -----
    Tilts are as likely as the exponential of their evidence, and none is likelier
    before. Spots of the zero-order Laue zone hardly move when a crystal is tilted: it
    is which reflections are seen, and how bright, by the excitation error, that holds
    the zone axis. Half a turn about the normal of their plane changes nothing of them,
    but brings the beam to the other side of that normal: where the crystal has no such
    symmetry, and no other spots tell, it may as well be there. A turn is uncertain by
    the errors of the spots and of the centre, and by how it would change with the tilt.
    """
    tilt, turn = _near(matcher, pattern, match)
    other = match.matrix @ _half_turn(matcher, match)
    across, _ = tilt_and_turn(other, match.matrix, phase)
    near = tilts(_GRIDS[1])
    best, there = (
        matcher.fit(pattern, near @ matrix).evidence.max()
        for matrix in (match.matrix, other)
    )
    part = 1 / (1 + np.exp(np.clip(best - there, -50, 50)))
    tilt = np.sqrt(tilt**2 + part * across**2)
    return float(tilt), float(np.rad2deg(turn))


def _near(
    matcher: SpotMatcher, pattern: SpotPattern, match: Match
) -> tuple[float, float]:
    """Return the same, the turn in radians, without what lies on the other side."""
    for grid in _GRIDS:
        step = grid[1] - grid[0]
        tilted = tilts(grid) @ match.matrix
        fits = matcher.fit(pattern, tilted)
        weight = np.exp(fits.evidence - fits.evidence.max())
        weight /= weight.sum()
        x, y = (axis.ravel() for axis in np.meshgrid(grid, grid))
        # What lies between two points of the grid has no other weight.
        tilt = np.sqrt(weight @ (x**2 + y**2) + step**2 / 6)
        if tilt > step:
            break
    between = fits.matrices @ np.swapaxes(tilted, 1, 2)
    turns = np.arctan2(between[:, 1, 0], between[:, 0, 0])
    turn = np.sqrt(_own_turn(pattern, match) ** 2 + weight @ turns**2)
    return float(tilt), float(turn)


def _half_turn(matcher: SpotMatcher, match: Match) -> np.ndarray:
    """Return half a turn about the normal of the plane that most reflections lie in."""
    found = match.reflection[match.reflection >= 0]
    normal = np.linalg.svd(matcher.reflections.vectors[found])[2][-1]
    return 2 * np.outer(normal, normal) - np.eye(3)


def _own_turn(pattern: SpotPattern, match: Match) -> float:
    """Return the standard deviation of a turn by errors of spots, in radians.

    A turn is known as well as a scale. But the centre is one for all spots: where these
    lie to one side of it, what it is off by turns them all alike.
    """
    explained = match.reflection >= 0
    places = match.places[match.reflection[explained]]
    weight = 1 / pattern.errors[explained] ** 2
    power = weight @ (places**2).sum(axis=1)
    aside = ((weight @ places) ** 2).sum() / max(power, 1e-12)
    shift = PIXEL_ERROR * pattern.detector.scale
    return float(match.scale_error * np.sqrt(1 + shift**2 * aside))
