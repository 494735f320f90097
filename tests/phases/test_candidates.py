"""Candidates: what a user has becomes phases, or says what is wrong; and is kept."""

import numpy as np
import pytest
from diffpy.structure import Atom, Lattice, Structure
from orix.crystal_map import Phase, PhaseList

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.candidates import (
    as_phases,
    phase_from_dictionary,
    phase_to_dictionary,
)
from hspy_cnmf.phases.reflections import Reflections
from hspy_cnmf.phases.verdict import NO_PHASE
from tests.helpers.crystals import write_cif


@pytest.fixture
def cif(tmp_path):
    return write_cif(tmp_path)


def test_a_file_is_the_phase_that_it_describes(cif):
    (phase,) = as_phases(cif)
    assert phase.name == "iron"
    assert phase.space_group.number == 229
    assert len(phase.structure) == 2
    assert phase.structure.lattice.a == pytest.approx(2.866)


def test_atoms_of_a_file_are_those_that_its_own_operations_make(cif):
    # As of an origin that is not the standard one, where more would be equivalent.
    cif.write_text(cif.read_text().replace("Fe 0 0 0", "Fe 0.1 0.2 0.3"))
    (phase,) = as_phases(cif)
    first, second = phase.structure.xyz
    assert np.allclose(first, [0.1, 0.2, 0.3])
    assert np.allclose(second - first, 0.5)


def test_a_file_without_operations_has_those_of_its_space_group(cif):
    text = cif.read_text()
    start, end = text.index("loop_"), text.index("loop_\n_atom")
    cif.write_text(text[:start] + text[end:])
    (phase,) = as_phases(cif)
    assert len(phase.structure) == 2


def test_phases_structures_and_lists_are_taken(cif):
    iron = crystal_phase("alpha-Fe")
    structure = Structure([Atom("Cu", [0, 0, 0])], Lattice(3, 4, 5, 90, 90, 90))
    structure.title = "a copper"
    assert [p.name for p in as_phases(iron)] == ["alpha-Fe"]
    assert [p.name for p in as_phases([str(cif), structure, iron])] == [
        "iron",
        "a copper",
        "alpha-Fe",
    ]
    assert as_phases(structure)[0].point_group.name == "-1"
    assert [p.name for p in as_phases(PhaseList([iron]))] == ["alpha-Fe"]


def test_the_cell_is_filled_once():
    whole = crystal_phase("Fe2B")
    atoms = [Atom("Fe", [0.1649, 0.6649, 0]), Atom("B", [0, 0, 0.25])]
    structure = Structure(atoms, whole.structure.lattice)
    (filled,) = as_phases(Phase("Fe2B", space_group=140, structure=structure))
    assert len(filled.structure) == len(whole.structure) == 12
    assert len(as_phases(whole)[0].structure) == 12


def test_what_is_given_is_not_changed_and_colours_differ():
    iron, copper = crystal_phase("alpha-Fe"), crystal_phase("Cu")
    before = iron.color, copper.color, len(iron.structure)
    phases = as_phases([iron, copper])
    assert phases[0].color != phases[1].color
    assert (iron.color, copper.color, len(iron.structure)) == before


def test_what_cannot_be_used_is_refused(tmp_path, capsys):
    broken = tmp_path / "broken.cif"
    broken.write_text("data_\nloop_\n_cell_length_a\n'")
    iron = crystal_phase("alpha-Fe")
    for given, error, message in (
        ([], ValueError, "empty"),
        ([3.5], TypeError, "float"),
        (tmp_path / "none.cif", ValueError, "no file"),
        (broken, ValueError, "cannot be read"),
        ([iron, iron], ValueError, "same name"),
        (Phase("bare", space_group=225), ValueError, "no atoms"),
        (
            Structure([Atom("Fe", np.zeros(3))], Lattice(1, 1, 1, 90, 90, 90)),
            ValueError,
            "lattice",
        ),
    ):
        with pytest.raises(error, match=message):
            as_phases(given)
    assert not capsys.readouterr().out  # the reader of CIF files prints complaints


@pytest.mark.parametrize("name", [*NO_PHASE, "not_indexed"])
def test_a_phase_is_not_named_as_what_is_none(name):
    phase = crystal_phase("Cu")
    phase.name = name
    with pytest.raises(ValueError, match=f"cannot be named '{name}'"):
        as_phases([phase])


@pytest.mark.parametrize("value", [3, None, 1.5])
def test_what_is_no_list_of_phases_is_refused(value):
    with pytest.raises(TypeError, match="must be phases, paths of CIF files, or a"):
        as_phases(value)


@pytest.mark.parametrize("name", ["alpha-Fe", "Ti", "Fe3B", "triclinic"])
def test_reflections_are_the_same_afterwards(name):
    if name == "triclinic":
        lattice = Lattice(4, 5, 6, 80, 95, 100)
        atoms = [Atom("Cu", [0.1, 0.2, 0.3]), Atom("O", [0.5, 0, 0.1])]
        phase = as_phases(Phase(name, structure=Structure(atoms, lattice)))[0]
    else:
        phase = crystal_phase(name)
    again = phase_from_dictionary(phase_to_dictionary(phase))
    assert again.name == phase.name
    assert again.color == phase.color
    assert again.point_group.name == phase.point_group.name
    one, other = Reflections.of(phase, 0.8), Reflections.of(again, 0.8)
    np.testing.assert_array_equal(one.hkl, other.hkl)
    np.testing.assert_allclose(one.vectors, other.vectors, atol=1e-9)
    np.testing.assert_allclose(one.intensities, other.intensities, atol=1e-9)
