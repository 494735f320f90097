"""Patterns that end with equal weights: a sketch of the data as they are, and maps."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.undivided import UndividedSketch
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.equal_weights import with_equal_weights
from hspy_cnmf.solver.iteration import Configuration, State


def divided(seed, n_components=3, shape=(40, 30)):
    """Return true factors and maps, scales, and a sketch of data divided by them."""
    rng = np.random.default_rng(seed)
    factors = rng.exponential(size=(n_components, shape[1])) ** 2
    # Each is as pure as can be: dark where the others are not.
    factors[np.arange(n_components)[:, np.newaxis] == np.arange(shape[1]) % 5] = 0
    factors /= factors.sum(axis=1, keepdims=True)
    loadings = rng.exponential(size=(n_components, shape[0])) ** 2
    scales = rng.uniform(0.5, 2, shape[0]), rng.uniform(0.1, 10, shape[1])
    data = (loadings.T @ factors) / scales[0][:, np.newaxis] / scales[1]
    basis = np.linalg.svd(data, full_matrices=False)[2][:n_components]
    norm = float(np.square(data).sum())
    return factors, loadings, scales, LowRankOperator(basis @ data.T, basis, norm)


@given(st.integers(0, 2**32 - 1))
def test_the_truth_stays_and_what_is_empty_stays_empty(seed):
    factors, loadings, scales, sketch = divided(seed)
    state = State(
        np.insert(factors / scales[1], 1, 0, axis=0),
        np.insert(loadings / scales[0], 1, 0, axis=0),
        np.random.default_rng(0),
        history=((1.0, 1.0, 1.0),),
    )
    solve = half_steps.SOLVERS["hals"]
    equal = Configuration(solve, max_iter=5)
    weighted = Configuration(solve, pixel_scale=scales[1])
    data = UndividedSketch.from_divided(sketch, *scales)
    found = with_equal_weights(sketch, data, state, scales, weighted, equal)
    # Rounding of the data passes for noise, of which patterns may be negative.
    np.testing.assert_allclose(found.factors, state.factors, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found.loadings, state.loadings, rtol=1e-3, atol=1e-4)
    assert not found.factors[1].any() and not found.loadings[1].any()


def test_what_was_not_divided_is_left_as_it_is():
    factors, loadings, _, sketch = divided(0)
    state = State(factors, loadings, np.random.default_rng(0))
    loop = Configuration(half_steps.SOLVERS["hals"])
    assert with_equal_weights(sketch, sketch, state, (None, None), loop, loop) is state


def test_what_equal_weights_lose_is_as_normalised_noise_found_it():
    rng = np.random.default_rng(3)
    factors = rng.exponential(size=(4, 300)) * (rng.random((4, 300)) < 0.2)
    factors[0] = 0.01
    factors[0, :8] = 3  # few bright spots of what is everywhere
    factors /= factors.sum(axis=1, keepdims=True)
    loadings = np.where(rng.random((4, 400)) < 0.1, 25.0, 0)
    loadings[0] = 100
    counts = rng.poisson(loadings.T @ factors).astype(float)
    scales = tuple(np.sqrt(np.maximum(counts.sum(axis=k), 1)) for k in (1, 0))
    weighted = counts / scales[0][:, np.newaxis] / scales[1]
    basis = np.linalg.svd(weighted, full_matrices=False)[2][:40]
    sketch = LowRankOperator(basis @ weighted.T, basis, np.square(weighted).sum())
    state = State(factors / scales[1], loadings / scales[0], rng)
    solve = half_steps.SOLVERS["hals"]
    data = UndividedSketch.from_divided(sketch, *scales)
    found = with_equal_weights(
        sketch,
        data,
        state,
        scales,
        Configuration(solve, pixel_scale=scales[1]),
        Configuration(solve, max_iter=100),
    )
    for own, true in zip(found.loadings[1:], loadings[1:], strict=True):
        assert np.corrcoef(own, true / scales[0])[0, 1] > 0.9
