"""A stack is the same constrained as a whole, in its own place, or one by one."""

import numpy as np
import pytest

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.each_alone import EachAlone, one_by_one, overwritten
from hspy_cnmf.constraints.per_scan import PerScan
from hspy_cnmf.solver.smoothing_share import SmoothingByShares

SHAPE = (6, 7)
KEEP = np.arange(42).reshape(SHAPE) % 5 > 0
SMOOTHING = GaussianSmoothing()


@pytest.mark.parametrize(
    ("constraint", "alone"),
    [
        (SMOOTHING, True),
        (SmoothingByShares(SMOOTHING, np.array([0.0, 0.3, 1.0])), True),
        (PerScan((SMOOTHING,), (SHAPE,)), False),
    ],
)
def test_every_way_gives_the_same(constraint, alone):
    keep = KEEP if alone else KEEP.ravel()
    project = constraint.prepare(keep)
    values = np.random.default_rng(0).random((5, keep.sum()))
    before = values.copy()
    expected = project(values)
    np.testing.assert_array_equal(values, before)
    np.testing.assert_array_equal(list(one_by_one(project, values)), expected)
    np.testing.assert_array_equal(values, before)
    result = overwritten(project, values)
    np.testing.assert_array_equal(result, expected)
    assert isinstance(project, EachAlone) == np.shares_memory(result, values) == alone
