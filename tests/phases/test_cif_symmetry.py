"""Symmetry of CIF files: operations are read, and the group that they are is found."""

import logging

import numpy as np
import pytest
from diffpy.structure import Lattice, Structure
from diffpy.structure.spacegroups import GetSpaceGroup, SpaceGroupList

from hspy_cnmf.phases.cif_symmetry import (
    is_in_orix,
    phase_of,
    symmetry_of,
    turns_of,
)
from hspy_cnmf.phases.crystal_symmetry import laue_group_of

CUBE = Lattice(5, 5, 5, 90, 90, 90)
OPERATIONS, NUMBER = "_symmetry_equiv_pos_as_xyz", "_symmetry_int_tables_number"
NAME = "_space_group_name_h-m_alt"


@pytest.mark.parametrize(
    "text", ["-x+1/2,y,-z", "1/2-X, +Y, -Z", "'0.5-x,y,-z'", "-x+.5 , y, 0-z"]
)
def test_operations_are_read_as_they_are_written(text):
    (operation,), _ = symmetry_of({OPERATIONS: [text], NUMBER: "3"}, CUBE)
    assert np.array_equal(operation.R, np.diag([-1, 1, -1]))
    assert np.array_equal(operation.t, [0.5, 0, 0])


@pytest.mark.parametrize("text", ["x,y", "x,y,w", "x,y,__import__('os')", "x,y,"])
def test_nothing_else_is_an_operation(text):
    with pytest.raises(ValueError, match="is no symmetry operation"):
        symmetry_of({OPERATIONS: [text]}, CUBE)


@pytest.mark.parametrize("number", [2, 2014, 62, 3062, 136, 167, 194, 225, 227])
def test_operations_are_those_of_their_group_about_any_origin(number):
    group = GetSpaceGroup(number)
    cells = (CUBE, Lattice(5, 5, 7, 90, 90, 120), Lattice(5, 6, 7, 90, 100, 90))
    cell = cells[1 if number in (167, 194) else 2 if number == 2014 else 0]
    for shift in (np.zeros(3), np.full(3, 0.125)):
        texts = [_text(one, shift) for one in group.iter_symops()]
        block = {OPERATIONS: texts[::-1], NUMBER: str(number % 1000)}
        operations, found = symmetry_of(block, cell)
        assert len(operations) == len(texts)
        assert found.number % 1000 == number % 1000
        assert turns_of(found) == turns_of(group)
        assert found is group or shift.any()


def _text(operation, shift):
    """Return an operation as text, about an origin that is elsewhere."""
    turned = [
        "".join("+- "[int(c < 0)] + x for c, x in zip(row, "xyz", strict=True) if c)
        for row in operation.R
    ]
    moved = (operation.t + shift - operation.R @ shift) % 1
    return ",".join(f"{a}+{b:.4f}" for a, b in zip(turned, moved, strict=True))


def test_an_origin_that_is_not_told_is_said(caplog):
    with caplog.at_level(logging.WARNING):
        assert symmetry_of({NAME: "F d -3 m :1"}, CUBE)[1].number == 227
        assert not caplog.text
        symmetry_of({NUMBER: "227"}, CUBE)
    assert "which origin the space group '227' has" in caplog.text
    with pytest.raises(ValueError, match="second origin"):
        symmetry_of({NAME: "F d -3 m Z"}, CUBE)


@pytest.mark.parametrize("letter", "ABCIF")
def test_cells_of_triclinic_crystals_may_be_centred(letter):
    cell = Lattice(5, 6, 7, 80, 95, 103)
    operations, group = symmetry_of({NAME: f"{letter} -1", NUMBER: "2"}, cell)
    # Orthorhombic groups of that centring have the same translations.
    names = {"A": "A 2 2 2", "B": "B 2 2 2", "C": "C 2 2 2", "I": "I 2 2 2"}
    other, _ = symmetry_of({NAME: names.get(letter, "F 2 2 2")}, CUBE)
    assert group.number == 2
    assert len(operations) == len(other) / 2
    assert {tuple(one.t) for one in operations} == {tuple(one.t) for one in other}


@pytest.mark.parametrize(
    "name, old",
    [("C m c e", "C m c a"), ("A e m 2", "A b m 2"), ("B b e m", "B b c m")],
)
def test_glides_along_two_axes_have_their_older_names(name, old):
    cell = Lattice(5, 6, 7, 90, 90, 90)
    assert symmetry_of({NAME: name}, cell)[1] is symmetry_of({NAME: old}, cell)[1]


def test_a_group_about_other_axes_than_its_number_is_refused(caplog):
    cell = Lattice(5, 5, 7, 90, 90, 90)
    with pytest.raises(ValueError, match="is of other axes than 'I 4/m 2/m 2/m'"):
        symmetry_of({NAME: "F 4/m m m", NUMBER: "139"}, cell)
    assert not caplog.text
    assert symmetry_of({NAME: "I4mmm", NUMBER: "139"}, cell)[1].number == 139
    assert "not known by that name" in caplog.text


def test_groups_that_orix_lacks_have_its_point_group_or_none():
    missing = [one for one in SpaceGroupList if not is_in_orix(one)]
    assert {one.number % 1000 for one in missing} <= {*range(3, 16), 155}
    for group in missing:
        phase = phase_of("a", group, Structure([], Lattice(5, 6, 7, 90, 90, 95)))
        about = laue_group_of(phase).to_matrix()
        assert np.allclose(abs(about[:, 2, 2]), 1)
        assert len(about) == (2 if group.number == 1155 else 4)
