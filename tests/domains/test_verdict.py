"""Whether maps of domains are trusted."""

import numpy as np
import pytest

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Components, Division, Trial
from hspy_cnmf.domains.repeats import Repeats
from hspy_cnmf.domains.verdict import doubts, number_doubts
from tests.helpers.domain_scans import (
    explanation_of,
    scan_of,
    square_view,
    two_halves,
)

COUNTS, LABELS = two_halves(0)
EXPLANATION = explanation_of(COUNTS, LABELS, (12, 12))
SURE_SCORE = np.full(144, 5.0) + np.arange(144) % 3


@pytest.fixture(scope="module")
def scan():
    """Patterns of 16 x 16 cells in two halves."""
    counts, labels = COUNTS, LABELS
    scan = scan_of(counts, (12, 12))
    patterns = np.kron(counts.reshape(-1, 8, 8), np.ones((2, 2))).reshape(144, 256)
    return type(scan)(patterns, 1200.0, scan.neighbourhood, scan.nuisances), labels


def found(
    scan,
    labels,
    score=SURE_SCORE,
    n_domains=2,
    others=(),
    explanation=EXPLANATION,
    components=None,
):
    posteriors = [np.eye(n_domains)[some] for some in (labels, *others)]
    repeats = Repeats([Division(p, score, explanation, components) for p in posteriors])
    return doubts(repeats, posteriors[0], scan, square_view())


def test_two_sure_halves_have_none(scan):
    assert found(*scan) == []


def test_scores_no_better_than_noise_are_doubted(scan):
    score = np.random.default_rng(0).normal(0, 1, 144)
    score -= score.mean()
    (doubt,) = found(*scan, score)
    assert "2 domains explain held-out electrons no better than one" in doubt
    assert "more counts than 1200 a pattern" in doubt


def test_one_domain_of_all_positions_is_doubted(scan):
    (doubt,) = found(scan[0], np.zeros(144, int), n_domains=3)
    assert "one domain holds 100.0 %" in doubt and "fewer domains than 3" in doubt


def test_repeats_that_do_not_agree_are_doubted(scan):
    rng = np.random.default_rng(0)
    others = [rng.permutation(scan[1]) for _ in range(6)]
    (doubt,) = found(*scan, others=others)
    assert "repeats agree on" in doubt and "different labels" in doubt


def test_a_bright_beam_is_to_be_masked(scan):
    patterns = scan[0].patterns.reshape(144, 16, 16).copy()
    patterns[:, 7:9, 7:9] += 1e4
    bright = type(scan[0])(
        patterns.reshape(144, 256), 4e4, scan[0].neighbourhood, scan[0].nuisances
    )
    (doubt,) = found(bright, np.zeros(144, int))
    assert "mask the direct beam" in doubt


def test_a_domain_in_two_halves_of_its_own_is_doubted(scan):
    """The rows above and below of one half are no domains; the other half is one."""
    upper = np.arange(144) < 72
    labels = np.where(scan[1] == 1, 2, upper)
    explanation = explanation_of(COUNTS, labels, (12, 12))
    (doubt,) = found(scan[0], labels, n_domains=3, explanation=explanation)
    assert "domains 0 and 1 explain" in doubt and "hardly better than one" in doubt


def test_domains_merged_although_two_others_are_as_alike_are_doubted(scan):
    """Three structures in two domains: of the first two, which are least alike."""
    rng = np.random.default_rng(0)
    one, other = 0.1 + rng.exponential(1, (2, 64)) ** 2
    spots = np.stack([one, other, 0.8 * other + 0.2 * one])
    thirds = np.tile(np.arange(3).repeat(4), 12)
    patterns = 300 * spots / spots.sum(axis=1, keepdims=True)
    counts = rng.poisson(patterns[thirds]).astype(np.float32)
    trial = Trial.of(scan_of(counts, (12, 12)), 3, None, rng)
    finer = Components.of(trial, np.eye(3)[thirds], Way(2, False))
    wrong, right = np.array([0, 0, 1])[thirds], np.array([0, 1, 1])[thirds]
    explained = [
        Components.of(trial, np.eye(2)[labels], Way(1, False)).explanation(2)
        for labels in (wrong, right)
    ]
    (doubt,) = found(scan[0], wrong, explanation=explained[0], components=finer)
    assert "another division" in doubt and "differs in 33 %" in doubt
    assert found(scan[0], right, explanation=explained[1], components=finer) == []


def test_an_unclear_number_is_doubted_and_a_clear_or_a_given_one_is_not():
    assert number_doubts(None) == number_doubts((3, 3)) == []
    (doubt,) = number_doubts((3, 7))
    assert "between 3 and 7" in doubt and "n_domains" in doubt
