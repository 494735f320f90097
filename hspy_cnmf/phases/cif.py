"""CIF files as programs and databases write them, read strictly.

The reader of diffpy takes the first number of whatever stands for one (1/3 is 1 to it),
evaluates symmetry operations as programs, and has atoms twice where coordinates are
rounded.
"""

import logging
import os
import re
from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from CifFile import CifFile
from diffpy.structure import Atom, Lattice
from orix.crystal_map import Phase

from hspy_cnmf.phases.cif_symmetry import NOTHING, column, phase_of, symmetry_of
from hspy_cnmf.phases.elements import element_of, element_of_label, no_element
from hspy_cnmf.phases.unit_cell import filled

_logger = logging.getLogger(__name__)

_CELL = (
    *(f"_cell_length_{axis}" for axis in "abc"),
    *(f"_cell_angle_{angle}" for angle in ("alpha", "beta", "gamma")),
)
_FRACTIONAL = tuple(f"_atom_site_fract_{axis}" for axis in "xyz")

#: A number, with or without the uncertainty of its last digits in brackets.
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?:\(\d+\))?")


def read_cif(path: str | os.PathLike) -> Phase:
    """Return the phase of a file, its atoms as its own symmetry operations make them.

    Parameters
    ----------
    path : str or path
        Of a file that holds one structure: cell, symmetry and atoms.

    Raises
    ------
    Exception
        Of whatever kind, if it cannot be read.
    """
    block = _structure_in(_text_of(Path(path)))
    lattice = Lattice(*(_number(str(block.get(name, "?")), name) for name in _CELL))
    operations, group = symmetry_of(block, lattice)
    structure = filled(_atoms(block), operations, lattice)
    return phase_of(Path(path).stem, group, structure)


def _text_of(path: Path) -> str:
    """Return what a file says, in whichever encoding names of authors are written."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _structure_in(text: str) -> Mapping[str, Any]:
    """Return the only block of a file that has a cell and atoms."""
    if not re.search(r"^\s*data_", text, re.IGNORECASE | re.MULTILINE):
        raise ValueError("it has no line that begins with data_, as CIF files have")
    with redirect_stdout(StringIO()):  # where the reader prints its complaints
        file = CifFile(StringIO(text), grammar="auto")
    blocks = {name: file[name] for name in file.keys()}
    with_atoms = {
        name: block
        for name, block in blocks.items()
        if _FRACTIONAL[0] in block and "_cell_length_a" in block
    }
    if not with_atoms:
        raise ValueError("it has no atoms in coordinates of a cell")
    if len(with_atoms) > 1:
        raise ValueError(
            f"it holds {len(with_atoms)} structures, {', '.join(with_atoms)}: put each "
            "into a file of its own"
        )
    return next(iter(with_atoms.values()))


def _number(text: str, name: str) -> float:
    """Return a number; 5,41 and 1/3 are none."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{name} is {text!r}, which is no number")
    return float(found[1])


def _atoms(block: Mapping[str, Any]) -> list[Atom]:
    """Return the atoms that a file lists, but those that are nowhere."""
    places = [column(block, name, 0) for name in _FRACTIONAL]
    n = len(places[0])
    symbols, labels, occupancies, flags = (
        column(block, f"_atom_site_{name}", n)
        for name in ("type_symbol", "label", "occupancy", "calc_flag")
    )
    atoms, nowhere = [], []
    for label, symbol, *place, occupancy, flag in zip(
        labels, symbols, *places, occupancies, flags, strict=True
    ):
        if any(x in NOTHING for x in place) or flag == "dum":
            nowhere.append(label)
            continue
        named = symbol not in NOTHING
        element = element_of(symbol) if named else element_of_label(label)
        if element is None:
            raise no_element(label, symbol if named else label)
        xyz = [
            _number(x, f"{name} of {label}")
            for x, name in zip(place, _FRACTIONAL, strict=True)
        ]
        part = 1.0
        if occupancy not in NOTHING:
            part = _number(occupancy, f"_atom_site_occupancy of {label}")
        atoms.append(Atom(element, xyz, label=label, occupancy=part))
    if nowhere:
        _logger.warning(f"Atoms without a place are left out: {', '.join(nowhere)}.")
    return atoms
