"""Whole cells: each atom once, however many times and however roughly it is given."""

import numpy as np
import pytest
from diffpy.structure import Atom, Lattice
from diffpy.structure.spacegroups import GetSpaceGroup

from hspy_cnmf.phases.unit_cell import filled, fits

HEXAGONAL = Lattice(3.2, 3.2, 5.2, 90, 90, 120)
OPERATIONS = list(GetSpaceGroup(194).iter_symops())
THIRD = (1 / 3, 2 / 3, 0.25)


@pytest.mark.parametrize("digits", [2, 3, 4, 9])
@pytest.mark.parametrize("occupancy", [1.0, 0.6, 0.2])
def test_rounding_makes_no_more_atoms(digits, occupancy):
    if digits == 2 and occupancy < 0.5:
        return  # atoms in parts may be a hundredth of the cell apart
    atom = Atom("Mg", np.round(THIRD, digits), occupancy=occupancy)
    whole = filled([atom], OPERATIONS, HEXAGONAL)
    assert len(whole) == 2
    # The mean of images lies where symmetry has it.
    between = (whole[0].xyz - whole[1].xyz) % 1
    assert np.allclose(between, [1 / 3, 2 / 3, 0.5], atol=1e-6) or np.allclose(
        between, [2 / 3, 1 / 3, 0.5], atol=1e-6
    )


def test_a_whole_cell_stays_and_parts_of_atoms_stay_apart():
    whole = filled([Atom("Mg", THIRD)], OPERATIONS, HEXAGONAL)
    assert len(filled(whole, OPERATIONS, HEXAGONAL)) == 2
    split = Atom("Mg", (0.36, 0.69, 0.25), occupancy=1 / 6)
    assert len(filled([split], OPERATIONS, HEXAGONAL)) == 12
    one_site = [Atom(one, THIRD, occupancy=0.5) for one in ("Mg", "Zn")]
    assert len(filled(one_site, OPERATIONS, HEXAGONAL)) == 4


def test_a_cell_fits_its_own_symmetry_and_higher_ones_do_not():
    assert fits(OPERATIONS, HEXAGONAL)
    assert fits(OPERATIONS, Lattice(3.2, 3.21, 5.2, 90, 90, 120.1))
    assert not fits(OPERATIONS, Lattice(3.2, 3.2, 5.2, 90, 90, 90))
    cube = Lattice(4, 4, 4, 90, 90, 90)
    assert fits(GetSpaceGroup(225).iter_symops(), cube)
    assert not fits(GetSpaceGroup(225).iter_symops(), Lattice(4, 4, 4.3, 90, 90, 90))
