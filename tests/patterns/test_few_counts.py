"""Laws of the advice to sum pixels, and what following it brings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf import data, get_result
from hspy_cnmf.patterns.few_counts import (
    advice,
    advised_binning,
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
    assert advice(0.02, (128, 128), 2, 4, 4) == ""
    assert advice(2.0, (128, 128), 2, 3, 4) == ""
    assert "s.rebin(scale=(1, 4, 4))" in advice(0.02, (128, 128), 1, 3, 4)


def test_the_advice_finds_what_is_missed_without():
    signal, truth = data.four_phases(dose=300, random_state=0, return_truth=True)
    true = truth.loadings.data.reshape(4, -1)
    settings = {"random_state": 0, "n_init": 2, "print_info": False}
    settings |= {"algorithm": "constrained_nmf", "show_progressbar": False}
    signal.decomposition(output_dimension=6, **settings)
    said = [note for note in get_result(signal).notes if "counts a pixel" in note]
    assert len(said) == 1 and "s.rebin(scale=(1, 1, 4, 4))" in said[0]
    missed = map_correlations(signal.learning_results.loadings.T, true)
    binned = signal.rebin(scale=(1, 1, 4, 4))
    binned.decomposition(output_dimension=6, **settings)
    maps = binned.get_decomposition_loadings().inav[:4]
    signal.decomposition(output_dimension=4, fixed_loadings=maps, **settings)
    found = map_correlations(signal.learning_results.loadings.T, true)
    assert found.min() > 0.8 > missed.min()
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
