"""Laws of repeats, and of the rounds that they are made in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.division import Division
from hspy_cnmf.domains.held_out import SURE, surplus
from hspy_cnmf.domains.rounds import Repeats
from tests.helpers.domain_scans import explanation_of, two_halves

COUNTS, LABELS = two_halves(0)
EXPLANATION = explanation_of(COUNTS, LABELS, (12, 12))


def division(score, labels, n_domains=2):
    posterior = np.eye(n_domains)[labels]
    return Division(posterior, np.asarray(score, float), EXPLANATION)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_surplus_is_in_standard_errors_whatever_the_unit(seed, unit):
    one, other = np.random.default_rng(seed).normal(0, 1, (2, 40))
    difference = one - other
    expected = difference.mean() / (difference.std() / np.sqrt(40))
    assert surplus(one, other) == pytest.approx(expected)
    assert surplus(unit * one, unit * other) == pytest.approx(expected)


def test_repeats_that_are_surely_worse_do_not_count():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 20)
    best = rng.normal(3, 1, 40)
    near, bad = best + rng.normal(-0.05, 1, 40), best - rng.normal(5, 1, 40)
    repeats = Repeats([division(s, labels) for s in (bad, near, best)])
    assert (
        repeats.best
        is repeats.divisions[np.argmax([bad.sum(), near.sum(), best.sum()])]
    )
    assert repeats.divisions[0] not in repeats.kept
    assert all(surplus(repeats.best.score, d.score) < SURE for d in repeats.kept)
    assert len(repeats.weights) == len(repeats.kept) == len(repeats.posteriors)
    assert repeats.weights.max() == 1 and (repeats.weights > 0).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 5))
def test_repeats_agree_however_their_domains_are_numbered(seed, n_domains):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_domains, 60)
    scores = np.ones(5)
    repeats = Repeats(
        [division(scores, rng.permutation(n_domains)[labels], n_domains)] * 2
        + [division(scores, rng.permutation(n_domains)[labels], n_domains)]
    )
    assert repeats.consistency == 1
    np.testing.assert_array_equal(repeats.agreement, 1)
    # One of three differs at one position.
    other = labels.copy()
    other[7] = (other[7] + 1) % n_domains
    repeats = Repeats([*repeats.divisions[:2], division(scores, other, n_domains)])
    assert repeats.consistency == pytest.approx(1 - 1 / 180)


def test_surplus_is_antisymmetric_and_zero_of_itself():
    one, other = np.random.default_rng(0).normal(0, 1, (2, 50))
    assert surplus(one, one) == 0
    assert surplus(one, other) == pytest.approx(-surplus(other, one))
