"""The symmetry of a crystal about the axes of its own cell.

orix has each point group once, about standard axes: c for the twofold axis of
monoclinic crystals, of which nearly all have b; a for those of trigonal ones that may
be 30° off it.
"""

from functools import lru_cache

import numpy as np
from orix.crystal_map import Phase
from orix.quaternion import Rotation, Symmetry

#: From orix's axes to those of a cell: as they are; c to b, and to a, of monoclinic
#: crystals; in the plane, of trigonal, hexagonal and tetragonal ones.
_TURNS = (
    ((0, 0, 1), 0.0),
    ((1, 0, 0), -90.0),
    ((0, 1, 0), 90.0),
    ((0, 0, 1), 30.0),
    ((0, 0, 1), 45.0),
)


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


@lru_cache(maxsize=64)
def _turn_of(number: int, cell: tuple) -> Rotation:
    """Return the first turn by which a point group has all that its space group has."""
    phase = Phase(space_group=number)
    to_cartesian = np.reshape(cell, (3, 3)).T
    true = np.array(
        [
            to_cartesian @ np.array(operation.R) @ np.linalg.inv(to_cartesian)
            for operation in phase.space_group.iter_symops()
        ]
    )
    for axis, degrees in _TURNS:
        turn = Rotation.from_axes_angles(axis, degrees, degrees=True)
        group = _turned(phase.point_group, turn)
        sign = 1 - 2 * np.asarray(group.improper, dtype=int)
        have = sign[:, np.newaxis, np.newaxis] * group.to_matrix()
        apart = abs(true[:, np.newaxis] - have).max(axis=(2, 3))
        if (apart.min(axis=1) < 1e-3).all():
            return turn
    return Rotation.identity()


def _turned(group: Symmetry, turn: Rotation) -> Symmetry:
    """Return a point group about axes that are turned."""
    if np.isclose(abs(turn.data[0, 0]), 1):
        return group
    turned = Symmetry((turn * Rotation(group.data) * ~turn).data)
    turned.improper = group.improper
    turned.name = group.name
    return turned
