"""How surely spots tell an orientation: the zone axis, and the turn in the plane."""

import numpy as np
from orix.crystal_map import Phase

from hspy_cnmf.phases.group_spots import PIXEL_ERROR
from hspy_cnmf.phases.match import Match, rivals_of
from hspy_cnmf.phases.orientation import rotation_between, tilt_and_turn
from hspy_cnmf.phases.spot_matching import SpotMatcher, tilts
from hspy_cnmf.phases.spot_pattern import SpotPattern

#: Tilts about each axis in the plane at which the evidence is looked at, in degrees:
#: far ones, and near ones where it is too narrow for these.
_GRIDS = (np.linspace(-8, 8, 17), np.linspace(-2, 2, 17))

#: Orientations that are nearer to each other than this are one, in degrees.
_SAME = 3.0


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
    symmetry, and no other spots tell, it may as well be there. So may it be along any
    other zone axis that explains the spots about as well: those that the match was
    looked for from count by the exponential of their evidence. A turn is uncertain by
    the errors of the spots and of the centre, by how it would change with the tilt, and
    by how else crystals along these other axes are turned.
    """
    tilt, turn, reach = _near(matcher, pattern, match)
    half_turned = match.matrix @ _half_turn(matcher, match)
    total, tilts_square, turns_square = 1.0, 0.0, 0.0
    kept = [match.matrix]
    rivals = rivals_of(matcher, pattern, match, half_turned[np.newaxis])
    for rival in sorted(rivals, key=lambda one: -one.evidence):
        apart = [rotation_between(rival.matrix, one, phase) for one in kept]
        if apart[0] <= reach or min(apart) < _SAME:
            continue
        kept.append(rival.matrix)
        weight = np.exp(min(rival.evidence - match.evidence, 0.0))
        across, turned = tilt_and_turn(rival.matrix, match.matrix, phase)
        total += weight
        tilts_square += weight * across**2
        turns_square += weight * turned**2
    tilt = np.hypot(tilt, np.sqrt(tilts_square / total))
    turn = np.hypot(np.rad2deg(turn), np.sqrt(turns_square / total))
    return float(tilt), float(turn)


def _near(
    matcher: SpotMatcher, pattern: SpotPattern, match: Match
) -> tuple[float, float, float]:
    """Return the same, the turn in radians, near the match; and how far that is."""
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
    return float(tilt), float(turn), float(grid.max())


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
