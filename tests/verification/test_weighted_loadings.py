"""Weighted loadings: a minimum, and the covariance of what is there."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.verification.weighted_loadings import (
    loading_covariance,
    nonnegative_loadings,
)


def problem(n, n_positions, seed):
    rng = np.random.default_rng(seed)
    root = rng.random((n_positions, n, n + 3))
    gram = np.moveaxis(root @ np.swapaxes(root, 1, 2), 0, -1)
    return gram, rng.normal(size=(n, n_positions))


@given(st.integers(1, 6), st.integers(1, 20), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_nonnegative_loadings_obey_the_conditions_of_a_minimum(n, n_positions, seed):
    gram, products = problem(n, n_positions, seed)
    loadings = nonnegative_loadings(products, gram, np.ones((n, n_positions)))
    gradient = products - np.einsum("kjn,jn->kn", gram, loadings)
    assert (loadings >= 0).all()
    assert gradient.max() < 1e-4
    np.testing.assert_allclose(gradient * loadings, 0, atol=1e-4)


@given(st.integers(1, 5), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_covariance_is_the_inverse_among_what_is_there(n, seed):
    gram, products = problem(n, 4, seed)
    there = products > 0
    covariance = loading_covariance(gram, there)
    for i in range(4):
        part = np.ix_(there[:, i], there[:, i])
        expected = np.zeros((n, n))
        expected[part] = np.linalg.inv(gram[:, :, i][part])
        np.testing.assert_allclose(covariance[i], expected, rtol=1e-6, atol=1e-9)
