"""Laws of sparsity."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hspy_cnmf.constraints import Sparsity

MAPS = arrays(np.float32, (2, 4, 5), elements=st.floats(0, 1000, width=32))


@settings(deadline=None)
@given(maps=MAPS, fraction=st.floats(0, 0.9))
def test_what_is_strong_stays_and_what_is_faint_goes(maps, fraction):
    sparsity = Sparsity(fraction)
    result = sparsity(maps)
    assert result.dtype == maps.dtype
    assert set(np.unique(result)) <= set(np.unique(maps)) | {0}
    np.testing.assert_array_equal(result.max(axis=(1, 2)), maps.max(axis=(1, 2)))
    np.testing.assert_array_equal(sparsity(result), result)
    np.testing.assert_array_equal(sparsity(4 * maps), 4 * result)


def test_masked_pixels_take_no_part():
    maps = np.array([[[1.0, np.nan], [10, 0.2]]])
    np.testing.assert_array_equal(Sparsity(0.05)(maps), [[[1, np.nan], [10, 0]]])


@pytest.mark.parametrize("fraction", [-0.1, 1, np.nan])
def test_fractions_out_of_range_are_refused(fraction):
    with pytest.raises(ValueError, match="fraction"):
        Sparsity(fraction)
