"""All atoms of a cell, as symmetry makes them of some."""

from collections.abc import Iterable, Sequence

import numpy as np
from diffpy.structure import Atom, Lattice, Structure
from diffpy.structure.spacegroupmod import SymOp

#: Images of an atom that are nearer than this, in Å, are one, off its place by what its
#: coordinates are rounded by: 0.3333 is not a third.
_ROUNDED = 0.05

#: Images nearer than this are one where both cannot be there: together they would be
#: more than this part of an atom.
_ONE, _MOST = 0.4, 1.05

#: Part by which symmetry may change distances in the cell.
_DISTORTED = 0.02


def filled(
    atoms: Iterable[Atom], operations: Sequence[SymOp], lattice: Lattice
) -> Structure:
    """Return the atoms that symmetry operations make of some.

    Parameters
    ----------
    atoms : iterable of Atom
        Some, or all, in coordinates of the cell.
    operations : sequence of SymOp
        Of the space group, translations of a centred cell included.
    lattice : Lattice
        The cell.
    """
    turns = np.array([one.R for one in operations], dtype=float)
    shifts = np.array([one.t for one in operations], dtype=float)
    of_element: dict[str, list[Atom]] = {}
    for atom in atoms:
        images = (turns @ atom.xyz + shifts) % 1
        there = of_element.setdefault(atom.element, [])
        places = _different(images, atom.occupancy, lattice)
        known = _are_there(places, atom.occupancy, there, lattice)
        there += [Atom(atom, place, lattice=lattice) for place in places[~known]]
    whole = [atom for some in of_element.values() for atom in some]
    return Structure(whole, lattice=lattice)


def _different(images: np.ndarray, occupancy: float, lattice: Lattice) -> np.ndarray:
    """Return the places of an atom, each the mean of images that are one atom."""
    near = _ONE if 2 * occupancy > _MOST else _ROUNDED
    places, left = [], images
    while len(left):
        apart = _wrapped(left - left[0])
        same = lattice.norm(apart) < near
        places.append((left[0] + apart[same].mean(axis=0)) % 1)
        left = left[~same]
    return np.array(places)


def _are_there(
    places: np.ndarray, occupancy: float, atoms: list[Atom], lattice: Lattice
) -> np.ndarray:
    """Return which places of an atom have one of its element, listed with it as in P1.

    Parts of atoms, which together are no more than one, may be that near.
    """
    if not atoms:
        return np.zeros(len(places), dtype=bool)
    apart = _wrapped(places[:, np.newaxis] - np.array([one.xyz for one in atoms]))
    lengths = lattice.norm(apart.reshape(-1, 3)).reshape(apart.shape[:2])
    together = np.array([one.occupancy for one in atoms]) + occupancy > _MOST
    return ((lengths < _ONE) & together).any(axis=1)


def _wrapped(difference: np.ndarray) -> np.ndarray:
    return difference - np.rint(difference)


def fits(operations: Iterable[SymOp], lattice: Lattice) -> bool:
    """Return whether a cell has a symmetry: distances stay as they are, within 2 %."""
    lengths = np.array(lattice.abcABG()[:3])
    metric = lattice.metrics / np.outer(lengths, lengths)
    for operation in operations:
        turned = operation.R.T @ lattice.metrics @ operation.R
        if abs(turned / np.outer(lengths, lengths) - metric).max() > 2 * _DISTORTED:
            return False
    return True
