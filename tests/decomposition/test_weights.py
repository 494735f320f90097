"""Laws of weights that the data decide on, and what they bring."""

import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf import data, get_result
from hspy_cnmf.decomposition.weights import normalizes, weight_note
from hspy_cnmf.operators.inspection import Inspection
from tests.helpers.maps import map_correlations

SETTINGS = {
    "algorithm": "constrained_nmf",
    "random_state": 0,
    "n_init": 2,
    "print_info": False,
    "show_progressbar": False,
}


def _inspection(mean, n_positions=100):
    """Return what is told of counts of these means at every position."""
    counts = np.random.default_rng(0).poisson(mean, (n_positions, len(mean)))
    inspection = Inspection.of_nothing(n_positions, len(mean))
    inspection.add(slice(0, n_positions), counts.astype(float))
    return inspection


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
    inspection = _inspection([100.0, *np.full(30, 0.1)])
    assert normalizes(None, inspection)
    for wanted in (None, False):
        given = wanted, normalizes(wanted, inspection), inspection
        assert "direct beam" in weight_note(*given, 2)
        assert "direct beam" not in weight_note(*given, 1)
    assert weight_note(True, True, inspection, 2) == ""


def test_the_data_decide_nothing_that_was_asked_for_or_is_not_known():
    hidden = _inspection([100.0, *np.full(30, 0.1)])
    assert normalizes(True, hidden) and not normalizes(False, hidden)
    even = _inspection(np.ones(31))
    assert not normalizes(None, even) and weight_note(None, False, even, 2) == ""
