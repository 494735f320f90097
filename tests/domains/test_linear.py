"""Laws of linear embeddings: coordinates in units of the noise."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.linear import LinearEmbedding, stabilised
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from tests.helpers.domain_scans import two_halves

SEEDS = st.integers(0, 1000)


def test_roots_of_counts_have_one_variance_however_bright():
    means = np.array([4.0, 20, 100, 876])
    counts = np.random.default_rng(0).poisson(means, (20000, 4)).astype(float)
    counts[:, 3] += 1000 - counts.sum(axis=1)  # of one total, as scaled patterns are
    found = stabilised(counts, 1000.0)[:, :3]
    np.testing.assert_allclose(4 * found.var(axis=0), 1, atol=0.06)


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.floats(1e-2, 1e3))
def test_brightness_of_patterns_is_not_seen(seed, factor):
    counts, _ = two_halves(seed)
    around = Neighbourhood(np.ones((12, 12), bool))
    embedding = LinearEmbedding.fit(counts, 300.0, around, 2)
    np.testing.assert_allclose(
        embedding.embed(factor * counts), embedding.embed(counts), rtol=1e-3, atol=1e-3
    )


def test_the_dimension_that_is_asked_for_is_given():
    counts, _ = two_halves(0)
    around = Neighbourhood(np.ones((12, 12), bool))
    for dimension in (1, 3, 7):
        embedding = LinearEmbedding.fit(counts, 300.0, around, 2, dimension)
        assert embedding.embed(counts).shape == (144, dimension)
        assert (embedding.decode(embedding.embed(counts)) > 0).all()


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_noise_of_an_embedding_has_unit_variance_whatever_jitters(seed):
    counts, labels = two_halves(seed)
    jitter = np.random.default_rng(seed).normal(0, 0.2, (144, 1))
    counts *= np.exp(jitter * np.linspace(-1, 1, 64)).astype(np.float32)
    around = Neighbourhood(np.ones((12, 12), bool))
    embedding = LinearEmbedding.fit(counts, 300.0, around, 2)
    places = embedding.embed(counts)
    inside = around.differences(places)
    spread = np.median(np.abs(inside), axis=0) / 0.6745
    assert (spread < 1.6).all() and (spread > 0.3).all()
    gap = places[labels == 0, 0].mean() - places[labels == 1, 0].mean()
    assert abs(gap) > 4


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_dark_positions_are_no_further_from_each_other_than_others(seed):
    """Vacuum with a twentieth of the electrons, beside two structures."""
    counts, labels = two_halves(seed, (18, 12))
    rng, is_dark = np.random.default_rng(seed), np.arange(216) < 108
    flat = np.full((216, 64), 15 / 64, np.float32)
    counts = np.where(is_dark[:, np.newaxis], rng.poisson(flat), counts)
    around = Neighbourhood(np.ones((18, 12), bool))
    counts = counts.astype(np.float32)
    places = LinearEmbedding.fit(counts, 150.0, around, 3).embed(counts)
    one = ~is_dark & (labels == 0)
    spread = [places[inside].std(axis=0).mean() for inside in (is_dark, one)]
    assert spread[0] < 2.5 * spread[1]


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_decoded_places_are_the_mean_patterns(seed):
    counts, labels = two_halves(seed, electrons=3000)
    around = Neighbourhood(np.ones((12, 12), bool))
    embedding = LinearEmbedding.fit(counts, 3000.0, around, 2)
    centers = np.stack(
        [embedding.embed(counts)[labels == k].mean(axis=0) for k in (0, 1)]
    )
    expected = np.stack([counts[labels == k].mean(axis=0) for k in (0, 1)])
    np.testing.assert_allclose(embedding.decode(centers), expected, rtol=0.1, atol=2)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_of_few_electrons_surroundings_tell_more_than_single_patterns(seed):
    """Two halves that differ in a tenth of many cells, each with hardly a count."""
    rng = np.random.default_rng(seed)
    labels = np.arange(24) // 12 * np.ones((24, 1), int)
    labels = labels.ravel()
    brighter = (rng.random(600) < 0.1) * labels[:, np.newaxis]
    counts = rng.poisson(0.1 * (1 + 1.5 * brighter)).astype(np.float32)
    around = Neighbourhood(np.ones((24, 24), bool))
    apart = []
    for is_smooth in (False, True):
        given = (counts, 60.0, around, 2, 3, seed, is_smooth)
        places = LinearEmbedding.fit(*given).embed(counts)
        one, other = places[labels == 0], places[labels == 1]
        gap = other.mean(axis=0) - one.mean(axis=0)
        apart.append(gap @ np.linalg.solve(np.cov(one.T) + np.cov(other.T), gap))
    assert apart[1] > apart[0]
