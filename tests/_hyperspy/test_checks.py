"""Checks of signals, of counts and of components, with errors that say what to do."""

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from hyperspy._lazy_signals import LazySignal1D
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf._hyperspy.checks import check_counts, check_signal, component_indices
from hspy_cnmf.operators.inspection import Inspection


@given(st.integers(1, 9), st.data())
def test_numbers_and_lists_of_components_mean_the_same(n, data):
    k = data.draw(st.integers(1, n))
    np.testing.assert_array_equal(component_indices(k, n), np.arange(k))
    np.testing.assert_array_equal(component_indices(range(k), n), np.arange(k))
    np.testing.assert_array_equal(component_indices(None, n), np.arange(n))
    for beyond in (n + 1, [n], [-1], []):
        with pytest.raises(IndexError, match=f"has {n} components"):
            component_indices(beyond, n)
    with pytest.raises(TypeError, match="components="):
        component_indices([0.5], n)


@pytest.mark.parametrize(
    "signal, error",
    [
        (np.ones((3, 4)), TypeError),
        (hs.signals.Signal1D(np.ones((3, 4), complex)), TypeError),
        (hs.signals.Signal1D(np.ones(4)), ValueError),
        (hs.signals.Signal1D(np.ma.masked_less(np.ones((3, 4)), 0)), TypeError),
        (
            LazySignal1D(da.from_array(np.ma.masked_less(np.ones((3, 4)), 0))),
            TypeError,
        ),
    ],
)
def test_what_cannot_be_factorised_is_refused(signal, error):
    with pytest.raises(error):
        check_signal(signal)


def inspect(values):
    found = Inspection.of_nothing(*values.shape)
    found.add(slice(0, len(values)), values)
    return found


@pytest.mark.parametrize(
    "place, value, words",
    [
        ((2, 1), np.nan, r"navigation index \(2,\), signal index \(3,\)"),
        ((2, 1), -5.0, "1 negative values, the lowest -5"),
        ((0, 0), 1e20, "rescale"),
        (slice(None), 0.0, "zero everywhere"),
    ],
)
def test_what_is_no_count_is_named_with_its_place(place, value, words):
    values = np.ones((4, 2))
    values[place] = value
    keep = np.ones(4, bool), np.array([False, True, False, True])
    check_counts(inspect(np.ones((4, 2))), *keep)
    with pytest.raises(ValueError, match=words):
        check_counts(inspect(values), *keep)
