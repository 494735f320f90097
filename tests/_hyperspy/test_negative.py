"""Data without negative values, by clipping or shifting."""

import dask.array as da
import numpy as np
import pytest
from hyperspy.signals import Signal1D
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hspy_cnmf._hyperspy.negative import without_negative

DATA = hnp.arrays(
    st.sampled_from(["int8", "int16", "int32", "float32", "uint8"]), (3, 4, 5)
)


def signals(data):
    lazy = Signal1D(data).as_lazy()
    lazy.data = da.from_array(data, chunks=(2, 3, 5)[: data.ndim])
    return Signal1D(data.copy()), lazy


@given(DATA)
@settings(deadline=None)
def test_clipping_leaves_what_is_not_negative(data):
    data = np.nan_to_num(data)
    for signal in signals(data):
        clipped = without_negative(signal, "clip")
        assert clipped.data.dtype == data.dtype
        assert isinstance(clipped.data, type(signal.data))
        np.testing.assert_array_equal(clipped.data, np.maximum(data, 0))
        np.testing.assert_array_equal(signal.data, data)


@given(DATA)
@settings(deadline=None)
def test_shifting_keeps_all_differences(data):
    data = (
        np.nan_to_num(data, posinf=1e6, neginf=-1e6).clip(-1e6, 1e6).astype(data.dtype)
    )
    expected = data.astype("float64") - min(float(data.min()), 0)
    for signal in signals(data):
        shifted = without_negative(signal, "shift")
        np.testing.assert_allclose(shifted.data, expected, rtol=1e-6, atol=1e-30)
        np.testing.assert_array_equal(signal.data, data)


def test_nan_stay_and_refuse_leaves_the_signal_alone():
    data = np.array([[1.0, -2, np.nan], [0, 3, 4]])
    for signal in signals(data):
        for how, lowest in (("clip", 0), ("shift", -2)):
            values = np.asarray(without_negative(signal, how).data)
            assert np.isnan(values[0, 2])
            assert np.nanmin(values) == 0 and values[1, 2] == 4 - lowest
        assert without_negative(signal, "refuse") is signal
    with pytest.raises(ValueError, match=r"negative must be .* not 'drop'"):
        without_negative(signal, "drop")
