"""Laws of weights that the data decide on, and what they bring."""

import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf import data, get_result
from hspy_cnmf.decomposition.weights import (
    ends_with_equal_weights,
    normalizes,
    weight_note,
)
from tests.helpers.maps import map_correlations

SETTINGS = {
    "algorithm": "constrained_nmf",
    "random_state": 0,
    "n_init": 2,
    "print_info": False,
    "show_progressbar": False,
}


@pytest.fixture(scope="module")
def film():
    signal, truth = data.crystallised_film(
        (24, 24), dose=1000, random_state=0, return_truth=True
    )
    labels = truth.labels.data.ravel()
    return signal, np.array([labels == k for k in np.unique(labels)], dtype=float)


def _decomposed(film, *args, factor=1, **arguments):
    signal, true = film
    signal = signal.deepcopy()
    if factor != 1:
        signal.change_dtype(np.float32)
        signal.data *= factor
    signal.decomposition(*args, output_dimension=6, **SETTINGS, **arguments)
    return signal, map_correlations(signal.learning_results.loadings.T, true)


@pytest.mark.parametrize("factor", [1, 0.37])
def test_weights_find_what_the_direct_beam_hides(film, factor):
    signal, found = _decomposed(film, factor=factor)
    (said,) = [note for note in get_result(signal).notes if "bright pixels" in note]
    assert "was normalised" in said and "structure_mask" in said
    assert signal.learning_results.poissonian_noise_normalized
    assert get_result(signal).parameters["normalize_poissonian_noise"] is True
    assert found.min() > 0.65


@pytest.mark.parametrize("by", ["place", "name"])
def test_an_answer_is_followed(film, by):
    args, named = ((False,), {}) if by == "place" else ((), {})
    if by == "name":
        named = {"normalize_poissonian_noise": False}
    signal, missed = _decomposed(film, *args, **named)
    (said,) = [note for note in get_result(signal).notes if "bright pixels" in note]
    assert "normalize_poissonian_noise=True" in said
    assert not signal.learning_results.poissonian_noise_normalized
    assert missed.max() < 0.4


def test_asking_for_what_the_data_decide_changes_nothing(film):
    chosen, _ = _decomposed(film)
    asked, _ = _decomposed(film, normalize_poissonian_noise=True)
    ours, theirs = chosen.learning_results, asked.learning_results
    np.testing.assert_array_equal(ours.factors, theirs.factors)
    np.testing.assert_array_equal(ours.loadings, theirs.loadings)
    assert not any("bright pixels" in note for note in get_result(asked).notes)


def test_a_mask_of_the_beam_leaves_equal_weights(film):
    mask = hspy_cnmf.structure_mask(film[0])
    signal, _ = _decomposed(film, signal_mask=mask)
    assert not signal.learning_results.poissonian_noise_normalized
    assert not any("bright pixels" in note for note in get_result(signal).notes)


def test_a_kept_sketch_has_decided(film):
    signal = film[0].deepcopy()
    sketch = hspy_cnmf.make_sketch(signal, random_state=0)
    assert sketch.normalized
    signal.decomposition(output_dimension=6, sketch=sketch, **SETTINGS)
    assert signal.learning_results.poissonian_noise_normalized
    with pytest.raises(ValueError, match="normalize_poissonian_noise is True"):
        signal.decomposition(
            output_dimension=6,
            sketch=sketch,
            normalize_poissonian_noise=False,
            **SETTINGS,
        )


def test_a_note_tells_what_a_kept_sketch_did(film):
    signal = film[0].deepcopy()
    sketch = hspy_cnmf.make_sketch(
        signal, random_state=0, normalize_poissonian_noise=False
    )
    signal.decomposition(output_dimension=6, sketch=sketch, **SETTINGS)
    (said,) = [note for note in get_result(signal).notes if "bright pixels" in note]
    assert "normalize_poissonian_noise=True" in said and "was normalised" not in said
    assert not signal.learning_results.poissonian_noise_normalized


def test_maps_of_known_factors_are_weighted_as_these_were(film):
    source, _ = _decomposed(film)
    scan = film[0].deepcopy()
    hspy_cnmf.apply_factors(scan, source, print_info=False)
    assert scan.learning_results.poissonian_noise_normalized


def test_the_direct_beam_is_one_of_images():
    spectrum = np.array([100.0, *np.full(63, 0.1)])
    for pattern in (spectrum, spectrum.reshape(8, 8)):
        assert normalizes(None, pattern)
        for wanted in (None, False):
            note = weight_note(wanted, normalizes(wanted, pattern), pattern)
            assert ("direct beam" in note) == (pattern.ndim == 2)
        assert weight_note(True, True, pattern) == ""


def test_the_data_decide_nothing_that_was_asked_for_or_is_not_known():
    hidden = np.array([100.0, *np.full(30, 0.1)])
    assert normalizes(True, hidden) and not normalizes(False, hidden)
    even = np.ones(31)
    assert not normalizes(None, even) and weight_note(None, False, even) == ""


def test_patterns_end_with_equal_weights_where_spots_were_normalised_unasked():
    spots = np.full((20, 20), 0.1)
    spots[4::6, 4::6] = 100
    beam = np.full((20, 20), 0.1)
    beam[9:12, 9:12] = 100
    assert ends_with_equal_weights(None, True, spots)
    assert not ends_with_equal_weights(True, True, spots)
    assert not ends_with_equal_weights(None, False, spots)
    assert not ends_with_equal_weights(None, True, beam)
    said = weight_note(None, True, spots)
    assert "equal weights throughout" in said and "direct beam" not in said


@pytest.fixture(scope="module")
def precipitates():
    """A crystal with precipitates, whose bright spots hide these."""
    (scan,), truth = data.precipitation_series(
        ((36, 36),), transient=0, random_state=6, return_truth=True
    )
    mask = hspy_cnmf.structure_mask(scan)
    return scan, mask, truth.factors.data.reshape(len(truth.names), -1)


def _patterns(precipitates, scan, **arguments):
    """Return factors, and their lowest cosine to the true ones."""
    _, mask, true = precipitates
    scan.decomposition(output_dimension=7, signal_mask=mask, **SETTINGS, **arguments)
    known = ~mask.data.ravel()
    found = np.nan_to_num(scan.learning_results.factors[known].T)
    one, other = true[:, known], found[found.any(axis=1)]
    alike = (one @ other.T).T / np.linalg.norm(one, axis=1)
    alike = alike.T / np.linalg.norm(other, axis=1)
    return found, alike.max(axis=1).min()


def test_a_crystal_everywhere_is_not_left_in_the_patterns_of_others(precipitates):
    scan = precipitates[0].deepcopy()
    _, weighted = _patterns(precipitates, scan, normalize_poissonian_noise=True)
    assert "equal_weights" not in get_result(scan).parameters
    _, default = _patterns(precipitates, scan)
    assert get_result(scan).parameters["equal_weights"]
    assert scan.learning_results.poissonian_noise_normalized
    assert weighted + 0.1 < default
    assert default > 0.9
    (said,) = [note for note in get_result(scan).notes if "bright spots" in note]
    assert "not in the patterns" in said


def test_lazy_patterns_end_with_equal_weights_as_eager_ones_do(precipitates):
    eager, lazy = precipitates[0].deepcopy(), precipitates[0].as_lazy()
    lazy.rechunk(nav_chunks=11)
    ours, _ = _patterns(precipitates, eager)
    theirs, _ = _patterns(precipitates, lazy)
    assert get_result(lazy).parameters["equal_weights"]
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * ours.max())
