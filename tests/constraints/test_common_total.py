"""Laws of maps of a common total."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hspy_cnmf.constraints import CommonTotal
from hspy_cnmf.constraints.base import prepare

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


def test_proportions_stay():
    maps = np.random.default_rng(0).random((4, 6))
    result = CommonTotal(1.5)(maps)
    np.testing.assert_allclose(result / result[0], maps / maps[0])


def test_empty_maps_are_even_and_masks_stay():
    assert not CommonTotal()(np.zeros((2, 3, 3))).any()
    np.testing.assert_allclose(CommonTotal(6)(np.zeros((2, 3, 3))), 3)
    maps = np.ones((2, 3, 3))
    maps[:, 1, 1] = np.nan
    assert np.isnan(CommonTotal(4)(maps)[:, 1, 1]).all()


@pytest.mark.parametrize("total", [0, -1, np.inf, np.nan])
def test_totals_that_make_no_sense_are_refused(total):
    with pytest.raises(ValueError, match="total"):
        CommonTotal(total)


def test_patterns_have_no_common_total():
    with pytest.raises(ValueError, match="give it as loading_constraint"):
        prepare(CommonTotal(), np.ones((4, 5), bool), "factor_constraint")
