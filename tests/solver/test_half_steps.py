"""Laws of the half steps: feasible, never worse, and those of others at rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.iteration import gram


@pytest.mark.parametrize("solve", half_steps.SOLVERS.values())
@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 1000), n_components=st.integers(1, 6))
def test_half_steps_are_feasible_and_finite(solve, seed, n_components):
    rng = np.random.default_rng(seed)
    fixed = rng.random((n_components, 20)) * (rng.random((n_components, 1)) > 0.2)
    data = rng.random((20, 15))
    solution = solve(fixed @ data, gram(fixed), np.zeros((n_components, 15)))
    assert np.isfinite(solution).all()
    assert (solution >= 0).all()


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 1000), n_sweeps=st.integers(1, 5))
def test_hals_never_raises_the_error(seed, n_sweeps):
    rng = np.random.default_rng(seed)
    fixed, data = rng.random((4, 20)), rng.random((20, 600))
    current = rng.random((4, 600))
    solution = half_steps.hals(fixed @ data, gram(fixed), current, n_sweeps)
    before, after = (np.linalg.norm(data - fixed.T @ y) for y in (current, solution))
    assert after <= before * (1 + 1e-12)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000))
def test_settled_sweeps_agree_with_lawson_and_hanson(seed):
    rng = np.random.default_rng(seed)
    fixed, data = rng.random((3, 20)), rng.random((20, 7))
    expected = np.transpose([nnls(fixed.T, column)[0] for column in data.T])
    found = half_steps.nonnegative_least_squares(
        fixed @ data, gram(fixed), np.zeros((3, 7))
    )
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_als_is_the_clipped_least_squares_solution():
    rng = np.random.default_rng(0)
    fixed, data = rng.random((3, 20)), rng.random((20, 7))
    unconstrained = np.linalg.lstsq(fixed.T, data, rcond=None)[0]
    found = half_steps.als(fixed @ data, gram(fixed), np.zeros((3, 7)))
    np.testing.assert_allclose(found, np.maximum(unconstrained, 0), atol=1e-4)


def test_als_stays_finite_and_near_for_a_singular_gram_matrix():
    fixed = np.ones((3, 20))
    data = np.random.default_rng(0).random((20, 7))
    found = half_steps.als(fixed @ data, gram(fixed), np.zeros((3, 7)))
    np.testing.assert_allclose(
        fixed.T @ found, np.ones((20, 1)) * data.mean(0), rtol=1e-3
    )


@pytest.mark.parametrize("solve", half_steps.SOLVERS.values())
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), order=st.permutations(range(300)))
def test_each_column_is_solved_alone(solve, seed, order):
    """So that blocks of columns, and their order, say nothing."""
    rng = np.random.default_rng(seed)
    fixed, data, current = (
        rng.random((5, 20)),
        rng.random((20, 300)),
        rng.random((5, 300)),
    )
    whole = solve(fixed @ data, gram(fixed), current)
    found = solve((fixed @ data)[:, order], gram(fixed), current[:, order])
    np.testing.assert_allclose(found, whole[:, order], atol=1e-10)


@pytest.mark.parametrize("solve", half_steps.SOLVERS.values())
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1000))
def test_an_exact_solution_stays_and_the_start_is_left_alone(solve, seed):
    rng = np.random.default_rng(seed)
    fixed, exact = rng.random((4, 20)), rng.random((4, 9))
    before = exact.copy()
    found = solve(fixed @ (fixed.T @ exact), gram(fixed), exact)
    np.testing.assert_allclose(found, exact, atol=1e-9)
    np.testing.assert_array_equal(exact, before)


@pytest.mark.parametrize("held", [None, np.array([True, False, False])])
def test_maps_that_settle_some_at_a_time_are_those_of_all(held, monkeypatch):
    rng = np.random.default_rng(0)
    fixed, maps = rng.random((3, 20)), rng.random((3, 700))
    products = fixed @ rng.random((20, 700))
    expected = half_steps.half_step(
        half_steps.nonnegative_least_squares, products, gram(fixed), maps, None, held
    )
    monkeypatch.setattr(half_steps, "_POSITIONS", 256)
    half_steps.settle(products, gram(fixed), maps, held)
    np.testing.assert_allclose(maps, expected, rtol=1e-12)
