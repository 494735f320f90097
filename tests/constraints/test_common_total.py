"""Laws of maps of a common total."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import nnls

from hspy_cnmf.constraints import CommonTotal

MAPS = arrays(np.float64, (3, 4, 5), elements=st.floats(0, 1e3, allow_subnormal=False))


@settings(deadline=None)
@given(maps=MAPS, total=st.none() | st.floats(0.1, 1e4))
def test_maps_add_up_to_the_total(maps, total):
    maps[0, 0, 0] = 1
    result = CommonTotal(total)(maps)
    expected = maps.sum(axis=0).mean() if total is None else total
    np.testing.assert_allclose(result.sum(axis=0), expected, rtol=1e-9)
    assert result.min() >= 0
    again = CommonTotal(total)(result)
    np.testing.assert_allclose(again, result, rtol=1e-9, atol=1e-9 * expected)


def test_the_result_is_the_nearest():
    """A general solver, with the total as an equation of great weight, agrees."""
    rng = np.random.default_rng(0)
    maps = rng.random((4, 6))
    result = CommonTotal(1.5)(maps)
    matrix = np.vstack([np.eye(4), np.full((1, 4), 1e4)])
    for column, expected in zip(maps.T, result.T, strict=True):
        nearest, _ = nnls(matrix, np.append(column, 1.5e4))
        np.testing.assert_allclose(nearest, expected, atol=1e-6)


def test_empty_maps_and_masks_stay():
    assert not CommonTotal()(np.zeros((2, 3, 3))).any()
    maps = np.ones((2, 3, 3))
    maps[:, 1, 1] = np.nan
    assert np.isnan(CommonTotal(4)(maps)[:, 1, 1]).all()


@pytest.mark.parametrize("total", [0, -1, np.inf, np.nan])
def test_totals_that_make_no_sense_are_refused(total):
    with pytest.raises(ValueError, match="total"):
        CommonTotal(total)
