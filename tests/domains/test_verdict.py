"""Whether maps of domains are trusted."""

from dataclasses import replace

import numpy as np
import pytest

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Components, Division
from hspy_cnmf.domains.held_out import Scan, Trial
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from hspy_cnmf.domains.repeats import Repeats
from hspy_cnmf.domains.verdict import Verdict, number_doubts
from tests.helpers.domain_scans import (
    division_of,
    scan_of,
    square_view,
    two_halves,
)

COUNTS, LABELS = two_halves(0)
SURE_SCORE = np.full(144, 5.0) + np.arange(144) % 3


@pytest.fixture(scope="module")
def scan():
    """Patterns of 16 x 16 cells in two halves."""
    counts, labels = COUNTS, LABELS
    patterns = np.kron(counts.reshape(-1, 8, 8), np.ones((2, 2))).reshape(144, 256)
    covered = np.ones((16, 16), bool)
    options = {"is_polar": False, "tilt_invariant": True}
    nuisances = Nuisances.of(patterns, covered, **options)
    neighbourhood = Neighbourhood(np.ones((12, 12), bool))
    return Scan(patterns, 1200.0, neighbourhood, nuisances), labels


def verdict_of(labels, score=SURE_SCORE, n_domains=2, counts=COUNTS, shape=(12, 12)):
    """Return the verdict on one division."""
    found = division_of(counts, labels, shape, score=score, n_domains=n_domains)
    return Verdict(Repeats([found]))


def found(scan, labels, score=SURE_SCORE, n_domains=2, confidence=1.0):
    verdict = verdict_of(labels, score, n_domains)
    probabilities = np.full((144, n_domains), (1 - confidence) / (n_domains - 1))
    probabilities[np.arange(144), labels] = confidence
    return verdict.doubts(probabilities, scan, square_view())


def test_two_sure_halves_have_none(scan):
    verdict = verdict_of(scan[1])
    assert found(*scan) == verdict.cautions(np.eye(2)[scan[1]]) == []
    assert verdict.trust > 0.99


def test_scores_no_better_than_noise_are_doubted(scan):
    score = np.random.default_rng(0).normal(0, 1, 144)
    score -= score.mean() + 1e-3
    (doubt,) = found(*scan, score)
    assert "2 domains explain held-out electrons no better than one" in doubt
    assert "more counts than 1200 a pattern" in doubt
    verdict = verdict_of(scan[1], score)
    assert verdict.trust < 0.9
    tempered = verdict.tempered(np.eye(2)[scan[1]])
    np.testing.assert_allclose(tempered.max(axis=1), (1 + verdict.trust) / 2)
    np.testing.assert_array_equal(tempered.argmax(axis=1), scan[1])


def test_one_domain_of_all_positions_is_doubted(scan):
    (doubt,) = found(scan[0], np.zeros(144, int), n_domains=3)
    assert "one domain holds 100.0 %" in doubt and "fewer domains than 3" in doubt


def test_low_confidence_is_doubted(scan):
    (doubt,) = found(*scan, confidence=0.7)
    assert "the mean confidence is 70 % only" in doubt


