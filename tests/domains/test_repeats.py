"""Laws of one answer from many repeats."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Components, Division
from hspy_cnmf.domains.held_out import SURE, Trial, surplus
from hspy_cnmf.domains.regrouping import alternatives
from hspy_cnmf.domains.repeats import (
    Repeats,
    agreement,
    changed,
    matched,
)
from tests.helpers.domain_scans import division_of, scan_of, two_halves

COUNTS, LABELS = two_halves(0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 5))
def test_renumbered_repeats_are_matched(seed, n_domains):
    generator = np.random.default_rng(seed)
    one = generator.dirichlet(np.full(n_domains, 0.2), 200)
    repeats = [one[:, generator.permutation(n_domains)] for _ in range(4)]
    found = matched(repeats)
    for repeat in found:
        np.testing.assert_array_equal(repeat, found[0])
    sizes = [np.sort(p.sum(axis=0)) for p in (found[0], one)]
    np.testing.assert_allclose(*sizes)


def test_agreement_is_the_share_of_the_commonest_label():
    labels = np.array([[0, 1, 2], [0, 1, 1], [0, 2, 0], [0, 1, 0]])
    np.testing.assert_allclose(agreement(np.eye(3)[labels]), [1, 0.75, 0.5])


def divided(labels, seed=0):
    """Return a division with these labels, judged by a parting of this seed."""
    return division_of(COUNTS, labels, (12, 12), seed)


def with_wrong(n_wrong):
    """Return labels of which so many are wrong, all over the scan."""
    labels = LABELS.copy()
    some = np.linspace(0, 143, n_wrong).astype(int)
    labels[some] = 1 - labels[some]
    return labels


def test_repeats_that_are_surely_worse_do_not_count():
    right, near, bad = (divided(with_wrong(n), n) for n in (0, 1, 40))
    repeats = Repeats([bad, near, right])
    assert repeats.best is right and repeats.behind(right) == 0
    assert bad not in repeats.kept and repeats.behind(bad) > SURE
    assert len(repeats.weights) == len(repeats.posteriors) == 3
    assert repeats.weights.max() == 1 and repeats.weights[0] < 0.02


def test_all_partings_judge_each_division():
    """What a division explains is the mean over partings, whichever it is of."""
    divisions = [divided(with_wrong(n), seed) for seed, n in enumerate((0, 0, 5))]
    repeats = Repeats(divisions)
    assert len(repeats.judges) == 3
    one, same, other = (repeats.score(d) for d in divisions)
    np.testing.assert_allclose(one.sum(), same.sum(), rtol=1e-2)
    assert surplus(one, other) > SURE  # of five positions that are wrong
    twice = Repeats([*divisions, divisions[0]])
    np.testing.assert_allclose(twice.score(divisions[0]), one)


def test_labels_gain_nothing_by_electrons_that_they_have_seen():
    """Judged by its own parting a division explains what unseen electrons say."""
    seen = division_of(COUNTS, with_wrong(5), (12, 12), seen=LABELS)
    unseen = divided(with_wrong(5))
    np.testing.assert_allclose(Repeats([seen]).score(seen), unseen.likelihood())
    # Others' electrons judge what labels of all of them say beyond that.
    repeats = Repeats([seen, unseen, divided(LABELS, 1)])
    assert surplus(repeats.score(divided(LABELS)), repeats.score(seen)) > SURE


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 5))
def test_repeats_agree_however_their_domains_are_numbered(seed, n_domains):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_domains, 144)
    other = labels.copy()  # differs at one position
    other[7] = (other[7] + 1) % n_domains
    one, two, three, wrong = (
        division_of(COUNTS, numbers[found], (12, 12), n_domains=n_domains)
        for found in (labels, labels, labels, other)
        for numbers in [rng.permutation(n_domains)]
    )
    repeats = Repeats([one, two, three])
    assert repeats.consistency == 1
    np.testing.assert_array_equal(repeats.agreement, 1)
    found = agreement(matched([d.posterior for d in (one, two, wrong)]))
    assert found.mean() == pytest.approx(1 - 1 / 432)


def test_other_ways_count_as_much_as_repeats_and_each_once():
    own, other = divided(LABELS), divided(with_wrong(1), 1)
    repeats = Repeats([own, other], [own, divided(LABELS), divided(with_wrong(40))])
    assert repeats.likely == [own, other, *repeats.tried[1:]]
    assert len(repeats.weights) == len(repeats.posteriors) == 4
    assert repeats.weights[3] < 0.02
    assert repeats.weights[0] == pytest.approx(repeats.weights[2], rel=1e-2)
    assert len(repeats.agreement) == 144


def test_repeats_agree_even_where_another_way_surely_explains_more():
    bad, right = divided(with_wrong(40)), divided(LABELS)
    repeats = Repeats([bad, bad], [right])
    assert repeats.best is right and repeats.kept == []
    assert repeats.consistency == 1
    found = repeats.probabilities
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert len(set(zip(found.argmax(axis=1), LABELS, strict=True))) == 2


def test_what_no_repeat_finds_again_is_as_unsure_as_they_differ():
    bad, right = divided(with_wrong(40)), divided(LABELS)
    repeats = Repeats([bad, bad], [right])
    assert repeats.best is right and repeats.kept == []
    assert repeats.difference == changed(right, bad) > 0.2
    assert Repeats([bad, right]).difference < 0.01


def test_difference_is_that_of_all_that_count():
    own, other = divided(LABELS), divided(with_wrong(1), 1)
    assert Repeats([own, divided(LABELS, 1)]).difference == 0
    repeats = Repeats([own, other])
    shares = [changed(repeats.best, d) for d in repeats.divisions]
    assert sorted(shares) == pytest.approx([0, 1 / 144])
    assert repeats.difference == pytest.approx(
        repeats.weights @ shares / sum(repeats.weights)
    )


def test_another_division_of_the_same_parts_is_a_rival():
    """Three structures in two domains, of which two are hardly to be told apart."""
    rng = np.random.default_rng(0)
    one, other = 0.1 + rng.exponential(1, (2, 64)) ** 2
    spots = np.stack([one, other, 0.9 * other + 0.1 * one])
    thirds = np.tile(np.arange(3).repeat(4), 12)
    patterns = 300 * spots / spots.sum(axis=1, keepdims=True)
    counts = rng.poisson(patterns[thirds]).astype(np.float32)
    trial = Trial.of(scan_of(counts, (12, 12)), 3, None, rng)
    parts = Components.of(trial, np.eye(3)[thirds], Way(2, False))
    finer = Division.of(parts, 3)
    joined = [finer.joined(*pair) for pair in finer.alike()]
    best, *_, last = sorted(joined, key=lambda one: -one.explained)
    assert changed(best, best) == 0 and changed(best, last) > 0.3
    others = [d for d in alternatives(best) if changed(best, d) >= 0.02]
    gains = [(d.score - best.score).sum() for d in others]
    assert Repeats([best]).rival is None and max(gains) < 0  # they surely say less
    repeats = Repeats([last])
    assert repeats.behind(repeats.rival) < -SURE
    assert changed(last, repeats.rival) == changed(best, last)


def test_evidence_is_that_of_the_mean_over_partings():
    """Twice as many partings of the same signal halve the square of its error."""
    rng = np.random.default_rng(0)
    scores = 1 + rng.normal(0, 5, (4, 144))
    divisions = [
        division_of(COUNTS, LABELS, (12, 12), seed, score)
        for seed, score in enumerate(scores)
    ]
    mean = scores.mean(axis=0)
    expected = mean.mean() / mean.std() * 12
    assert Repeats(divisions).evidence == pytest.approx(expected)
    worse = replace(divisions[0], one_domain=divisions[0].one_domain + 1)
    assert Repeats([*divisions, worse]).evidence == pytest.approx(expected)
