"""Laws of the note on a dark level, and that crystals are found in spite of it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf import data, get_result
from hspy_cnmf.patterns.dark_level import dark_level_note
from tests.helpers.maps import map_correlations

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.floats(5, 1e4))
def test_a_level_above_all_else_is_told(seed, level):
    pattern = np.random.default_rng(seed).random((8, 9)) + level
    assert f"s - {np.quantile(pattern, 0.01):.4g}" in dark_level_note(pattern, level)
    assert dark_level_note(pattern, 0.0) == ""  # somewhere nothing was counted
    pattern[0] = np.nan
    assert dark_level_note(pattern, level)


@given(seeds, st.floats(0, 0.5))
def test_a_level_below_what_is_counted_is_not(seed, level):
    pattern = np.random.default_rng(seed).random((8, 9)) + level
    assert dark_level_note(pattern, max(level, 1e-3)) == ""


def test_spectra_may_have_any_background():
    assert dark_level_note(np.full(20, 3.0), 3.0) == ""
    assert dark_level_note(np.full((2, 3), np.nan), 3.0) == ""


def test_no_level_is_seen_in_what_has_none():
    signal = data.four_phases((9, 9), dose=1e6, random_state=0)
    mean = np.asarray(signal.data, float).mean((0, 1))
    assert dark_level_note(mean, 1.0) == ""


def test_crystals_are_found_beside_a_dark_level():
    signal, truth = data.four_phases(
        dose=20000, random_state=0, detector_shape=(64, 64), return_truth=True
    )
    random = np.random.default_rng(0)
    noise = random.normal(100, 6, signal.data.shape)
    signal.data = np.rint(4.0 * signal.data + noise).astype("uint16")
    signal.decomposition(
        algorithm="constrained_nmf", output_dimension=5, random_state=0, n_init=2,
        print_info=False, show_progressbar=False,
    )  # fmt: skip
    assert any("dark level" in note for note in get_result(signal).notes)
    true = truth.loadings.data.reshape(4, -1)
    true = true[true.std(axis=1) > 0]
    found = map_correlations(signal.learning_results.loadings.T, true)
    assert np.sort(found)[-3:].min() > 0.9
