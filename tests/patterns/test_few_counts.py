"""Laws of the advice to sum pixels, and what following it brings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf import data, get_result, structure_mask
from hspy_cnmf.patterns.few_counts import (
    advice,
    advice_on_bright_pixels,
    advised_binning,
    bright_pixels_hide,
    bright_pixels_outshine,
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


@given(st.floats(1, 1e6), st.integers(1, 20), st.floats(0.01, 100))
def test_bright_pixels_hide_others_until_counts_are_many(dose, n_bright, ratio):
    mean = np.full(400, dose / 400)
    mean[:n_bright] *= 10 + ratio
    hides = bright_pixels_hide(mean)
    assert hides == (0.02 * np.square(mean[n_bright:]).sum() < mean.max())
    assert bright_pixels_hide(mean[::-1]) == hides
    assert not bright_pixels_hide(1e9 * mean)


@given(st.integers(41, 400))
def test_many_bright_pixels_hide_nothing(n_bright):
    mean = np.full(400, 0.01)
    mean[:n_bright] = 1
    assert not bright_pixels_hide(mean)


def test_weighting_finds_what_the_direct_beam_hides():
    signal, truth = data.crystallised_film(
        (24, 24), dose=1000, random_state=0, return_truth=True
    )
    labels = truth.labels.data.ravel()
    true = np.array([labels == k for k in np.unique(labels)], dtype=float)
    settings = {"random_state": 0, "n_init": 2, "print_info": False}
    settings |= {"algorithm": "constrained_nmf", "show_progressbar": False}
    signal.decomposition(output_dimension=6, **settings)
    (said,) = [note for note in get_result(signal).notes if "brightest" in note]
    assert "normalize_poissonian_noise=True" in said and "structure_mask" in said
    missed = map_correlations(signal.learning_results.loadings.T, true)
    signal.decomposition(
        output_dimension=6, normalize_poissonian_noise=True, **settings
    )
    found = map_correlations(signal.learning_results.loadings.T, true)
    assert found.min() > 0.65 > 0.4 > missed.max()
    assert not any("brightest" in note for note in get_result(signal).notes)


def test_the_direct_beam_is_one_of_images():
    mean = np.array([100.0, *np.full(30, 0.1)])
    assert "direct beam" in advice_on_bright_pixels(mean, (4, 8))
    assert "direct beam" not in advice_on_bright_pixels(mean, (31,))
    assert advice_on_bright_pixels(1e9 * mean, (31,)) == ""


@given(st.floats(1e-6, 1e6), st.integers(1, 41), st.floats(11, 1e3))
def test_what_outshines_does_so_in_any_unit(unit, n_bright, ratio):
    mean = np.ones(400)
    mean[:n_bright] = ratio
    few = n_bright <= 40
    share = n_bright * ratio**2 / (n_bright * ratio**2 + 400 - n_bright)
    assert bright_pixels_outshine(unit * mean) == (few and share > 0.99)
    said = advice_on_bright_pixels(mean, (20, 20), counts=False)
    assert ("structure_mask" in said) == (few and share > 0.99)
    assert advice_on_bright_pixels(mean, (400,), counts=False) == ""


def test_a_beam_that_outshines_all_is_told_of_data_that_are_no_counts():
    signal = data.oriented_grains((12, 12), dose=3000, random_state=0)
    signal.change_dtype("float32")
    signal.data *= 0.37
    settings = {"random_state": 0, "n_init": 1, "print_info": False, "max_iter": 20}
    settings |= {"algorithm": "constrained_nmf", "show_progressbar": False}
    signal.decomposition(output_dimension=3, **settings)
    assert any("outshine" in note for note in get_result(signal).notes)
    mask = structure_mask(signal)
    signal.decomposition(output_dimension=3, signal_mask=mask, **settings)
    assert not any("outshine" in note for note in get_result(signal).notes)
