"""Phases are written down, and come back."""

import numpy as np
import pytest
from diffpy.structure import Atom, Lattice, Structure
from orix.crystal_map import Phase

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.candidates import as_phases
from hspy_cnmf.phases.orientation import orientation_of, zone_axis
from hspy_cnmf.phases.phase_store import phase_from_dictionary, phase_to_dictionary
from hspy_cnmf.phases.reflections import Beam, Reflections
from tests.helpers.crystals import matrix_of


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


def test_extinct_reflections_are_left_out():
    iron = Reflections.of(crystal_phase("alpha-Fe"), 1.0)
    assert (iron.hkl.sum(axis=1) % 2 == 0).all()
    assert iron.intensities.max() == 1
    assert iron.lengths.max() < 1.0


def test_reflections_far_from_the_sphere_are_not_seen():
    beam = Beam.of(300.0, 0.02)
    flat = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, 0.03], [0.0, -0.5, -0.03]])
    assert beam.shape_factors(flat)[0] > 0.8
    assert (beam.shape_factors(flat)[1:] == 0).all()
    above = beam.excitation_errors(flat[:1])[0]
    on_sphere = flat[:1] + np.array([[0, 0, above]])
    assert beam.shape_factors(on_sphere)[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "uvw", "expected"),
    [
        ("alpha-Fe", (0, 0, 1), (1, 0, 0)),
        ("alpha-Fe", (0, -1, 1), (1, 1, 0)),
        ("Fe3B", (0, 0, 1), (0, 0, 1)),
        ("Fe3B", (1, 0, -1), (1, 0, 1)),
    ],
)
def test_zone_axes_are_named_by_the_family(name, uvw, expected):
    found, angle = zone_axis(matrix_of(name, uvw, 33.0), crystal_phase(name))
    assert tuple(np.abs(found).tolist()) == expected
    assert angle < 1e-4


def test_an_orientation_takes_the_beam_to_the_zone_axis():
    phase = crystal_phase("Fe3B")
    matrix = matrix_of("Fe3B", (1, 0, 0), 20.0)
    orientation = orientation_of(matrix[np.newaxis], phase)
    np.testing.assert_allclose(
        orientation.to_matrix()[0] @ [0, 0, 1], matrix[2], atol=1e-9
    )
