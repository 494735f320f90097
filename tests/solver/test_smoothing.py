"""Smoothing of maps: left out where data contradict it, wider where they bear it."""

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing, Sparsity
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.smoothing import (
    smoothing_of,
    with_smoothing_borne_out,
    with_wider_smoothing,
)

SHAPE = (24, 25)


def problem(width, counts, constraint, n_components=2):
    """Return that of counts, a line of some width in them."""
    pixels = np.arange(60)
    share = np.exp(-(((np.arange(SHAPE[0]) - 12) / width) ** 2))
    spot = np.exp(-((pixels - 40) ** 2) / 80)
    mean = counts * (1 + 5 * np.multiply.outer(share, spot))
    mean = np.repeat(mean[:, np.newaxis], SHAPE[1], axis=1)
    data = np.random.default_rng(0).poisson(mean).astype(float)
    keep = np.ones(SHAPE, bool), np.ones(60, bool)
    operator = StreamedOperator(data, *keep)
    estimator = ConstrainedNMF(n_components, loading_constraint=constraint)
    span = operator.span(random_patterns(20, 60, 0))
    return Problem.of(operator, estimator, sketch=sketch(operator, span))


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize(("width", "left_out"), [(0.5, True), (8, False)])
def test_a_tentative_smoothing_goes_where_data_contradict_it(width, left_out, as_list):
    smoothing = GaussianSmoothing(tentative=True)
    constraint = [smoothing, Sparsity(0.1)] if as_list else smoothing
    new, told = with_smoothing_borne_out(problem(width, 200, constraint))
    assert told["smoothing_left_out"] == left_out
    assert (smoothing_of(new.estimator) is None) == left_out
    assert (told["smoothing_cost"] > 1.2) == left_out


def test_a_smoothing_that_is_asked_for_stays():
    asked = problem(0.5, 200, GaussianSmoothing())
    new, told = with_smoothing_borne_out(asked)
    assert new is asked and told["smoothing_cost"] > 1.2
    assert with_wider_smoothing(asked) == (asked, 1.0)


@pytest.mark.parametrize(("counts", "wider"), [(0.2, True), (500, False)])
def test_a_tentative_smoothing_is_wider_where_counts_are_few(counts, wider):
    one = problem(4, counts, GaussianSmoothing(tentative=True), n_components=1)
    new, width = with_wider_smoothing(one)
    assert (width > 1) == wider
    assert (smoothing_of(new.estimator) == smoothing_of(one.estimator)) != wider


@pytest.mark.parametrize("constraint", [None, Sparsity(0.1), [Sparsity(0.1)]])
def test_where_nothing_smooths_nothing_changes(constraint):
    none = problem(4, 5, constraint)
    assert smoothing_of(none.estimator) is None
    assert with_smoothing_borne_out(none) == (none, {})
    assert with_wider_smoothing(none) == (none, 1.0)
