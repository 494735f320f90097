"""What components leave over: noise has no strong pattern, what is missing has one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import sketch
from hspy_cnmf.solver.left_over import LeftOver, before_noise, left_over, note_of


def counted(rng, n, level=20.0):
    """Return counts, factors of one block of pixels each, and loadings."""
    factors = np.kron(np.eye(n), np.ones(60 // n))
    loadings = level * rng.random((n, 300))
    return rng.poisson(loadings.T @ factors).astype(float), factors, loadings


def of(data, factors, loadings):
    keep = np.ones(len(data), bool), np.ones(data.shape[1], bool)
    patterns = np.eye(data.shape[1])[:: data.shape[1] // 24]
    return left_over(sketch(StreamedOperator(data, *keep), patterns), factors, loadings)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), n=st.integers(2, 4))
def test_noise_is_silent_and_a_missing_component_is_not(seed, n):
    data, factors, loadings = counted(np.random.default_rng(seed), n)
    assert of(data, factors, loadings).note() == ""
    told = of(data, factors[1:], loadings[1:])
    assert "output_dimension" in told.note()
    assert "prune" in told.note(n_empty=1)


def test_components_that_are_wrong_are_told_from_those_that_are_too_few():
    data, factors, loadings = counted(np.random.default_rng(0), 3)
    turned = np.roll(factors, 10, axis=1)
    told = of(data, turned, loadings)
    assert told.as_many < 1.2 < told.times_noise
    assert told.note() == ""


def test_data_without_noise_are_explained():
    factors, loadings = np.eye(3, 60), np.random.default_rng(0).random((3, 300))
    assert of(loadings.T @ factors, factors, loadings).note() == ""
    empty = np.zeros((300, 60))
    assert of(empty, 0 * factors, 0 * loadings) == LeftOver(1, 0, 1)


@pytest.mark.parametrize("parameters", [{}, {"left_over": [1.0, 0.0, 1.0]}])
def test_results_of_earlier_versions_and_good_ones_say_nothing(parameters):
    assert note_of(parameters, 0) == ""


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(1, 10),
    more=st.integers(0, 10),
    falls=st.sampled_from([0, 80, 40]),
)
def test_components_before_noise_are_counted_however_many_are_sought(
    seed, n, more, falls
):
    rng = np.random.default_rng(seed)
    uneven = np.exp(-np.arange(300) / falls) if falls else np.ones(300)
    noise = rng.standard_normal((600, 300)) * np.sqrt(uneven)
    squares = np.linalg.eigvalsh(noise.T @ noise)[::-1][:80]
    squares = np.r_[squares[0] * rng.uniform(3, 50, n), squares]
    told = before_noise(np.sort(squares)[::-1], n + more)
    assert n <= told <= n + 2
