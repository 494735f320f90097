"""The symmetry of a structure as CIF files tell it: operations, or a space group."""

import logging
import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from diffpy.structure import Lattice, Structure
from diffpy.structure.spacegroupmod import SpaceGroup, SymOp
from diffpy.structure.spacegroups import FindSpaceGroup, SpaceGroupList
from orix.crystal_map import Phase
from orix.quaternion.symmetry import get_point_group

from hspy_cnmf.phases.unit_cell import fits

_logger = logging.getLogger(__name__)

_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
_NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number")
_NAMES = (
    "_space_group_name_h-m_alt",
    "_space_group_name_h-m_ref",
    "_symmetry_space_group_name_h-m",
)

#: What is not known, or does not apply.
NOTHING = ("", "?", ".")

#: What a symmetry operation adds up: axes, and fractions or decimals.
_TERM = re.compile(r"([-+]?)(?:([xyz])|(\d+(?:/\d+|\.\d*)?|\.\d+))")

#: What names add to tell the origin or the axes, as ``:2``, ``Z`` or ``H``.
_SETTING = re.compile(r"\s*(?::\s*([12RHrh])|\s([SZHR]))$")

#: Space groups, of which some about c are not in orix.
_MONOCLINIC = range(3, 16)

#: Groups that are named with an e.
_WITH_TWO_GLIDES = (39, 41, 64, 67, 68)

#: Halves of the axes by which cells are centred; R and H are not of triclinic ones.
_CENTRINGS = {
    "P": [],
    "A": [(0, 1, 1)],
    "B": [(1, 0, 1)],
    "C": [(1, 1, 0)],
    "I": [(1, 1, 1)],
    "F": [(0, 1, 1), (1, 0, 1), (1, 1, 0)],
    "R": [],
    "H": [],
}

#: Groups of two origins, of which diffpy has the first.
_TWO_ORIGINS = (
    {48, 50, 59, 68, 70, 85, 86, 88, 125, 126, 129, 130, 133, 134, 137, 138}
    | {141, 142, 201, 203, 222, 224, 227, 228}
)  # fmt: skip


def symmetry_of(
    block: Mapping[str, Any], lattice: Lattice
) -> tuple[list[SymOp], SpaceGroup | None]:
    """Return symmetry operations, and the space group, None where diffpy has none.

    Parameters
    ----------
    block : Mapping
        What a file says of a structure.
    lattice : Lattice
        Its cell.

    Raises
    ------
    ValueError
        If no symmetry is told, or the cell does not have it.
    """
    listed = [
        _operation(text)
        for name in _OPERATIONS[: 1 if _OPERATIONS[0] in block else 2]
        for text in column(block, name, 0)
    ]
    if not listed:
        group, shifts = _named_group(block, lattice)
        operations = group.iter_symops()
        return [SymOp(o.R, (o.t + s) % 1) for o in operations for s in shifts], group
    if not fits(listed, lattice):
        raise ValueError("its cell does not have the symmetry of its operations")
    return listed, _group_of(listed, block, lattice)


def _operation(text: str) -> SymOp:
    """Return a symmetry operation, as ``-x+1/2, y, z`` or ``1/2-x,+y,+z``."""
    rows = re.sub(r"\s|^['\"]|['\"]$", "", text.lower()).split(",")
    turn, shift = np.zeros((3, 3)), np.zeros(3)
    if len(rows) != 3:
        raise ValueError(f"{text!r} is no symmetry operation")
    for k, row in enumerate(rows):
        if not row or _TERM.sub("", row):
            raise ValueError(f"{text!r} is no symmetry operation")
        for sign, axis, number in _TERM.findall(row):
            factor = -1.0 if sign == "-" else 1.0
            if axis:
                turn[k, "xyz".index(axis)] += factor
            else:
                shift[k] += factor * float(Fraction(number))
    # As exact as a decimal may be meant: 0.3333 is a third.
    return SymOp(turn, np.rint(24 * shift) / 24 % 1)


def _group_of(
    listed: list[SymOp], block: Mapping[str, Any], lattice: Lattice
) -> SpaceGroup | None:
    """Return the group of operations, or the one of its number that turns as they do.

    Of a file that lists a part of them it is the one that it names.
    """
    try:
        return FindSpaceGroup(listed, shuffle=True)
    except ValueError:  # as of another origin
        turns = turns_of(listed)
    groups = [one for one in _groups_of_number(block) if turns <= turns_of(one)]
    groups.sort(key=lambda one: turns_of(one) != turns)
    return next((one for one in groups if fits(one.iter_symops(), lattice)), None)


def turns_of(operations: Iterable[SymOp] | SpaceGroup) -> set[tuple]:
    """Return what operations turn and mirror, without what they shift."""
    if isinstance(operations, SpaceGroup):
        operations = operations.iter_symops()
    rounded = (np.rint(one.R).astype(int) for one in operations)
    return {tuple(one.ravel().tolist()) for one in rounded}


def _groups_of_number(block: Mapping[str, Any]) -> list[SpaceGroup]:
    """Return space groups, in all settings that diffpy has, of a file's number."""
    number = _first(block, _NUMBERS)
    return [one for one in SpaceGroupList if str(one.number % 1000) == number.strip()]


