"""What is to be factorised."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.each_alone import one_by_one, overwritten
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.problem import Problem

POSITIONS, PIXELS = np.ones(30, bool), np.ones(20, bool)


def at_least(values):
    """Constrain images to be above a level, in the units of the data."""
    return np.maximum(values - 0.3, 0)


def problem(scales=(None, None), **parameters):
    data = np.random.default_rng(0).random((30, 20))
    operator = StreamedOperator(data, POSITIONS, PIXELS)
    own = sketch(operator, operator.span(random_patterns(4, 20, 0)))
    return Problem.of(operator, ConstrainedNMF(2, **parameters), scales, own)


@given(seed=st.integers(0, 100))
def test_constraints_see_the_units_of_the_data(seed):
    rng = np.random.default_rng(seed)
    scales = rng.random(30) + 0.1, rng.random(20) + 0.1
    divided, whole = problem(scales), problem()
    for scale, on, as_it_is in (
        (scales[0], divided.on_loadings, whole.on_loadings),
        (scales[1], divided.on_factors, whole.on_factors),
    ):
        stack = rng.random((3, len(scale)))
        expected = at_least(stack)
        np.testing.assert_allclose(on(at_least)(stack / scale) * scale, expected)
        np.testing.assert_allclose(as_it_is(at_least)(stack), expected)
        assert on(None) is None


def test_maps_in_the_units_of_the_data_are_smoothed_in_their_place():
    scale = np.random.default_rng(0).random(30) + 0.1
    smooth = problem((scale, None)).on_loadings(GaussianSmoothing())
    maps = np.random.default_rng(1).random((3, 30))
    expected = GaussianSmoothing()(maps * scale) / scale
    np.testing.assert_allclose(list(one_by_one(smooth, maps)), expected)
    result = overwritten(smooth, maps)
    np.testing.assert_allclose(result, expected)
    assert result is maps


def test_what_is_fixed_is_divided_as_the_data_are():
    scales = np.full(30, 2.0), np.full(20, 4.0)
    known = np.arange(20.0)
    fixed = problem(scales, fixed_factors=known).fixed
    np.testing.assert_allclose(fixed.factors, known[np.newaxis] / known.sum() / 4)
    assert fixed.held.n == 1


def test_iterations_work_on_the_sketch_unless_they_are_to_work_on_the_data():
    on_sketch = problem()
    assert on_sketch.source is on_sketch.iterated is on_sketch.sketch
    on_data = Problem.of(
        on_sketch.data, on_sketch.estimator, sketch=on_sketch.sketch, on_data=True
    )
    assert on_data.iterated is None and on_data.sketch is on_sketch.sketch
    assert isinstance(on_data.source, StreamedOperator)


def test_other_parameters_leave_the_first_problem_as_it_is():
    one = problem()
    other = one.asking(n_components=3)
    assert (one.estimator.n_components, other.estimator.n_components) == (2, 3)
    assert other.operator is one.operator
