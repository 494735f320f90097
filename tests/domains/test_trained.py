"""Laws of trained models: kept as bytes, and applied to patterns."""

import json

import numpy as np
import pytest

from hspy_cnmf.domains.linear import LinearEmbedding
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.trained import TrainedModel
from tests.helpers.domain_scans import square_view, two_halves

FIELDS = ("places", "probabilities")


@pytest.fixture(scope="module")
def case():
    """A model of two structures of 16 x 16 cells, its patterns and their labels."""
    counts, labels = two_halves(0, electrons=400)
    counts = np.kron(counts.reshape(-1, 8, 8), np.ones((2, 2))).reshape(144, 256)
    around = Neighbourhood(np.ones((12, 12), bool))
    embedding = LinearEmbedding.fit(counts, 1600.0, around, 2)
    places = embedding.embed(counts)
    model = TrainedModel.of(embedding, square_view(), places, np.eye(2)[labels])
    return model, counts, labels


def test_bytes_hold_the_whole_model(case):
    model, counts, _ = case
    again = TrainedModel.from_bytes(model.to_bytes())
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(again, name), getattr(model, name))
    assert again.view.units == model.view.units
    assert again.view.center == model.view.center
    places, probabilities = again.classify(counts)
    expected = model.classify(counts)
    np.testing.assert_allclose(places, expected[0], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(probabilities, expected[1], atol=1e-3)


def test_patterns_that_it_knows_are_classified(case):
    model, counts, labels = case
    _, probabilities = model.classify(counts)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), labels)


def test_structures_are_patterns_of_the_domains(case):
    model, counts, labels = case
    means = np.stack([counts[labels == k].mean(axis=0) for k in (0, 1)])
    correlations = np.corrcoef(model.structures, means)[:2, 2:]
    np.testing.assert_array_equal(correlations.argmax(axis=1), [0, 1])
    assert np.diag(correlations).min() > 0.95


def test_decoded_images_have_unit_sum(case):
    model, _, _ = case
    images = model.decode(model.places[:5])
    assert images.shape == (5, 16, 16)
    np.testing.assert_allclose(images.sum(axis=(1, 2)), 1, rtol=1e-6)


def test_square_patterns_are_not_turned(case):
    model, counts, labels = case
    np.testing.assert_array_equal(model.turns(counts, labels), 0)


def test_few_places_are_remembered_of_many(case):
    model, _, _ = case
    places = np.arange(12000.0)[:, np.newaxis]
    kept = TrainedModel.of(model.embedding, model.view, places, places)
    assert len(kept.places) == len(kept.probabilities) == 5000
    assert kept.places[0] == 0 and kept.places[-1] == 11999


def changed(model, **changes):
    """Return the bytes of a model of which some arrays are others."""
    import io

    with np.load(io.BytesIO(model.to_bytes())) as file:
        arrays = dict(file) | changes
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_what_is_no_model_is_refused_in_words(case):
    model, _, _ = case
    with pytest.raises(ValueError, match="damaged"):
        TrainedModel.from_bytes(changed(model, places=model.places + 1))
    header = np.array(json.dumps({"format": 7, "hspy_cnmf": "9.0"}))
    with pytest.raises(ValueError, match=r"format 7 \(hspy-cnmf 9.0\)"):
        TrainedModel.from_bytes(changed(model, header=header))
    header = np.array(json.dumps({"format": 2, "hspy_cnmf": "0.1", "options": {}}))
    with pytest.raises(ValueError, match="or a neural network; this version reads"):
        TrainedModel.from_bytes(changed(model, header=header))
    for content in (b"", b"something else", model.to_bytes()[:200]):
        with pytest.raises(ValueError, match="no trained model"):
            TrainedModel.from_bytes(content)
