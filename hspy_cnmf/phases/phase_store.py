"""Phases as plain values, and back."""

from diffpy.structure import Atom, Lattice, Structure
from orix.crystal_map import Phase


def phase_to_dictionary(phase: Phase) -> dict:
    """Return what a phase is made of, as plain values."""
    # orix keeps atoms where they were and turns the axes about them: in the axes that
    # diffpy makes of a cell, coordinates are those that were given.
    structure = phase.structure.copy()
    structure.placeInLattice(Lattice(*structure.lattice.abcABG()))
    return {
        "name": phase.name,
        "color": phase.color,
        "space_group": None if phase.space_group is None else phase.space_group.number,
        "point_group": phase.point_group.name,
        "lattice": [float(value) for value in structure.lattice.abcABG()],
        "atoms": [
            [atom.element, [float(x) for x in atom.xyz], float(atom.occupancy)]
            for atom in structure
        ],
    }


def phase_from_dictionary(values: dict) -> Phase:
    """Undo `phase_to_dictionary`."""
    atoms = [
        Atom(element, xyz, occupancy=occupancy)
        for element, xyz, occupancy in values["atoms"]
    ]
    return Phase(
        name=values["name"],
        space_group=values["space_group"],
        point_group=None if values["space_group"] else values["point_group"],
        structure=Structure(atoms, lattice=Lattice(*values["lattice"])),
        color=values["color"],
    )
