"""Smoothing of maps: left out where data contradict it, wider where they bear it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing, Sparsity
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.smoothing import (
    in_units_of_the_data,
    smoothing_of,
    with_smoothing_borne_out,
    with_wider_smoothing,
)

SHAPE = (24, 25)
NONE = None, None


def scan(width, counts, seed=0):
    """Return the operator of counts, a line of some width in it, and its sketch."""
    pixels = np.arange(60)
    share = np.exp(-(((np.arange(SHAPE[0]) - 12) / width) ** 2))
    spot = np.exp(-((pixels - 40) ** 2) / 80)
    mean = counts * (1 + 5 * np.multiply.outer(share, spot))
    mean = np.repeat(mean[:, np.newaxis], SHAPE[1], axis=1)
    data = np.random.default_rng(seed).poisson(mean).astype(float)
    keep = np.ones(SHAPE, bool), np.ones(60, bool)
    operator = StreamedOperator(data, *keep)
    return operator, sketch(operator, operator.span(random_patterns(20, 60, 0)))


def estimator(constraint):
    return ConstrainedNMF(2, loading_constraint=constraint)


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize(("width", "left_out"), [(0.5, True), (8, False)])
def test_a_tentative_smoothing_goes_where_data_contradict_it(width, left_out, as_list):
    smoothing = GaussianSmoothing(tentative=True)
    constraint = [smoothing, Sparsity(0.1)] if as_list else smoothing
    operator, its_sketch = scan(width, 200)
    new, told = with_smoothing_borne_out(
        operator, estimator(constraint), NONE, its_sketch
    )
    assert told["smoothing_left_out"] == left_out
    assert (smoothing_of(new) is None) == left_out
    assert (told["smoothing_cost"] > 1.2) == left_out


def test_a_smoothing_that_is_asked_for_stays():
    operator, its_sketch = scan(0.5, 200)
    asked = estimator(GaussianSmoothing())
    new, told = with_smoothing_borne_out(operator, asked, NONE, its_sketch)
    assert new is asked and told["smoothing_cost"] > 1.2
    assert with_wider_smoothing(operator, asked, its_sketch) == (asked, 1.0)


@pytest.mark.parametrize(("counts", "wider"), [(0.2, True), (500, False)])
def test_a_tentative_smoothing_is_wider_where_counts_are_few(counts, wider):
    operator, its_sketch = scan(4, counts)
    one = ConstrainedNMF(1, loading_constraint=GaussianSmoothing(tentative=True))
    new, width = with_wider_smoothing(operator, one, its_sketch)
    assert (width > 1) == wider
    assert (smoothing_of(new) == smoothing_of(one)) != wider


@pytest.mark.parametrize("constraint", [None, Sparsity(0.1), [Sparsity(0.1)]])
def test_where_nothing_smooths_nothing_changes(constraint):
    operator, its_sketch = scan(4, 5)
    none = estimator(constraint)
    assert smoothing_of(none) is None
    assert with_smoothing_borne_out(operator, none, NONE, its_sketch) == (none, {})
    assert with_wider_smoothing(operator, none, its_sketch) == (none, 1.0)


@given(seed=st.integers(0, 100))
def test_constraints_see_the_units_of_the_data(seed):
    rng = np.random.default_rng(seed)
    scale, stack = rng.random(30) + 0.1, rng.random((3, 30))

    def project(values):
        return np.maximum(values - 0.3, 0)

    scaled = in_units_of_the_data(project, scale)
    np.testing.assert_allclose(scaled(stack / scale) * scale, project(stack))
    assert in_units_of_the_data(project, None) is project
    assert in_units_of_the_data(None, scale) is None
