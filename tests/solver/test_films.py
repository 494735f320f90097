"""Films over each other hold none of each other's rings; those side by side stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.solver.films import apart, note_of
from hspy_cnmf.solver.matrix import Matrix
from hspy_cnmf.solver.smoothing_share import noise_between_maps
from tests.helpers.matrices import RINGS, crystals, halo

MATRIX = Matrix(RINGS)
SILENT = np.zeros((4, 4))


def films(rng):
    """Return true factors and loadings: a film, one over it, and two crystals."""
    factors = np.vstack([halo(8), halo(10), crystals(2, rng)])
    maps = rng.random((4, 60))
    others = np.vstack([maps[1:], np.ones(60)]).T
    maps[0] += 9 - others @ np.linalg.lstsq(others, maps[0], rcond=None)[0]
    maps[0] -= maps[2]  # crystals replace some of it
    return factors, maps


def with_some_of(factors, loadings, over, under, share):
    """Return the same model, with a share of one pattern in another."""
    factors, loadings = factors.copy(), loadings.copy()
    factors[over] = (1 - share) * factors[over] + share * factors[under]
    loadings[over] /= 1 - share
    loadings[under] -= share * loadings[over]
    return factors, loadings


@settings(deadline=None, max_examples=20)
@given(share=st.floats(0, 0.6), seed=st.integers(0, 100), is_even=st.booleans())
def test_rings_of_a_film_are_taken_out_of_one_over_it(share, seed, is_even):
    factors, loadings = films(np.random.default_rng(seed))
    over = int(is_even)
    loadings[over] *= 9  # it may be either that varies more
    loadings[1 - over] += 400
    mixed = with_some_of(factors, loadings, over, 1 - over, share)
    found, maps, told = apart(MATRIX, *mixed, SILENT)
    np.testing.assert_allclose(found, factors, atol=1e-9)
    np.testing.assert_allclose(maps, loadings, atol=1e-7)
    np.testing.assert_allclose(found.T @ maps, mixed[0].T @ mixed[1], atol=1e-9)
    if share > 0.01:
        assert f"out of that of {over}," in note_of({"films": told})


@pytest.mark.parametrize("strength", [0.5, 1, 2])
@pytest.mark.parametrize("radii", [(5, 12), (8, 9)])
def test_films_that_replace_each_other_stay(strength, radii):
    factors, loadings = films(np.random.default_rng(0))
    factors[:2] = [halo(radius) for radius in radii]
    loadings[0], loadings[1] = 1 - loadings[1], strength * loadings[1]
    found, maps, told = apart(MATRIX, factors, loadings, SILENT)
    assert found is factors and maps is loadings and note_of({"films": told}) == ""


def test_maps_that_noise_alone_makes_opposite_stay():
    rng = np.random.default_rng(1)
    factors = films(rng)[0]
    noise = noise_between_maps(factors, np.full(factors.shape[1], 1e-6))
    assert noise[0, 1] < 0
    maps = 9 + rng.multivariate_normal(np.zeros(4), noise, 60).T
    assert apart(MATRIX, factors, maps, noise)[0] is factors


@pytest.mark.parametrize("patterns", [[0, 2, 3, 3], [0, 1, 1, 3]])
def test_one_film_or_three_stay(patterns):
    factors, loadings = with_some_of(*films(np.random.default_rng(2)), 1, 0, 0.3)
    factors = factors[patterns]
    assert apart(MATRIX, factors, loadings, SILENT)[0] is factors
