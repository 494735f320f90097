"""Orientations of groups and of their members, as orix has them."""

import numpy as np
from orix.crystal_map import Phase
from orix.quaternion import Orientation
from orix.vector import Miller

from hspy_cnmf.patterns.quaternions import quaternions_of
from hspy_cnmf.phases.crystal_symmetry import laue_group_of, point_group_of
from hspy_cnmf.phases.template_matching import about_beam

#: Largest index of the directions that zone axes are named by.
_LARGEST_INDEX = 4


def orientation_of(matrices: np.ndarray, phase: Phase) -> Orientation:
    """Return matrices, shape (n, 3, 3), from crystal to (kx, ky, kz) as orientations.

    They take vectors from the frame of the patterns, kx to the right, ky down, to the
    crystal's, as orix means it.
    """
    to_crystal = np.swapaxes(matrices, -1, -2)
    return Orientation(quaternions_of(to_crystal), symmetry=point_group_of(phase))


def member_matrix(
    group: np.ndarray, rotation: float, mirrored: bool = False
) -> np.ndarray:
    """Return how a member of a group is turned, shape (3, 3).

    Parameters
    ----------
    group : numpy.ndarray, shape (3, 3)
        How the group's mean pattern is.
    rotation : float
        Degrees, counter-clockwise as seen, by which the member was turned.
    mirrored : bool, default False
        Whether it was mirrored at the horizontal line before: by Friedel's law, the
        crystal turned over about the vertical one.
    """
    over = np.diag([-1.0, 1.0, -1.0]) if mirrored else np.eye(3)
    return over @ about_beam(np.deg2rad(rotation)) @ group


def tilt_and_turn(
    matrix: np.ndarray, other: np.ndarray, phase: Phase
) -> tuple[float, float]:
    """Return degrees between beam directions, and in the plane, of two orientations.

    Those of the equivalent ones that are nearest. Half a turn in the plane, which
    patterns do not show, is none.

    Parameters
    ----------
    matrix, other : numpy.ndarray, shape (3, 3)
        From the crystal's frame to (kx, ky, kz).
    phase : Phase
        The crystal.
    """
    between = _between(matrix, other, phase)
    tilts = np.arccos(np.clip(between[:, 2, 2], -1, 1))
    turns = np.arctan2(
        between[:, 1, 0] - between[:, 0, 1], between[:, 0, 0] + between[:, 1, 1]
    )
    turns = np.minimum(abs(turns), np.pi - abs(turns))
    nearest = int(np.argmin(tilts + turns))
    return float(np.rad2deg(tilts[nearest])), float(np.rad2deg(turns[nearest]))


def rotation_between(matrix: np.ndarray, other: np.ndarray, phase: Phase) -> float:
    """Return degrees between two orientations: of the equivalent ones, the nearest.

    Parameters
    ----------
    matrix, other : numpy.ndarray, shape (3, 3)
        From the crystal's frame to (kx, ky, kz).
    phase : Phase
        The crystal.
    """
    trace = np.trace(_between(matrix, other, phase), axis1=1, axis2=2).max()
    return float(np.rad2deg(np.arccos(np.clip((trace - 1) / 2, -1, 1))))


def _between(matrix: np.ndarray, other: np.ndarray, phase: Phase) -> np.ndarray:
    """Return rotations, (n, 3, 3), from an orientation to the equivalents of one."""
    between = matrix @ laue_group_of(phase).to_matrix() @ other.T
    return between * np.sign(np.linalg.det(between))[:, np.newaxis, np.newaxis]


def zone_axis(matrix: np.ndarray, phase: Phase) -> tuple[np.ndarray, float]:
    """Return the lattice direction nearest to kz, and by how many degrees it is off.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (3, 3)
        From the crystal's frame to (kx, ky, kz).
    phase : Phase
        The crystal.

    Returns
    -------
    uvw : numpy.ndarray of int, shape (3,)
        Of indices up to 4, the one among the equivalent ones with the most positive
        indices.
    angle : float
    """
    index = np.arange(-_LARGEST_INDEX, _LARGEST_INDEX + 1)
    uvw = np.stack(np.meshgrid(index, index, index), axis=-1).reshape(-1, 3)
    uvw = uvw[np.gcd.reduce(uvw, axis=1) == 1]
    directions = Miller(uvw=uvw, phase=phase).unit.data
    angles = np.rad2deg(np.arccos(np.clip(directions @ matrix[2], -1, 1)))
    # A high index comes nearer to anything: it must do so by a degree a step.
    cost = angles + 1.0 * np.abs(uvw).sum(axis=1)
    nearest = int(cost.argmin())
    return _tidy(uvw[nearest], phase), float(angles[nearest])


def _tidy(uvw: np.ndarray, phase: Phase) -> np.ndarray:
    """Return the one of equivalent directions with the most positive indices."""
    family = point_group_of(phase).outer(Miller(uvw=uvw, phase=phase))
    equivalent = Miller(xyz=family.data.reshape(-1, 3), phase=phase)
    indices = np.rint(equivalent.uvw).astype(int)
    order = np.lexsort((*indices.T[::-1], -(indices < 0).sum(axis=1)))
    return indices[order[-1]]
