"""Which patterns are nothing but rings."""

import numpy as np

from hspy_cnmf.constraints.rings import Rings
from hspy_cnmf.solver.amorphous import amorphous, off_rings

_Y, _X = np.indices((48, 48)) - 23.5
RADII = np.hypot(_Y, _X)
RINGS = Rings.from_radii(RADII.ravel())
HALO = np.exp(-0.5 * ((RADII - 12) / 3) ** 2).ravel()
SPOTS = np.exp(-0.5 * ((np.abs(_X) - 12) ** 2 + _Y**2)).ravel()


def test_rings_have_nothing_off_them_and_spots_have_all():
    _, off, square_norm = off_rings(np.stack([HALO, SPOTS]), RINGS)

    assert off[0] < 1e-3 * square_norm[0]
    assert off[1] > 0.9 * square_norm[1]


def test_a_crystal_in_a_matrix_is_not_amorphous_and_an_empty_pattern_neither():
    patterns = np.stack([HALO, SPOTS + 0.3 * HALO, np.zeros(HALO.size)])
    loadings = np.random.default_rng(0).random((3, 50))
    sizes = np.diff(RINGS.edges)

    found = amorphous(patterns, loadings, RINGS, sizes, sizes)

    assert found.tolist() == [True, False, False]
