"""CIF files: one structure is the same however it is written, or it is refused."""

import logging
from pathlib import Path

import numpy as np
import pytest

from hspy_cnmf.phases.cif import read_cif
from hspy_cnmf.phases.reflections import Reflections

CELL = """data_{name}
_cell_length_a {0}
_cell_length_b {1}
_cell_length_c {2}
_cell_angle_alpha {3}
_cell_angle_beta {4}
_cell_angle_gamma {5}
"""
ATOMS = """loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
"""
CERIA = (5.411, 5.411, 5.411, 90, 90, 90)
CERIA_ATOMS = ATOMS + "Ce1 Ce 0 0 0\nO1 O 0.25 0.25 0.25\n"
NUMBER = "_space_group_IT_number {}\n"
NAME = "_symmetry_space_group_name_H-M '{}'\n"


def cell(*values, name="x"):
    return CELL.format(*values, name=name)


def read(folder: Path, text: str, encoding="utf-8"):
    path = folder / "a.cif"
    path.write_bytes(text.encode(encoding))
    return read_cif(path)


def seen(phase):
    """Return lengths and intensities of reflections, as powders have them."""
    found = Reflections.of(phase, 0.7)
    table = np.column_stack([found.lengths, found.intensities])
    return table[np.lexsort(np.round(table, 3).T)]


def same(phase, other):
    return np.allclose(seen(phase), seen(other), atol=2e-3)


CERIAS = {
    "number": NUMBER.format(225) + CERIA_ATOMS,
    "name": NAME.format("F m -3 m") + CERIA_ATOMS,
    "name without spaces": NAME.format("Fm-3m") + CERIA_ATOMS,
    "name of before 1995": NAME.format("F m 3 m") + CERIA_ATOMS,
    "ions": NUMBER.format(225)
    + CERIA_ATOMS.replace(" Ce ", " Ce4+ ").replace("O1 O", "O1 O2-"),
    "capitals": NUMBER.format(225) + CERIA_ATOMS.replace("Ce1 Ce", "CE1 CE"),
    "labels": NUMBER.format(225)
    + CERIA_ATOMS.replace("_atom_site_type_symbol\n", "")
    .replace("Ce1 Ce", "CE1")
    .replace("O1 O", "O(1)"),
    "other places": NUMBER.format(225)
    + CERIA_ATOMS.replace("0 0 0", "0.5 -1 0.5").replace("0.25 0.25\n", "0.25 -1.25\n"),
    "ions and atoms without a place": NUMBER.format(225) + CERIA_ATOMS + "H1 H ? ? ?\n",
}  # fmt: skip


@pytest.mark.parametrize("written", CERIAS)
def test_one_structure_is_the_same_however_it_is_written(tmp_path, written):
    phase = read(tmp_path, cell(*CERIA) + CERIAS[written])
    assert phase.space_group.number == 225
    assert sorted(atom.element for atom in phase.structure) == 4 * ["Ce"] + 8 * ["O"]
    assert same(phase, read(tmp_path, cell(*CERIA) + CERIAS["number"]))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_names_of_authors_and_ends_of_lines_change_nothing(tmp_path, encoding):
    text = cell(*CERIA) + "_publ_author_name 'Müller'\n" + CERIAS["number"]
    assert len(read(tmp_path, text.replace("\n", "\r\n"), encoding).structure) == 12


def test_numbers_have_uncertainties_and_nothing_else_beside_them(tmp_path):
    values = [f"{value}({k})" for k, value in enumerate(CERIA)]
    assert read(tmp_path, cell(*values) + CERIAS["name"]).structure.lattice.a == 5.411
    for old, new in (("5.411", "5,411"), ("0.25", "1/4"), ("a 5.411", "a ?")):
        with pytest.raises(ValueError, match="is no number"):
            read(tmp_path, (cell(*CERIA) + CERIAS["name"]).replace(old, new, 1))


@pytest.mark.parametrize("third", ["0.33333", "0.3333", "0.333"])
def test_rounded_coordinates_are_those_that_are_meant(tmp_path, third):
    two_thirds = {"0.33333": "0.66667", "0.3333": "0.6667", "0.333": "0.667"}[third]
    atoms = ATOMS + f"Mg1 Mg {third} {two_thirds} 0.25\n"
    phase = read(
        tmp_path, cell(3.2, 3.2, 5.2, 90, 90, 120) + NUMBER.format(194) + atoms
    )
    assert len(phase.structure) == 2
    places = sorted(tuple(row) for row in seen(phase).round(3))
    lengths = [length for length, intensity in places if intensity > 0.01]
    assert not np.isclose(lengths, 1 / 5.2, atol=1e-3).any()  # 001 is extinct


RHOMBOHEDRAL = ATOMS + "Ca1 Ca 0 0 0\nC1 C 0.25 0.25 0.25\nO1 O 0.507 0.993 0.25\n"
HEXAGONAL = ATOMS + "Ca1 Ca 0 0 0\nC1 C 0 0 0.25\nO1 O 0.257 0 0.25\n"


@pytest.mark.parametrize("name", ["R -3 c", "R -3 c :R", "R-3c"])
def test_rhombohedral_axes_are_known_by_the_cell(tmp_path, name):
    axes = cell(6.375, 6.375, 6.375, 46.08, 46.08, 46.08)
    small = read(tmp_path, axes + NAME.format(name) + RHOMBOHEDRAL)
    axes = cell(4.990, 4.990, 17.061, 90, 90, 120)
    large = read(tmp_path, axes + NAME.format(name.replace(":R", "H")) + HEXAGONAL)
    assert (len(small.structure), len(large.structure)) == (10, 30)
    assert same(small, large)


def test_axes_in_another_order_make_the_same_crystal(tmp_path):
    place = np.array([0.2822, 0.25, 0.9747])
    atoms = ATOMS + "Fe1 Fe {} {} {}\n"
    phases = [
        read(tmp_path, cell(*np.roll([10.3, 6.0, 4.7], k), 90, 90, 90) + NAME.format(n)
             + NUMBER.format(62) + atoms.format(*np.roll(place, k)))
        for k, n in enumerate(["P n m a", "P b n m", "P m c n"])
    ]  # fmt: skip
    assert all(len(phase.structure) == 4 for phase in phases)
    assert same(phases[0], phases[1]) and same(phases[0], phases[2])


def test_one_structure_is_asked_for(tmp_path):
    text = cell(*CERIA) + CERIAS["number"]
    about = "data_global\n_journal_name_full 'Acta'\n"
    assert len(read(tmp_path, about + text).structure) == 12
    for given, message in (
        (text + text.replace("data_x", "data_y"), "2 structures, x, y"),
        (about, "no atoms"),
        ("<html>404 Not Found</html>", "begins with data_"),
        (text.replace(NUMBER.format(225), ""), "neither symmetry operations nor"),
        (text.replace(" O ", " Va "), "'Va', which is no element"),
        (text.replace("5.411", "5.9", 1), "does not have the symmetry"),
    ):
        with pytest.raises(ValueError, match=message):
            read(tmp_path, given)


def test_what_is_left_out_is_said(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        read(tmp_path, cell(*CERIA) + CERIAS["ions and atoms without a place"])
    assert "H1" in caplog.text
