"""What iterations are told."""

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing, RadialFloor
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.configuring import _is_beside_stop, configuration_of
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


@pytest.mark.parametrize("radius", [0, 1, 4])
def test_a_stop_hides_parts_of_a_ring_and_a_mask_all_of_it(radius):
    floor, keep = RadialFloor(center=(10, 10)), np.ones((21, 21), bool)
    row, column = np.indices(keep.shape) - 10
    mask = np.hypot(row, column) >= radius
    mask[3, 3] = False  # a bad pixel
    assert not _is_beside_stop(floor, mask)
    assert _is_beside_stop(floor, keep & ((row > 2) | (np.abs(column) > 2)))
