"""Phases are written down, and come back."""

import numpy as np
import pytest
from diffpy.structure import Atom, Lattice, Structure
from orix.crystal_map import Phase

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.candidates import as_phases
from hspy_cnmf.phases.phase_store import phase_from_dictionary, phase_to_dictionary
from hspy_cnmf.phases.reflections import Reflections


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
