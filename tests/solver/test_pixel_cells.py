"""A loop on cells of pixels ends with what a loop on all pixels ends with."""

from dataclasses import replace

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import RadialFloor
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.configuring import configuration_of
from hspy_cnmf.solver.loop import run
from hspy_cnmf.solver.pixel_cells import PixelCells
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.resolution import resolve
from hspy_cnmf.solver.starts import starts_of
from hspy_cnmf.solver.summed_pixels import with_summed_pixels
from tests.solver.test_summed_pixels import PIXELS, POSITIONS, scan

SETTINGS = {"n_init": 2, "random_state": 0, "compression": 24, "max_iter": 45}


def summed(floor, is_divided, dtype=np.float64, **settings):
    """Return a problem of summed pixels, some masked, and a constraint on patterns."""
    keep = PIXELS & (np.arange(PIXELS.size).reshape(PIXELS.shape) % 29 > 0)
    data, _ = scan(80)
    counts = data.sample(np.arange(400)).reshape(*POSITIONS.shape, *PIXELS.shape)
    operator = StreamedOperator(counts.astype(dtype), POSITIONS, keep)
    scales = (None, None)
    if is_divided:
        scales = tuple(
            np.random.default_rng(i).uniform(1, 2, n)
            for i, n in enumerate(operator.shape)
        )
        operator = operator.divide(*scales)
    estimator = ConstrainedNMF(4, factor_constraint=floor, **(SETTINGS | settings))
    estimator = resolve(estimator, POSITIONS, keep)
    own = sketch(operator, operator.span(random_patterns(24, operator.shape[1], 0)))
    problem = Problem.of(operator, estimator, scales, own)
    return with_summed_pixels(problem, 4)[0]


@pytest.mark.parametrize("floor", [None, RadialFloor(level="mean")])
@pytest.mark.parametrize("is_divided", [False, True])
@pytest.mark.parametrize("prune", [False, True])
def test_results_are_those_of_all_pixels(floor, is_divided, prune):
    problem = summed(floor, is_divided, prune=prune)
    on_cells = configuration_of(problem)
    assert isinstance(on_cells.cells, PixelCells)
    ended = [
        run(problem.source, starts_of(problem, [0, 1]), configuration)
        for configuration in (on_cells, replace(on_cells, cells=None))
    ]
    for own, whole in zip(*ended, strict=True):
        assert own.status == whole.status
        np.testing.assert_allclose(own.factors, whole.factors, rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(own.loadings, whole.loadings, rtol=1e-6, atol=1e-6)
        errors = [np.array(state.history)[:, 0] for state in (own, whole)]
        np.testing.assert_allclose(*errors, rtol=1e-9)


def test_patterns_that_are_known_stay_as_they_are_on_all_pixels():
    known = np.random.default_rng(0).random((1, *PIXELS.shape))
    problem = summed(None, False, fixed_factors=known)
    assert configuration_of(problem).cells is None


def test_patterns_that_differ_within_cells_have_none():
    problem = summed(None, True)
    assert configuration_of(replace(problem, scales=(None, None))).cells is None
