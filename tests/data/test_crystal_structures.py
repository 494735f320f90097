"""Crystal structures by name."""

import numpy as np
import pytest

from hspy_cnmf import data
from hspy_cnmf.data._crystal_structures import STRUCTURES

#: Atoms of each cell, by element.
ATOMS = {
    "alpha-Fe": {"Fe": 2},
    "gamma-Fe": {"Fe": 4},
    "Ag": {"Ag": 4},
    "Al": {"Al": 4},
    "Al3Sc": {"Sc": 1, "Al": 3},
    "theta'-Al2Cu": {"Al": 4, "Cu": 2},
    "Fe2B": {"Fe": 8, "B": 4},
    "Fe3B": {"Fe": 12, "B": 4},
    "cementite": {"Fe": 12, "C": 4},
    "Cu": {"Cu": 4},
    "Si": {"Si": 8},
    "Ti": {"Ti": 2},
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_cells_are_filled_as_the_formula_says(name):
    structure = data.crystal_phase(name).structure
    elements = [atom.element for atom in structure]
    assert {e: elements.count(e) for e in set(elements)} == ATOMS[name]
    # No two atoms are nearer than those of any crystal, in angstrom.
    places = np.array([atom.xyz for atom in structure])
    differences = places[:, np.newaxis] - places
    differences -= differences.round()
    lengths = np.linalg.norm(differences @ structure.lattice.base, axis=2)
    assert lengths[~np.eye(len(places), dtype=bool)].min() > 1.9


@pytest.mark.parametrize(
    ("name", "density"), [("alpha-Fe", 7.87), ("Ag", 10.5), ("Si", 2.33), ("Ti", 4.51)]
)
def test_densities_are_those_of_the_elements(name, density):
    """In g/cm^3, by the masses of the atoms in a cell."""
    mass = {"Fe": 55.845, "Ag": 107.868, "Si": 28.085, "Ti": 47.867}
    structure = data.crystal_phase(name).structure
    total = sum(mass[atom.element] for atom in structure) * 1.66054
    assert total / structure.lattice.volume == pytest.approx(density, rel=0.02)


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"'unobtainium' must be one of .*alpha-Fe"):
        data.crystal_phase("unobtainium")


def test_a_scaled_phase_tells_so():
    phase = data.crystal_phase("Cu", 1.02)
    assert phase.name == "Cu x 1.02"
    assert phase.structure.lattice.a == pytest.approx(3.615 * 1.02)
