"""Laws of electrons that are held out, and of what judges by them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.held_out import TRAINED, Judge, thinned
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from hspy_cnmf.domains.rounds import SURE, surplus
from tests.helpers.domain_scans import two_halves

SEEDS = st.integers(0, 1000)


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
