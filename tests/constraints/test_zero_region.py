"""Laws of zero regions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hspy_cnmf.constraints import ZeroRegion

IMAGES = arrays(np.float32, (2, 4, 5), elements=st.floats(0, 100, width=32))


@settings(deadline=None)
@given(images=IMAGES, mask=arrays(bool, (4, 5)))
def test_nothing_is_left_in_the_region_and_all_elsewhere(images, mask):
    mask[0, 0] = False
    region = ZeroRegion(mask)
    result = region(images)
    assert not result[:, mask].any() and result.dtype == images.dtype
    np.testing.assert_array_equal(result[:, ~mask], images[:, ~mask])
    np.testing.assert_array_equal(region(result), result)


def test_masked_pixels_take_no_part():
    images = np.ones((1, 4, 5))
    images[:, 1] = np.nan
    mask = np.zeros((4, 5), bool)
    mask[:2] = True
    result = ZeroRegion(mask)(images)
    assert np.isnan(result[0, 1]).all() and not result[0, 0].any()


def test_regions_that_leave_nothing_or_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="covers all 20"):
        ZeroRegion(np.ones((4, 5), bool))(np.ones((1, 4, 5)))
    with pytest.raises(ValueError, match="shape \\(4, 5\\)"):
        ZeroRegion(np.ones((5, 4), bool))(np.ones((1, 4, 5)))
    with pytest.raises(ValueError, match="int"):
        ZeroRegion(np.zeros((4, 5), int))(np.ones((1, 4, 5)))


def test_it_is_told_in_a_few_words():
    assert repr(ZeroRegion(np.eye(4, dtype=bool))) == "ZeroRegion(4 of 16)"