def _first(block: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Return the first of some values that a file knows."""
    values = (str(block.get(name, "")) for name in names)
    return next((value for value in values if value not in NOTHING), "")


def _named_group(
    block: Mapping[str, Any], lattice: Lattice
) -> tuple[SpaceGroup, np.ndarray]:
    """Return the space group that a file names, in the setting that its cell has.

    With it are further translations, (n, 3), of a cell that is centred by choice.
    """
    name, number = _first(block, _NAMES), _first(block, _NUMBERS)
    given = f"the space group {name or number!r}"
    if not name and not number:
        raise ValueError("it lists neither symmetry operations nor a space group")
    setting = _SETTING.search(name)
    origin = (setting[1] or setting[2]).upper() if setting else ""
    short = _short(_SETTING.sub("", name))
    named = _groups_of_name(short)
    groups = named or _groups_of_number(block)
    numbers = {one.number % 1000 for one in groups}
    # Rhombohedral crystals have one name in both settings.
    groups = groups + [one for one in SpaceGroupList if one.number % 1000 in numbers]
    if not groups:
        raise ValueError(f"{given} is not known, and no symmetry operations are listed")
    if origin in ("2", "Z"):
        raise ValueError(
            f"{given} is about its second origin, and no symmetry operations are "
            "listed: have the program that wrote it list them"
        )
    fitting = [one for one in groups if fits(one.iter_symops(), lattice)]
    if not fitting:
        raise ValueError(f"its cell does not have the symmetry of {given}")
    shifts = np.zeros((1, 3)) if named or not name else _shifts_of(short, fitting[0])
    if not origin and fitting[0].number in _TWO_ORIGINS:
        _logger.warning(
            f"No symmetry operations are listed, nor which origin {given} has: the "
            "first one is taken."
        )
    return fitting[0], shifts


def _groups_of_name(short: str) -> list[SpaceGroup]:
    """Return space groups, in the settings that diffpy has, of a name.

    Since 1992 e is a glide along two axes, of which older names have one.
    """
    old = re.compile(re.escape(short).replace("e", "[abc]"))
    return [
        one
        for one in SpaceGroupList
        if short
        and any(old.fullmatch(each) for each in _names_of(one))
        and ("e" not in short or one.number % 1000 in _WITH_TWO_GLIDES)
    ]


def _shifts_of(name: str, group: SpaceGroup) -> np.ndarray:
    """Return further translations, (n, 3), of a group in a setting of its own name.

    All translations are known of triclinic cells, whose axes have no other meaning.
    Where a name tells another centring than its number, it is of other axes.
    """
    centring, own = name[0].upper(), group.short_name[0].replace("H", "R")
    if centring not in _CENTRINGS or centring == own:
        _logger.warning(
            f"The space group {name!r} is not known by that name, and no symmetry "
            f"operations are listed: by its number it is taken for {group.pdb_name!r}."
        )
        return np.zeros((1, 3))
    if group.number % 1000 > 2:
        raise ValueError(
            f"the space group {name!r} is of other axes than {group.pdb_name!r}, which "
            "has its number, and no symmetry operations are listed: have the program "
            "that wrote it list them"
        )
    return np.array([[0, 0, 0], *_CENTRINGS[centring]]) / 2


def _short(name: str) -> str:
    return re.sub(r"[\s_()]", "", name).lower()


def _names_of(group: SpaceGroup) -> set[str]:
    """Return what a group is called, and that in short: P 21/c is P 1 21/c 1."""
    full = group.pdb_name
    middle = re.fullmatch(r"(\S) 1 (\S+) 1", full)
    alone = {f"{middle[1]}{middle[2]}"} if middle else set()
    return {_short(one) for one in (full, group.short_name, *alone, *_old(group))}


def _old(group: SpaceGroup) -> set[str]:
    """Return names of before 1995, as F m 3 m, and those of hexagonal axes."""
    short = group.short_name
    names = {short.replace("-3", "3")} if group.number % 1000 > 194 else set()
    return names | ({"R" + short[1:]} if short.startswith("H") else set())


def phase_of(name: str, group: SpaceGroup | None, structure: Structure) -> Phase:
    """Return a phase of a space group, or, where orix has none, of a point group."""
    if group is not None and is_in_orix(group):
        return Phase(name, group, structure=structure)
    point_group = "-1"
    if group is not None and group.number % 1000 in _MONOCLINIC:
        point_group = get_point_group(group.number % 1000)  # about c, as all of orix
    return Phase(name, point_group=point_group, structure=structure)


def is_in_orix(group: SpaceGroup) -> bool:
    """Return whether orix knows the point group: not all of other settings."""
    try:
        known = get_point_group(group.number)
    except KeyError:  # some monoclinic ones about c, R 3 2 in rhombohedral axes
        return False
    mirrors = [np.linalg.det(np.reshape(turn, (3, 3))) < 0 for turn in turns_of(group)]
    return known.size == len(mirrors) and known.improper.sum() == sum(mirrors)


def column(block: Mapping[str, Any], name: str, length: int) -> list[str]:
    """Return a column of the atoms, unknown where a file does not have it."""
    values = block.get(name, ["?"] * length)
    return [values] if isinstance(values, str) else [str(one) for one in values]
