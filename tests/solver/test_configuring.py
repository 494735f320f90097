"""What iterations are told."""

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing, RadialFloor
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.configuring import configuration_of
from hspy_cnmf.solver.problem import Problem


@pytest.mark.parametrize("floor", [None, RadialFloor(center=(3, 3))])
@pytest.mark.parametrize("prune", [False, True])
def test_what_was_asked_for_is_what_iterations_do(floor, prune):
    data = np.random.default_rng(0).poisson(3.0, (5, 6, 7, 7)).astype(float)
    keep = np.ones((5, 6), bool), np.ones((7, 7), bool)
    operator = StreamedOperator(data, *keep)
    smoothing = GaussianSmoothing()
    asked = ConstrainedNMF(
        2, factor_constraint=floor, loading_constraint=smoothing, prune=prune
    )
    guide = sketch(operator, operator.span(random_patterns(5, 49, 0)))
    scales = None, np.linspace(1, 2, 49)
    made = configuration_of(Problem.of(operator, asked, scales, guide))
    maps = np.random.default_rng(1).random((2, 30))
    smoothed = smoothing.prepare(keep[0])(maps)
    np.testing.assert_allclose(made.project_loadings(maps), smoothed)
    assert (made.revise is not None) == prune
    # The matrix is known by the rings that a floor fills.
    assert (made.purify is not None) == (floor is not None)
    assert made.volume_weight == 0
