"""Laws of an iteration: the volume between factors as a term of the fit."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.solver.half_steps import hals, nonnegative_least_squares
from hspy_cnmf.solver.iteration import Configuration, State, iterate, volume_term


def mixed(seed=0):
    """Return data of three factors, of which no position holds one alone."""
    rng = np.random.default_rng(seed)
    factors = 0.2 + rng.random((3, 30)) ** 3
    loadings = rng.dirichlet((1, 1, 1), 400)
    loadings = loadings[loadings.max(axis=1) < 0.8]
    data = loadings @ factors
    return data + 1e-3 * rng.random(data.shape), factors


def fitted(data, **settings):
    defaults = {"n_init": 2, "max_iter": 300, "random_state": 0}
    return ConstrainedNMF(3, **(defaults | settings)).fit(data)


def angle(found, true):
    unit = [
        rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (found, true)
    ]
    return np.arccos(np.clip((unit[1] @ unit[0].T).max(axis=1), -1, 1)).max()


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), n=st.integers(1, 5))
def test_the_term_is_the_tangent_of_the_volume(seed, n):
    rng = np.random.default_rng(seed)
    factors, step = rng.random((n, 20)), 1e-5 * rng.standard_normal((n, 20))
    # Where the volume is no longer that of nothing, delta hardly counts.
    delta = 0.01 * np.trace(factors @ factors.T) / n * np.eye(n)

    def volume(rows):
        return np.linalg.slogdet(rows @ rows.T + delta)[1]

    rise = volume(factors + step) - volume(factors)
    expected = 2 * np.vdot(volume_term(factors) @ factors, step)
    np.testing.assert_allclose(rise, expected, rtol=1e-2, atol=1e-7)


def test_factors_draw_near_to_the_data_and_to_the_truth():
    data, true = mixed()
    free, near = fitted(data), fitted(data, volume_weight=3.0)
    volumes = [
        np.linalg.slogdet(e.components_ @ e.components_.T)[1] for e in (free, near)
    ]
    assert volumes[1] < volumes[0]
    assert angle(near.components_, true) < angle(free.components_, true)
    assert near.reconstruction_err_ < 1.5 * free.reconstruction_err_


@settings(deadline=None, max_examples=5)
@given(power=st.integers(-9, 9))
def test_no_unit_changes_the_factors(power):
    data, _ = mixed()
    one, other = (
        fitted(c * data, volume_weight=2.0, max_iter=40) for c in (1, 10.0**power)
    )
    np.testing.assert_allclose(other.components_, one.components_, atol=1e-6)


@pytest.mark.parametrize(
    "weight", [-1, np.nan, np.inf, 10**400, 1e300, True, "much", None]
)
def test_bad_weights_raise(weight):
    with pytest.raises(ValueError, match="volume_weight"):
        fitted(mixed()[0], volume_weight=weight)


def drift(weighted, seed=0, n_iter=2):
    """Return how far factors go from true ones, in data that have no noise."""
    rng = np.random.default_rng(seed)
    keep, factors = np.ones((12, 13), bool), rng.random((3, 20)) + 0.1
    factors /= factors.sum(axis=1, keepdims=True)
    loadings = rng.random((3, keep.size)) + 1
    loadings[0] = 2  # one is smooth, the others have nothing in common with neighbours
    data = (loadings.T @ factors).reshape(*keep.shape, 20)
    operator = StreamedOperator(data, keep, np.ones(20, bool))
    smooth = GaussianSmoothing().prepare(keep)
    configuration = Configuration(nonnegative_least_squares, None, smooth)
    state = State(factors, loadings, rng, weighted=weighted)
    if weighted:
        products = smooth(loadings) @ loadings.T
        state = replace(state, loadings=smooth(loadings), products=products)
    else:
        state = state.replaced(factors, smooth(loadings))
    for _ in range(n_iter):
        (state,) = iterate(operator, [state], configuration)
    return angle(state.factors, factors)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000))
def test_true_factors_are_a_fixed_point_with_weights_and_drift_without(seed):
    assert drift(True, seed) < 1e-3 < 0.01 < drift(False, seed)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), n=st.integers(1, 4), more=st.integers(0, 3))
def test_padding_adds_nothing_to_the_products(seed, n, more):
    rng = np.random.default_rng(seed)
    state = State(rng.random((n, 5)), rng.random((n, 6)), rng, products=np.eye(n))
    padded = state.padded(n + more)
    assert [len(rows) for rows in (padded.factors, padded.loadings)] == [n + more] * 2
    assert padded.products.sum() == n and padded.products.shape == (n + more,) * 2
    assert padded.replaced(padded.factors, padded.loadings).products is None


def test_an_iteration_makes_two_arrays_of_the_size_of_the_maps():
    rng, keep = np.random.default_rng(0), np.ones((400, 500), bool)
    bases = (rng.random((n, m), dtype=np.float32) for n, m in ((6, keep.size), (6, 9)))
    operator = LowRankOperator(*bases, 1.0)
    factors, loadings = (rng.random((4, n), dtype=np.float32) for n in (9, keep.size))
    smooth = GaussianSmoothing().prepare(keep)
    configuration = Configuration(hals, None, smooth)
    states = [State(factors, loadings, rng)]
    iterate(operator, states, configuration)  # compiles
    tracemalloc.start()
    try:
        iterate(operator, states, configuration)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 2 * loadings.nbytes < most < 3 * loadings.nbytes
