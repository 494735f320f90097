"""Candidate phases: as they are given, checked, and as plain values."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from diffpy.structure import Atom, Lattice, Structure
from orix.crystal_map import Phase, PhaseList

from hspy_cnmf.phases.cif import read_cif
from hspy_cnmf.phases.elements import with_elements
from hspy_cnmf.phases.unit_cell import filled, fits
from hspy_cnmf.phases.verdict import NO_PHASE
from hspy_cnmf.plain_text import plain_text

#: A candidate: a phase, a structure, or a path to a CIF file.
Candidate: TypeAlias = Phase | Structure | str | os.PathLike

#: What orix calls positions without a phase.
_NOT_INDEXED = "not_indexed"

#: Colours of phases, as matplotlib names them, so that no two are alike.
COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")


def as_phases(candidates: Candidate | Sequence[Candidate] | PhaseList) -> list[Phase]:
    """Return candidates as phases with names, whole unit cells and different colours.

    Parameters
    ----------
    candidates : Phase, PhaseList, Structure, path, or a sequence of these
        At least one. Paths are those of CIF files.

    Returns
    -------
    list of orix.crystal_map.Phase
        Copies. Of a file all atoms are there that its own symmetry operations make. A
        phase with a space group has every atom that the group, in its standard setting,
        makes of those given; one without has what is given, and the point group -1 if
        none.

    Raises
    ------
    TypeError
        If a candidate is something else.
    ValueError
        If a file cannot be read, a candidate has no atoms or no lattice, there is none
        at all, two have the same name, or one is named as what is no phase.
    """
    if isinstance(candidates, PhaseList):
        candidates = [phase for _, phase in candidates]
    if isinstance(candidates, (Phase, Structure, str, os.PathLike)):
        candidates = [candidates]
    if not isinstance(candidates, Iterable):
        raise TypeError(
            f"phases={candidates!r} must be phases, paths of CIF files, or a list of "
            "these."
        )
    phases = [_as_phase(k, candidate) for k, candidate in enumerate(candidates)]
    if not phases:
        raise ValueError("phases is empty: give at least one candidate.")
    _check_names([phase.name for phase in phases])
    if len({phase.color for phase in phases}) < len(phases):
        for k, phase in enumerate(phases):
            phase.color = COLOURS[k % len(COLOURS)]
    return phases


def _check_names(names: list[str]) -> None:
    """Raise unless tables can tell phases apart, and from what is none."""
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise ValueError(
            f"Two phases have the same name, {repeated}: tables tell them apart by it. "
            "Set phase.name, or rename one of the files."
        )
    taken = [name for name in names if name in (*NO_PHASE, _NOT_INDEXED)]
    if taken:
        raise ValueError(
            f"A phase cannot be named {taken[0]!r}, as groups or positions without a "
            "phase are: set phase.name, or rename the file."
        )


def _as_phase(index: int, candidate: Candidate) -> Phase:
    is_file = isinstance(candidate, (str, os.PathLike))
    if is_file:
        phase = _from_file(candidate)  # type: ignore[arg-type]
    elif isinstance(candidate, Structure):
        name = candidate.title or f"phase {index}"
        phase = Phase(name, point_group="-1", structure=candidate.copy())
    elif isinstance(candidate, Phase):
        phase = candidate.deepcopy()
    else:
        raise TypeError(
            f"phases[{index}] is a {type(candidate).__name__}: give an orix Phase, a "
            "diffpy Structure or the path of a CIF file."
        )
    phase.name = plain_text(phase.name or "") or f"phase {index}"
    _check(phase)
    # A file's atoms are all there, by its own operations: those of the space group's
    # standard setting would put others beside them, of P2_1/n or of the second origin.
    if not is_file and phase.space_group is not None:
        _with_whole_cell(phase)
    return phase


def _from_file(path: str | os.PathLike) -> Phase:
    if not os.path.isfile(path):
        raise ValueError(f"There is no file {os.fspath(path)!r}: give a CIF file.")
    try:
        return read_cif(path)
    except Exception as error:  # the reader has many kinds for what it cannot read
        raise ValueError(
            f"{os.fspath(path)!r} cannot be read as a CIF file of one structure, with "
            f"its cell, symmetry and atoms: {error}."
        ) from error


def _with_whole_cell(phase: Phase) -> None:
    """Put all atoms into a phase that its space group makes of those it has."""
    title = phase.structure.title
    structure = in_cell_axes(phase.structure)
    operations = list(phase.space_group.iter_symops())
    if not fits(operations, structure.lattice):
        raise ValueError(
            f"Phase {title!r} has a cell of {structure.lattice.abcABG()}, which does "
            f"not have the symmetry of its space group, {phase.space_group.pdb_name}."
        )
    structure = filled(structure, operations, structure.lattice)
    structure.title = title
    phase.structure = structure


def in_cell_axes(structure: Structure) -> Structure:
    """Return a structure of orix with coordinates of its cell, as they were given.

    orix keeps atoms where they were and turns the axes about them: in the axes that
    diffpy makes of a cell, coordinates are those of the cell.
    """
    structure = structure.copy()
    structure.placeInLattice(Lattice(*structure.lattice.abcABG()))
    return structure


def _check(phase: Phase) -> None:
    """Raise what a phase lacks; one without symmetry gets that of any lattice."""
    if not len(phase.structure):
        raise ValueError(
            f"Phase {phase.name!r} has no atoms: intensities need them. Set "
            "phase.structure, or give a CIF file with atoms."
        )
    try:
        phase.structure = with_elements(phase.structure)
    except ValueError as error:
        raise ValueError(f"Phase {phase.name!r}: {error}.") from None
    if phase.point_group is None:
        phase.point_group = "-1"
    if max(phase.structure.lattice.abcABG()[:3]) <= 1.0 + 1e-9:
        raise ValueError(
            f"Phase {phase.name!r} has a cell of {phase.structure.lattice.abcABG()}: "
            "set its lattice, in angstrom."
        )


def phase_to_dictionary(phase: Phase) -> dict:
    """Return what a phase is made of, as plain values."""
    structure = in_cell_axes(phase.structure)
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