def test_divisions_that_differ_and_explain_as_much_are_doubted(scan):
    """Halves of one structure, side by side or above each other."""
    counts = np.random.default_rng(3).poisson(np.full((144, 64), 5.0))
    sides = [np.arange(144) % 12 // 6, np.arange(144) // 72]
    counts = counts.astype(np.float32)
    divisions = [
        division_of(counts, side, (12, 12), score=SURE_SCORE) for side in sides
    ]
    verdict = Verdict(Repeats(divisions))
    doubt, *_ = verdict.doubts(np.eye(2)[sides[0]], scan[0], square_view())
    assert "explain held-out electrons as well differ in" in doubt
    once = Verdict(Repeats(divisions[:1]))
    assert once.doubts(np.eye(2)[sides[0]], scan[0], square_view()) == []


def test_what_no_repeat_finds_again_is_doubted(scan):
    """Another way explains surely more than repeats, which differ from it."""
    wrong = scan[1].copy()
    wrong[:40] = 1 - wrong[:40]
    repeated, tried = (
        division_of(COUNTS, labels, (12, 12), score=SURE_SCORE)
        for labels in (wrong, scan[1])
    )
    verdict = Verdict(Repeats([repeated, repeated], [tried]))
    doubt, *_ = verdict.doubts(np.eye(2)[scan[1]], scan[0], square_view())
    assert "repeats, none of which explains" in doubt and "differ in 28 %" in doubt
    assert verdict.trust == pytest.approx(1 - 40 / 144, abs=1e-3)


@pytest.mark.parametrize(("n_rows", "is_doubted"), [(10, False), (12, True)])
def test_a_rival_is_doubted_where_it_is_large_or_repeats_never_agreed(
    scan, n_rows, is_doubted
):
    """A third structure is part of each of two domains, and may be of either."""
    rng = np.random.default_rng(0)
    one, other = 0.1 + rng.exponential(1, (2, 64)) ** 2
    spots = np.stack([one / one.sum(), other / other.sum(), one * 0])
    spots[2] = spots[:2].mean(axis=0)
    places = np.tile(np.arange(2).repeat(6), (12, 1))
    places[:n_rows, 5:7] = 2
    places = places.ravel()
    counts = rng.poisson(300 * spots[places]).astype(np.float32)
    trial = Trial.of(scan_of(counts, (12, 12)), 2, None, rng)
    labels = np.array([0, 1, 0])[places]
    parts = Components.of(trial, np.eye(2)[labels], Way(1, False))
    division = Division.of(parts, 2)
    repeats = Repeats([division])
    assert repeats.rival is not None
    given = np.eye(2)[labels], scan[0], square_view()
    assert bool(Verdict(repeats).doubts(*given)) == is_doubted
    (doubt,) = Verdict(repeats, is_settled=False).doubts(*given)
    assert "another division into as many domains" in doubt


def test_two_large_domains_that_may_be_one_are_doubted_if_repeats_never_agreed(scan):
    labels = np.where(scan[1] == 1, 2, np.arange(144) < 72)
    probabilities = np.eye(3)[labels]
    given = probabilities, scan[0], square_view()
    verdict = verdict_of(labels, n_domains=3)
    assert verdict.doubts(*given) == []
    (doubt,) = replace(verdict, is_settled=False).doubts(*given)
    assert "hardly better than one" in doubt


def test_a_bright_beam_is_to_be_masked(scan):
    patterns = scan[0].patterns.reshape(144, 16, 16).copy()
    patterns[:, 7:9, 7:9] += 1e4
    bright = type(scan[0])(
        patterns.reshape(144, 256), 4e4, scan[0].neighbourhood, scan[0].nuisances
    )
    (doubt,) = found(bright, np.zeros(144, int))
    assert "mask the direct beam" in doubt


def test_a_domain_in_two_parts_is_one_to_be_cautious_about(scan):
    """Rows above and below in one half are no domains; the other half is one."""
    labels = np.where(scan[1] == 1, 2, np.arange(144) < 72)
    (caution,) = verdict_of(labels, n_domains=3).cautions(np.eye(3)[labels])
    assert "domains 0 and 1 explain" in caution and "hardly better than one" in caution


def test_domains_merged_although_two_others_are_more_alike_are_doubted(scan):
    """Three structures in two domains: of the first two, which are least alike."""
    rng = np.random.default_rng(0)
    one, other = 0.1 + rng.exponential(1, (2, 64)) ** 2
    spots = np.stack([one, other, 0.8 * other + 0.2 * one])
    thirds = np.tile(np.arange(3).repeat(4), 12)
    patterns = 300 * spots / spots.sum(axis=1, keepdims=True)
    counts = rng.poisson(patterns[thirds]).astype(np.float32)
    trial = Trial.of(scan_of(counts, (12, 12)), 3, None, rng)
    made_of = Components.of(trial, np.eye(3)[thirds], Way(2, False))
    for two, n_expected in (([0, 0, 1], 1), ([0, 1, 1], 0)):
        labels = np.array(two)[thirds]
        parts = Components.of(trial, np.eye(2)[labels], Way(1, False))
        division = replace(Division.of(parts, 2), components=made_of)
        verdict = Verdict(Repeats([division]))
        cautions = verdict.cautions(np.eye(2)[labels])
        assert len(cautions) == n_expected
        assert all("differs in 33 %" in caution for caution in cautions)
        doubts = verdict.doubts(np.eye(2)[labels], scan[0], square_view())
        assert len(doubts) == 2 * n_expected  # it differs where it counts, too
        assert all(doubts[-1].startswith(caution) for caution in cautions)


def test_an_unclear_number_is_doubted_and_a_clear_or_a_given_one_is_not():
    assert number_doubts(None) == number_doubts((3, 3)) == []
    (doubt,) = number_doubts((3, 7))
    assert "between 3 and 7" in doubt and "n_domains" in doubt
