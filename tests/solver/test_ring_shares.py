"""Laws of shares of rings: what is between spots is the matrix's, or the crystals'."""

import numpy as np
import pytest

from hspy_cnmf.constraints.ring_quantiles import halves
from hspy_cnmf.solver.ring_shares import between_spots, cone, misfit, taken
from tests.helpers.matrices import RADII, RINGS, halo

HALVES, SIZES = halves(RINGS), np.diff(RINGS.edges) * (np.diff(RINGS.edges) >= 12)


def wide_spots(turn):
    """Return spots that cover more than half of most rings."""
    row, column = np.indices(RADII.shape) - 15.5
    places = (
        8 * np.exp(1j * turn) * np.add.outer(np.arange(-2, 3), 1j * np.arange(-2, 3))
    )
    spots = [
        np.exp(-(np.abs(column + 1j * row - place) ** 2) / 2 / 1.8**2)
        for place in places.ravel()
        if abs(place) > 0
    ]
    return np.sum(spots, axis=0).ravel()


def shares(amorphous, crystals):
    return between_spots(amorphous, crystals, RINGS, HALVES, SIZES)


@pytest.mark.parametrize("turn", [0.2, 0.6])
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_between_wide_spots_there_is_the_matrix(turn, share):
    rng = np.random.default_rng(0)
    matrix = halo(8)[np.newaxis]
    noise = rng.normal(0, 0.02 * matrix.mean(), matrix.shape)
    crystal = share * matrix + 3 * wide_spots(turn) * matrix.mean() + noise
    found = shares(matrix, crystal)
    assert found is not None
    assert found[0, 0] == pytest.approx(share, abs=0.25)


def test_what_is_between_spots_may_be_the_crystals_own():
    own = halo(12) + halo(3)
    assert shares(halo(7)[np.newaxis], own[np.newaxis]) is None


def test_where_rings_are_multiples_nothing_is_looked_for_between_spots():
    assert shares(halo(8)[np.newaxis], 0.4 * halo(8)[np.newaxis]) is None


def test_shares_are_those_of_a_mixture():
    rng = np.random.default_rng(0)
    rings, true = rng.random((2, 9)) + 0.1, np.array([[0.2, 0.5], [0.0, 1.0]])
    levels, sizes = true @ rings, np.arange(9)
    own = cone(levels, rings, sizes)
    np.testing.assert_allclose(own, true, atol=1e-9)
    assert misfit(levels, levels, own @ rings, sizes) == pytest.approx(0, abs=1e-12)
    assert misfit(levels, levels, 0 * levels, sizes) == np.inf
    half = taken(levels / 2, own, own @ rings, sizes, 0.5)
    np.testing.assert_allclose(half, true / 2, atol=1e-9)
