"""Laws of the advice to sum pixels, and what following it brings."""

import re

import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import data, get_result
from hspy_cnmf.patterns.few_counts import (
    advice,
    advised_binning,
    are_counts,
)
from tests.helpers.maps import map_correlations

shapes = st.tuples(*[st.integers(1, 2048)] * 2)


@given(st.floats(1e-6, 1e3), shapes)
def test_summed_pixels_have_counts_and_leave_a_detector(counts, shape):
    binning = advised_binning(counts, shape)
    assert binning & (binning - 1) == 0 and binning >= 1
    assert binning == 1 or min(shape) / binning >= 32
    if counts >= 0.15:
        assert binning == 1
    if binning > 1:
        assert counts * binning**2 < 0.61  # not more than it takes


@given(st.floats(1e-6, 0.01), st.integers(1, 5000))
def test_spectra_are_left_alone(counts, n_channels):
    assert advised_binning(counts, (n_channels,)) == 1
    assert advised_binning(0.0, (128, 128)) == 1


def test_nothing_is_said_where_all_were_found_or_counts_are_many():
    assert advice(0.06, (128, 128), 2, 4, 4) == ""
    assert advice(2.0, (128, 128), 2, 3, 4) == ""
    assert "s.rebin(scale=(1, 2, 2))" in advice(0.06, (128, 128), 1, 3, 4)


def test_with_very_few_counts_what_is_found_may_be_noise():
    assert "s.rebin(scale=(1, 1, 4, 4))" in advice(0.02, (128, 128), 2, 4, 4)


@pytest.mark.parametrize("lazy", [False, True])
@given(st.data())
@settings(max_examples=5, deadline=None)
def test_the_advised_rebinning_works_on_any_detector(lazy, data):
    rows, columns = (data.draw(st.integers(64, 90)) for _ in range(2))
    said = advice(1e-3, (rows, columns), 2, 1, 2)
    advised = re.search(r"s\.(isig.*)?rebin\(scale=.*?\)\)", said).group()
    s = hs.signals.Signal2D(np.ones((2, 1, rows, columns), np.uint8))
    s = s.as_lazy() if lazy else s
    summed = eval(advised, {"s": s})
    assert np.all(np.asarray(summed.data) == 4)
    assert summed.data.shape == (2, 1, rows // 2, columns // 2)


def test_what_was_summed_is_said_and_what_would_not_help():
    assert "4 x 4 pixels were summed" in advice(0.02, (128, 128), 2, 4, 4, summed=4)
    assert "be noise" not in advice(0.02, (128, 128), 2, 3, 4, summed=4)
    assert "be noise" in advice(0.006, (128, 128), 2, 3, 4, summed=4)
    without = advice(0.02, (128, 128), 2, 3, 4, summed=1)
    assert "no more would stand out" in without and "rebin" not in without
    assert advice(2.0, (128, 128), 2, 3, 4, summed=1) == ""


def test_crystals_of_few_electrons_are_found_in_summed_pixels():
    signal, truth = data.four_phases(dose=300, random_state=0, return_truth=True)
    true = truth.loadings.data.reshape(4, -1)
    options = {"random_state": 0, "n_init": 2, "print_info": False}
    options |= {"algorithm": "constrained_nmf", "show_progressbar": False}
    signal.decomposition(output_dimension=6, **options)
    said = [note for note in get_result(signal).notes if "counts a pixel" in note]
    assert len(said) == 1 and "pixels were summed" in said[0]
    found = map_correlations(signal.learning_results.loadings.T, true)
    # The map of the matrix, the first, is nearly flat: noise is much of it.
    assert found[1:].min() > 0.85 and found[0] > 0.6
    maps = signal.get_decomposition_loadings().inav[:4]
    signal.decomposition(output_dimension=4, fixed_loadings=maps, **options)
    assert not any("counts a pixel" in note for note in get_result(signal).notes)


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_only_counts_are_few(dtype):
    signal = data.turned_grains(
        (8, 8), n_grains=2, dose=20, random_state=0, detector_shape=(64, 64)
    )
    signal.change_dtype(dtype)
    if dtype is np.float32:
        signal.data *= 0.37
    signal.decomposition(
        algorithm="constrained_nmf", output_dimension=5, random_state=0, n_init=1,
        print_info=False, show_progressbar=False,
    )  # fmt: skip
    said = any("counts a pixel" in note for note in get_result(signal).notes)
    assert said == (dtype is np.uint16)


def test_scans_of_a_series_are_counts_if_all_are():
    assert are_counts(np.uint8) and are_counts("uint16, uint64")
    assert not are_counts("uint16, float32") and not are_counts(float)
