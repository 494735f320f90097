"""Candidate phases: as they are given, checked, and as plain values."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TypeAlias

import numpy as np
from diffpy.structure import Atom, Lattice, Structure
from diffpy.structure.parsers.p_cif import P_cif, getSymOp
from diffpy.structure.spacegroupmod import SpaceGroup, SymOp
from diffpy.structure.symmetryutilities import ExpandAsymmetricUnit
from orix.crystal_map import Phase, PhaseList

from hspy_cnmf.plain_text import plain_text

#: A candidate: a phase, a structure, or a path to a CIF file.
Candidate: TypeAlias = Phase | Structure | str | os.PathLike

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
        at all, or two have the same name.
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
    names = Counter(phase.name for phase in phases)
    repeated = sorted(name for name, count in names.items() if count > 1)
    if repeated:
        raise ValueError(
            f"Two phases have the same name, {repeated}: tables tell them apart by it. "
            "Set phase.name."
        )
    if len({phase.color for phase in phases}) < len(phases):
        for k, phase in enumerate(phases):
            phase.color = COLOURS[k % len(COLOURS)]
    return phases


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
    is_whole = is_file or phase.space_group is None
    return phase if is_whole else phase.expand_asymmetric_unit()


def _from_file(path: str | os.PathLike) -> Phase:
    if not os.path.isfile(path):
        raise ValueError(f"There is no file {os.fspath(path)!r}: give a CIF file.")
    try:
        with redirect_stdout(StringIO()):  # where the reader prints its complaints
            return _phase_of_cif(os.fspath(path))
    except Exception as error:  # the reader has many kinds for what it cannot read
        raise ValueError(
            f"{os.fspath(path)!r} cannot be read as a CIF file ({error}): it must hold "
            "the cell, the symmetry and the atoms of one structure."
        ) from error


def _phase_of_cif(path: str) -> Phase:
    """Return the phase of a file, its atoms as its own symmetry operations make them.

    diffpy takes operations that it does not know, as of the second origin of spinels,
    for those of the standard setting, and so puts atoms where there are none.
    """
    parser = P_cif()
    structure = parser.parseFile(path)
    listed = _listed_operations(parser)
    known = {_key(operation) for operation in parser.spacegroup.iter_symops()}
    if listed and {_key(operation) for operation in listed} != known:
        atoms = parser.asymmetric_unit
        filled = ExpandAsymmetricUnit(
            SpaceGroup(symop_list=listed), [atom.xyz for atom in atoms]
        )
        structure = Structure(
            [
                Atom(atom, place)
                for atom, places in zip(atoms, filled.expandedpos, strict=True)
                for place in places
            ],
            lattice=structure.lattice,
        )
    return Phase(Path(path).stem, parser.spacegroup.number, structure=structure)


def _listed_operations(parser: P_cif) -> list[SymOp]:
    """Return the symmetry operations that a file lists, none where it does not."""
    names = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
    blocks = [parser.ciffile[name] for name in parser.ciffile.keys()]
    for block in blocks:
        for name in names:
            if name in block:
                return [getSymOp(text) for text in block[name]]
    return []


def _key(operation: SymOp) -> tuple:
    """Return an operation as whole numbers, translations as 24ths of the cell."""
    turn, shift = np.rint(operation.R), np.rint(24 * operation.t) % 24
    return (*turn.astype(int).ravel().tolist(), *shift.astype(int).tolist())


def _check(phase: Phase) -> None:
    """Raise what a phase lacks; one without symmetry gets that of any lattice."""
    if not len(phase.structure):
        raise ValueError(
            f"Phase {phase.name!r} has no atoms: intensities need them. Set "
            "phase.structure, or give a CIF file with atoms."
        )
    if phase.point_group is None:
        phase.point_group = "-1"
    if max(phase.structure.lattice.abcABG()[:3]) <= 1.0 + 1e-9:
        raise ValueError(
            f"Phase {phase.name!r} has a cell of {phase.structure.lattice.abcABG()}: "
            "set its lattice, in angstrom."
        )


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
