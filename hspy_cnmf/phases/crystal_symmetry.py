"""The symmetry of a crystal about the axes of its own cell.

orix has each point group once, about standard axes: c for the twofold axis of
monoclinic crystals, of which nearly all have b; a for those of trigonal ones that may
be 30° off it.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from orix.crystal_map import Phase
from orix.quaternion import Rotation, Symmetry

from hspy_cnmf.patterns.quaternions import quaternions_of

#: Largest difference of matrices of one operation: cells of a file may be off their
#: symmetry by a little.
_SAME = 0.05


def standard_turn(phase: Phase) -> Rotation:
    """Return what turns orix's axes of a point group to those of a crystal.

    Nothing does of a phase without a space group: its point group is as it was given.
    """
    if phase.space_group is None:
        return Rotation.identity()
    cell = tuple(phase.structure.lattice.base.ravel())
    return _turn_of(phase.space_group.number, cell)


def point_group_of(phase: Phase) -> Symmetry:
    """Return the point group about the axes of the cell."""
    return _turned(phase.point_group, standard_turn(phase))


def laue_group_of(phase: Phase) -> Symmetry:
    """Return the point group with inversion, about the axes of the cell."""
    return _turned(phase.point_group.laue, standard_turn(phase))


def with_own_symmetry(phase: Phase) -> Phase:
    """Return a phase of which orix takes orientations to be equivalent that are.

    Where axes are not orix's, it has no space group but the turns of its Laue group,
    by which patterns are equivalent: 121 is a point group of orix, for 2/m about b.
    About rhombohedral axes orix has none, and all orientations are different.
    """
    if np.isclose(standard_turn(phase).angle[0], 0):
        return phase
    group = laue_group_of(phase).proper_subgroup  # the largest that orix has
    return Phase(
        phase.name, point_group=group, structure=phase.structure, color=phase.color
    )


@lru_cache(maxsize=64)
def _turn_of(number: int, cell: tuple) -> Rotation:
    """Return the first turn by which a point group has all that its space group has."""
    phase = Phase(space_group=number)
    group = phase.point_group
    sign = 1 - 2 * np.asarray(group.improper, dtype=int)
    standard = sign[:, np.newaxis, np.newaxis] * group.to_matrix()
    to_cartesian = np.reshape(cell, (3, 3)).T
    true = np.array(
        [
            to_cartesian @ np.array(operation.R) @ np.linalg.inv(to_cartesian)
            for operation in phase.space_group.iter_symops()
        ]
    )
    for turn in _turns(standard, true):
        apart = abs(true[:, np.newaxis] - turn @ standard @ turn.T).max(axis=(2, 3))
        if (apart.min(axis=1) < _SAME).all():
            return Rotation(quaternions_of(turn[np.newaxis]))
    return Rotation.identity()  # of a cell that is none of the space group


def _turns(standard: np.ndarray, true: np.ndarray) -> Iterator[np.ndarray]:
    """Return turns that take axes of a group to such of another; none is the first."""
    yield np.eye(3)
    kind, first = max(_frames(standard), key=lambda one: tuple(one[0]))
    for other, frame in _frames(true):
        if np.allclose(kind, other, atol=_SAME):
            yield frame @ first.T


def _frames(matrices: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield frames of two axes of a group, or of its only one, and of which kind it is.

    The kind is trace and determinant of both operations, and the cosine between them.
    """
    signs = np.sign(np.linalg.det(matrices))
    proper = signs[:, np.newaxis, np.newaxis] * matrices
    traces = np.trace(proper, axis1=1, axis2=2)
    turned = traces < 3 - _SAME
    axes = quaternions_of(proper[turned])[:, 1:]
    axes /= np.linalg.norm(axes, axis=1)[:, np.newaxis]
    kinds = np.stack([traces[turned], signs[turned]], axis=1)
    is_single = abs(axes @ axes[0]).min() > 1 - _SAME
    seconds, their_kinds = (np.eye(3), np.zeros((3, 2))) if is_single else (axes, kinds)
    for axis, kind in zip(axes, kinds, strict=True):
        for second, its_kind in zip(seconds, their_kinds, strict=True):
            across = second - (second @ axis) * axis
            length = np.linalg.norm(across)
            if length > _SAME:
                across /= length
                between = 0.0 if is_single else second @ axis
                frame = np.column_stack([axis, across, np.cross(axis, across)])
                yield np.array([*kind, *its_kind, between]), frame


def _turned(group: Symmetry, turn: Rotation) -> Symmetry:
    """Return a point group about axes that are turned."""
    if np.isclose(abs(turn.data[0, 0]), 1):
        return group
    turned = Symmetry((turn * Rotation(group.data) * ~turn).data)
    turned.improper = group.improper
    turned.name = group.name
    return turned
