"""Patterns with as little of the strongest one in them as can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.solver.purest import without_the_strongest


def pure(seed, n=4, n_pixels=60):
    """Return factors of which none holds another, and maps, the first the strongest."""
    rng = np.random.default_rng(seed)
    factors = rng.exponential(size=(n, n_pixels))
    factors[:, :n][np.eye(n, dtype=bool)] = 0
    factors /= factors.sum(axis=1, keepdims=True)
    return factors, rng.exponential(size=(n, 50)) * [[20], *[[1]] * (n - 1)]


def mixed(factors, loadings, amounts):
    """Return the same model, with some of the first factor in the others."""
    loadings = loadings.copy()
    loadings[0] -= amounts @ loadings
    sums = 1 + amounts[:, np.newaxis]
    return (factors + (sums - 1) * factors[0]) / sums, loadings * sums


@given(st.integers(0, 2**32 - 1))
def test_what_others_hold_of_the_strongest_is_taken_out(seed):
    factors, loadings = pure(seed)
    found = without_the_strongest(
        *mixed(factors, loadings, np.array([0, 0.5, 0, 1])), np.zeros(60)
    )
    np.testing.assert_allclose(found[0], factors, atol=1e-12)
    np.testing.assert_allclose(found[1], loadings, rtol=1e-9)


@pytest.mark.parametrize("variance", [1e-4, 1.0])
@given(seed=st.integers(0, 2**32 - 1))
def test_all_pixels_together_are_negative_by_five_deviations(variance, seed):
    factors, loadings = mixed(*pure(seed), np.array([0, 0.5, 0, 1]))
    noise = np.full(60, variance)
    found, maps = without_the_strongest(factors, loadings, noise)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    inverse = np.linalg.inv(loadings @ loadings.T)
    taken = np.linalg.lstsq(loadings.T, (maps - loadings)[0])[0]
    lacks = np.minimum(factors - taken[:, np.newaxis] * factors[0], 0)[1:]
    squares = np.square(lacks).sum(axis=1) / (variance * np.diag(inverse)[1:])
    np.testing.assert_allclose(squares, 5**2, rtol=1e-6)
    np.testing.assert_allclose(found[0], factors[0])


def test_one_component_and_factors_that_share_nothing_stay():
    factors, loadings = np.eye(3, 8), np.ones((3, 5)) * [[9], [1], [1]]
    for n in (1, 3):
        found = without_the_strongest(factors[:n], loadings[:n], np.zeros(8))
        np.testing.assert_array_equal(found[0], factors[:n])
        np.testing.assert_array_equal(found[1], loadings[:n])
