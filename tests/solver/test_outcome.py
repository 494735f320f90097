"""Results in the units of the data: whole components, the strongest first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import sketch
from hspy_cnmf.solver.factorise import factorise
from hspy_cnmf.solver.iteration import State
from hspy_cnmf.solver.last_iteration import End
from hspy_cnmf.solver.outcome import of_type, result_of, structure_left

N, POSITIONS, PIXELS = 4, 12, 9


def outcome(
    factors, loadings, scales=(None, None), n_fixed=0, lengths=(3, 5), **parameters
):
    """Return the result of two starts, of which the second was the best."""
    rng = np.random.default_rng(0)
    states = [State(factors, loadings, rng, ((1.0, 0.1, 0.2),) * n) for n in lengths]
    return result_of(
        states,
        1,
        [factors, factors],
        End(factors, loadings, 0.5, 1),
        scales,
        n_fixed,
        square_norm=2.0,
        seeds=[7, 8],
        parameters=parameters,
    )


def drawn(seed):
    rng = np.random.default_rng(seed)
    return rng.random((N, PIXELS)), rng.random((N, POSITIONS))


@given(seed=st.integers(0, 1000), n_fixed=st.integers(0, N))
def test_the_model_stays_and_the_strongest_come_first_after_what_is_fixed(
    seed, n_fixed
):
    factors, loadings = drawn(seed)
    result = outcome(factors, loadings, n_fixed=n_fixed)
    np.testing.assert_allclose(result.loadings.T @ result.factors, loadings.T @ factors)
    np.testing.assert_array_equal(result.factors[:n_fixed], factors[:n_fixed])
    norms = np.linalg.norm(result.loadings, axis=1)
    assert (np.diff(norms[n_fixed:]) <= 0).all()


def test_what_is_told_of_each_component_goes_with_it():
    factors, loadings = drawn(0)
    strength = [3, 1, 4, 2]
    loadings *= np.array(strength)[:, np.newaxis] ** 3
    told = outcome(factors, loadings, taken_out=strength, left_in=[0] * N).parameters
    assert told == {"taken_out": [4, 3, 2, 1], "left_in": [0] * N}


@given(seed=st.integers(0, 1000))
def test_scales_are_multiplied_into_the_model(seed):
    factors, loadings = drawn(seed)
    rng = np.random.default_rng(seed)
    scales = rng.random(POSITIONS) + 0.5, rng.random(PIXELS) + 0.5
    result = outcome(factors, loadings, scales)
    np.testing.assert_allclose(
        result.loadings.T @ result.factors,
        np.outer(*scales) * (loadings.T @ factors),
    )


def test_histories_are_nan_after_the_end_of_a_start():
    result = outcome(*drawn(0), lengths=(2, 4))
    assert result.error_history.shape == (2, 4)
    np.testing.assert_array_equal(
        np.isnan(result.factor_change_history), [[False] * 2 + [True] * 2, [False] * 4]
    )
    np.testing.assert_array_equal(result.n_iter, [2, 4])


@pytest.mark.parametrize("side", [0, 1])
def test_half_a_component_is_none_unless_it_is_fixed(side):
    arrays = drawn(0)
    arrays[side][:2] = 0
    assert outcome(*arrays).n_found == N - 2
    result = outcome(*arrays, n_fixed=1)
    there = [a.any(axis=1) for a in (result.factors, result.loadings)]
    assert there[1 - side].sum() == N - 1


@pytest.mark.parametrize("n_empty", [0, 1, 2])
def test_components_are_found_whole_or_not_at_all(n_empty):
    """Also those whose maps a constraint takes away."""
    rng = np.random.default_rng(0)
    loadings, factors = rng.random((80, 4)) ** 3, rng.random((4, 60)) ** 6
    keep = np.ones(80, bool), np.ones(60, bool)

    def without_first(maps):
        return np.concatenate([np.zeros_like(maps[:n_empty]), maps[n_empty:]])

    estimator = ConstrainedNMF(
        4, loading_constraint=without_first, prune=False, n_init=1, max_iter=20,
        random_state=0,
    )  # fmt: skip
    result = factorise(StreamedOperator(loadings @ factors, *keep), estimator)
    there = result.factors.any(axis=1), result.loadings.any(axis=1)
    np.testing.assert_array_equal(*there)
    assert result.n_found == 4 - n_empty
    assert there[0][: result.n_found].all()


def test_types_are_those_of_the_products():
    result = of_type(outcome(*drawn(0)), np.dtype(np.float32))
    assert {result.factors.dtype.name, result.loadings.dtype.name} == {"float32"}


@settings(deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 4), missing=st.integers(0, 1))
def test_structure_that_is_left_is_told_from_noise(seed, n, missing):
    rng = np.random.default_rng(seed)
    model = 9 * rng.random((60, n + missing)) @ np.eye(n + missing, 40)
    data = model + 0.1 * rng.standard_normal(model.shape)
    operator = StreamedOperator(data, np.ones(60, bool), np.ones(40, bool))
    left = structure_left(sketch(operator, np.eye(40)[:20]), n)
    assert left > 20 if missing else 1 <= left < 3


def test_rounding_is_no_structure():
    rng = np.random.default_rng(0)
    data = rng.random((60, 2)) @ rng.random((2, 40))
    operator = StreamedOperator(data, np.ones(60, bool), np.ones(40, bool))
    assert structure_left(sketch(operator, np.eye(40)[:20]), 2) == 1
