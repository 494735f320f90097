"""Starts at the purest positions of the data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.per_scan import neighbours_mean
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.pure_positions import PurePositions


def separable(n_components, seed, shape=(12, 12), n_pixels=40):
    """Return maps of which each is alone in a corner of the scan, and patterns."""
    rng = np.random.default_rng(seed)
    patterns = rng.random((n_components, n_pixels)) ** 4
    maps = rng.random((n_components, *shape)) * (0.5 + rng.random(shape))
    for k in range(n_components):
        place = 4 * (k // 3), 4 * (k % 3)
        block = tuple(slice(start, start + 3) for start in place)
        maps[(slice(None), *block)] = 0
        maps[(k, *block)] = 1
    return maps, patterns / patterns.sum(axis=1, keepdims=True)


def positions_of(data, n_components, averages=True):
    keep = np.ones(data.shape[:-1], bool)
    operator = StreamedOperator(data, keep, np.ones(data.shape[-1], bool))
    span = operator.span(random_patterns(30, data.shape[-1], 0))
    average = neighbours_mean(keep, None) if averages else None
    return PurePositions(sketch(operator, span), n_components, average)


def worst_correlation(found, true):
    table = np.corrcoef(found, true.reshape(len(true), -1))[: len(found), len(found) :]
    return table[linear_sum_assignment(-table)].min()


@settings(deadline=None, max_examples=20)
@given(
    n_components=st.integers(2, 6),
    seed=st.integers(0, 1000),
    averages=st.booleans(),
    scale=st.floats(1e-3, 1e3),
    drawn=st.booleans(),
)
def test_pure_positions_give_the_maps(n_components, seed, averages, scale, drawn):
    maps, patterns = separable(n_components, seed)
    data = scale * np.tensordot(maps, patterns, axes=(0, 0))
    pure = positions_of(data, n_components, averages)
    rng = np.random.default_rng(seed) if drawn else None
    found = pure.loadings(rng)
    np.testing.assert_allclose(found.sum(), scale * maps.sum(), rtol=0.05)
    assert worst_correlation(found, maps) > 0.97


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000))
def test_averages_keep_noise_from_choosing(seed):
    maps, patterns = separable(4, seed)
    expected = 400 * np.tensordot(maps, patterns, axes=(0, 0))
    data = np.random.default_rng(seed).poisson(expected).astype(float)
    assert worst_correlation(positions_of(data, 4).loadings(), maps) > 0.9


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000))
def test_the_order_of_positions_does_not_matter_without_neighbours(seed):
    maps, patterns = separable(4, seed)
    data = np.tensordot(maps, patterns, axes=(0, 0)).reshape(144, -1)
    order = np.random.default_rng(seed).permutation(144)
    ours = positions_of(data, 4, averages=False).loadings()
    theirs = positions_of(data[order], 4, averages=False).loadings()
    np.testing.assert_allclose(theirs, ours[:, order], atol=1e-6 * ours.max())


def test_components_that_data_have_no_corner_for_are_zero():
    maps, patterns = separable(2, 0)
    data = np.tensordot(maps, patterns, axes=(0, 0))
    found = positions_of(data, 5).loadings()
    assert found.shape == (5, 144)
    assert np.count_nonzero(found.any(axis=1)) <= 3
    assert not positions_of(np.zeros((12, 12, 40)), 2).loadings().any()


@pytest.mark.parametrize("compression", [None, "auto", 10])
@pytest.mark.parametrize("prune", [True, False])
def test_starts_that_begin_pure_are_those_of_their_place(compression, prune):
    maps, patterns = separable(5, 0)
    data = np.tensordot(maps, patterns, axes=(0, 0)).reshape(144, -1)
    settings = {
        "n_components": 5,
        "loading_constraint": GaussianSmoothing(),
        "loading_shape": (12, 12),
        "compression": compression,
        "prune": prune,
        "max_iter": 5,
        "tol": 0,
        "random_state": 0,
    }
    histories = {
        init: ConstrainedNMF(init=init, n_init=4, **settings)
        .fit(data)
        .result_.error_history
        for init in ("random", "auto", "pure")
    }
    np.testing.assert_array_equal(histories["auto"][[0, 2]], histories["pure"][[0, 2]])
    # The squared norm of the data, of another reading where there is no sketch, differs
    # by rounding.
    np.testing.assert_allclose(
        histories["auto"][[1, 3]], histories["random"][[1, 3]], rtol=1e-12
    )
    # What is pure begins where others have yet to come to.
    assert histories["pure"][0, 0] < histories["random"][:, 0].min()


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), power=st.integers(-12, 12))
def test_any_data_have_finite_starts(seed, power):
    rng = np.random.default_rng(seed)
    data = (10.0**power * rng.random((9, 10, 20)) ** 8).astype(np.float32)
    pure = positions_of(data, 6)
    for loadings in (pure.loadings(), pure.loadings(rng), pure.loadings(rng)):
        assert np.isfinite(loadings).all() and (loadings >= 0).all()
        assert loadings.any()


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000))
def test_rounding_does_not_choose_between_equally_pure_positions(seed):
    """Patterns of equal length, each alone somewhere: the first position is first."""
    rng = np.random.default_rng(seed)
    patterns = np.kron(np.eye(3), rng.random(12)) / 12
    amounts = rng.integers(1, 9, (6, 6, 1))
    mixture = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])
    data = amounts * (mixture[rng.integers(0, 4, (6, 6))] @ patterns)
    corners = []
    for noise in (0, 1e-12):
        values = data * (1 + noise * rng.standard_normal(data.shape))
        pure = positions_of(values, 3, averages=False)
        corners.append(
            pure.corners() @ pure._points[1].T @ pure.operator.basis_patterns
        )
    np.testing.assert_allclose(*corners, atol=1e-6)
