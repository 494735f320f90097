"""Laws of electrons that are held out, and of what judges by them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Components, Division
from hspy_cnmf.domains.envelopes import structures_of
from hspy_cnmf.domains.held_out import (
    SURE,
    TRAINED,
    Judge,
    Trial,
    surplus,
    thinned,
)
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from tests.helpers.domain_scans import scan_of, two_halves

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
def test_patterns_of_a_boundary_are_explained_by_both_domains(seed):
    columns = np.arange(144) % 12
    shares = np.clip((columns - 4.5) / 2, 0, 1)[:, np.newaxis]  # two columns of both
    rng = np.random.default_rng(seed)
    one, other = 20 * rng.exponential(1, (2, 64)) ** 2
    counts = rng.poisson((1 - shares) * one + shares * other).astype(np.float32)
    judge, labels = judge_of(counts, (12, 12), seed, False), (columns >= 6).astype(int)
    means = np.stack([judge.train[labels == k].mean(axis=0) for k in (0, 1)])
    plain = structures_of(labels, means, judge.train)
    rates = np.log(plain / plain.sum(axis=1, keepdims=True))[labels]
    gain = score(judge, labels) - (judge.test * rates).sum(axis=1)
    edge = (columns == 5) | (columns == 6)
    assert surplus(gain[edge], 0 * gain[edge]) > SURE
    np.testing.assert_allclose(gain[~edge], 0, atol=1e-2)


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_domains_that_are_not_there_explain_nothing(seed):
    counts = np.random.default_rng(seed).poisson(3, (144, 64)).astype(np.float32)
    judge = judge_of(counts, (12, 12), seed)
    labels = np.random.default_rng(seed + 1).integers(0, 3, 144)
    assert surplus(score(judge, labels), score(judge, 0 * labels)) < SURE


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_surplus_is_in_standard_errors_whatever_the_unit(seed, unit):
    one, other = np.random.default_rng(seed).normal(0, 1, (2, 40))
    difference = one - other
    expected = difference.mean() / (difference.std() / np.sqrt(40))
    assert surplus(one, other) == pytest.approx(expected)
    assert surplus(unit * one, unit * other) == pytest.approx(expected)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("tilt_invariant", [True, False])
def test_positions_and_domains_without_counts_change_nothing_else(tilt_invariant):
    counts, labels = two_halves(0, bent=True)
    empty, found = np.arange(144) % 12 == 11, []
    for domain in (1, 2):  # with others, and alone
        judge = judge_of(counts, (12, 12), 0, tilt_invariant)
        judge.train[empty] = judge.test[empty] = 0
        found.append(score(judge, np.where(empty, domain, labels)))
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(np.array(found)[:, empty], 0)
    np.testing.assert_allclose(*np.array(found)[:, ~empty], rtol=0.1)


def test_surplus_is_antisymmetric_and_zero_of_itself():
    one, other = np.random.default_rng(0).normal(0, 1, (2, 50))
    assert surplus(one, one) == 0
    assert surplus(one, other) == pytest.approx(-surplus(other, one))


@pytest.fixture(scope="module")
def halves():
    """A trial of two structures side by side, and whose each position is."""
    counts, labels = two_halves(0)
    scan = scan_of(counts, (12, 12))
    return Trial.of(scan, 2, None, np.random.default_rng(0)), labels


def test_a_part_of_the_electrons_trains_and_never_the_rest(halves):
    trial, _ = halves
    assert (trial.judge.test >= 0).all() and (trial.judge.train >= 0).all()
    both = trial.judge.test + trial.judge.train
    np.testing.assert_array_equal(both, trial.scan.patterns[trial.judged])


def test_one_domain_explains_what_one_domain_does(halves):
    """A division of which one domain holds all scores nothing."""
    trial, _ = halves
    both = Components.of(trial, np.full((144, 2), 0.5), Way(2, False))
    explained = Division.of(both, 1).likelihood()
    np.testing.assert_allclose(explained, trial.one_domain, rtol=1e-5)
