"""Laws of electrons that are held out, and of what judges by them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.held_out import TRAINED, Judge, thinned
from hspy_cnmf.domains.linear import LinearEmbedding
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from hspy_cnmf.domains.rounds import SURE, surplus

SEEDS = st.integers(0, 1000)


def two_halves(seed, shape=(12, 12), electrons=300, bent=False):
    """Return counts of two structures side by side, 8 x 8 cells, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, int)
    labels[:, shape[1] // 2 :] = 1
    spots = rng.exponential(1, (2, 64)) ** 2
    patterns = spots[labels.ravel()]
    if bent:
        x = np.tile(np.linspace(-1, 1, 8), 8)
        tilt = np.linspace(-1.5, 1.5, shape[0]).repeat(shape[1])
        patterns = patterns * np.exp(tilt[:, np.newaxis] * x)
    patterns = 0.1 + patterns
    patterns *= electrons / patterns.sum(axis=1, keepdims=True)
    return rng.poisson(patterns).astype(np.float32), labels.ravel()


def judge_of(counts, shape, seed, tilt_invariant=True):
    train, test = thinned(counts, np.random.default_rng(seed))
    covered = np.ones((8, 8), bool)
    nuisances = Nuisances.of(
        counts, covered, is_polar=False, tilt_invariant=tilt_invariant
    )
    return Judge(train, test, Neighbourhood(np.ones(shape, bool)), nuisances)


def score(judge, labels):
    n = labels.max() + 1
    means = np.stack([judge.train[labels == k].mean(axis=0) for k in range(n)])
    return judge.likelihood(labels, means, np.zeros_like(labels))


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_parts_of_counts_are_counts_and_all_of_them(seed):
    counts = np.random.default_rng(seed).poisson(20, (50, 30)).astype(np.float32)
    train, test = thinned(counts, np.random.default_rng(seed))
    np.testing.assert_array_equal(train + test, counts)
    assert abs(train.sum() / counts.sum() - TRAINED) < 0.02
    residuals = (train - TRAINED * counts) / np.sqrt(20 * TRAINED * (1 - TRAINED))
    assert abs(residuals.std() - 1) < 0.1


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.booleans())
def test_the_truth_explains_more_than_one_domain_and_than_others(seed, bent):
    counts, labels = two_halves(seed, bent=bent)
    judge = judge_of(counts, (12, 12), seed)
    truth, one = score(judge, labels), score(judge, np.zeros_like(labels))
    across = (np.arange(144) // 72).astype(int)  # rows, along which it bends
    assert surplus(truth, one) > SURE
    assert surplus(truth, score(judge, across)) > SURE


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_domains_that_are_not_there_explain_nothing(seed):
    counts = np.random.default_rng(seed).poisson(3, (144, 64)).astype(np.float32)
    judge = judge_of(counts, (12, 12), seed)
    labels = np.random.default_rng(seed + 1).integers(0, 3, 144)
    assert surplus(score(judge, labels), score(judge, 0 * labels)) < SURE


def test_surplus_is_antisymmetric_and_zero_of_itself():
    one, other = np.random.default_rng(0).normal(0, 1, (2, 50))
    assert surplus(one, one) == 0
    assert surplus(one, other) == pytest.approx(-surplus(other, one))


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
def test_decoded_places_are_the_mean_patterns(seed):
    counts, labels = two_halves(seed, electrons=3000)
    around = Neighbourhood(np.ones((12, 12), bool))
    embedding = LinearEmbedding.fit(counts, 3000.0, around, 2)
    centers = np.stack(
        [embedding.embed(counts)[labels == k].mean(axis=0) for k in (0, 1)]
    )
    expected = np.stack([counts[labels == k].mean(axis=0) for k in (0, 1)])
    np.testing.assert_allclose(embedding.decode(centers), expected, rtol=0.1, atol=2)


def test_turned_patterns_are_turned_back():
    covered = np.ones((4, 12), bool)
    rng = np.random.default_rng(0)
    pattern = rng.exponential(1, (4, 12))
    turns = np.array([0, 3, 11])
    turned = np.stack([np.roll(pattern, t, axis=1).ravel() for t in turns])
    nuisances = Nuisances.of(turned, covered, is_polar=True, tilt_invariant=True)
    found = nuisances.turns(turned, pattern.ravel())
    np.testing.assert_array_equal(found, turns)
    back = nuisances.turned_back(turned, found)
    np.testing.assert_allclose(back, np.tile(pattern.ravel(), (3, 1)))


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 2 * np.pi))
def test_envelopes_of_turned_crystals_are_made_of_the_terms(rotation):
    covered = np.ones((16, 64), bool)
    counts = np.ones((2, covered.size))
    known = Nuisances.of(counts, covered, is_polar=True, tilt_invariant=True).terms
    radius = np.linspace(0, 1, 16)[:, np.newaxis]
    azimuth = 2 * np.pi * np.arange(64) / 64 + rotation
    x, y = radius * np.cos(azimuth), radius * np.sin(azimuth)
    g2 = x**2 + y**2
    envelopes = [x**0, x, y, g2, x**2 - y**2, 2 * x * y, g2 * x, g2 * y, g2**2]
    wanted = np.stack([e.ravel() for e in envelopes])
    coefficients, *_ = np.linalg.lstsq(known.T, wanted.T, rcond=None)
    np.testing.assert_allclose(known.T @ coefficients, wanted.T, atol=1e-9)
