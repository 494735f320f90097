"""Laws of the search for domains, and for their number."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.domains import rounds as search
from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.rounds import WAYS, Gains, Rounds, likely
from hspy_cnmf.domains.settings import Settings
from tests.helpers.domain_scans import DEFAULTS, division_of, scan_of


def gains_of(*per_domain, noise=0.0, seed=0):
    """Return the gains of domains that explain so much more a position each."""
    rng = np.random.default_rng(seed)
    found = [rng.normal(total, noise, 400) for total in np.cumsum(per_domain)]
    return Gains.of([(score, np.zeros(400, int)) for score in found], 16)


@given(st.integers(2, 10), st.floats(1, 100))
def test_equal_gains_of_so_many_domains_are_clear(n_domains, gain):
    gains = gains_of(*[gain] * (n_domains - 1))
    assert (gains.number, gains.largest) == (n_domains, n_domains)
    assert likely(gains, [gains]) == (n_domains, n_domains)


def test_small_domains_after_the_large_ones_are_not_clear():
    gains = gains_of(10, 9, 0.6, 0.55, 0.5)
    assert gains.number == 3
    assert likely(gains, [gains]) == (3, 6)


def test_gains_that_may_be_chance_count_nothing():
    gains = gains_of(10, 9, 0.5, noise=10)
    assert gains.number == gains.largest == 3


def test_others_that_explain_as_much_have_a_say_and_worse_ones_none():
    chosen, alike = gains_of(10, 10, 10), gains_of(29)
    assert likely(chosen, [chosen, alike]) == (2, 4)
    assert likely(chosen, [chosen, gains_of(20)]) == (4, 4)
    # Less by a tenth, which may be chance.
    unsure = gains_of(10, 10, 10, noise=30), gains_of(27, noise=30, seed=1)
    assert likely(unsure[0], unsure)[0] == 2


@pytest.mark.parametrize(("after", "number"), [((), 4), ((0.01,), 3)])
def test_a_faint_domain_counts_if_nothing_more_is_explained_after_it(after, number):
    gains = gains_of(10, 9, 0.15, *after)
    assert (gains.knee, gains.number) == (3, number)
    assert likely(gains, [gains]) == (3, number)


def test_a_domain_of_few_positions_is_no_chance():
    """Six of 400 explain much more, and all others no less than before."""
    labels = np.zeros((2, 400), int)
    labels[:, 200:], labels[1, :6] = 1, 2
    rng = np.random.default_rng(0)
    scores = rng.normal(20, 1, (2, 400)) + np.array([[0], [60]]) * (labels == 2)
    gains = Gains.of(list(zip(scores, labels, strict=True)), 16)
    assert gains.errors[1] > 10 > search.surplus(*scores[::-1])
    assert gains.number == gains.largest == 3
    few = division_of(np.ones((400, 64)), labels[1], (20, 20), score=scores[1])
    assert gains.surplus(few, 2) == pytest.approx(gains.errors[1])


def test_fewer_explained_is_no_gain():
    gains = gains_of(10, -5, 4)
    np.testing.assert_allclose(gains.gains[:3], [4000, 0, 0])
    assert gains.errors[1] < 0 and gains.number == 2


@pytest.mark.parametrize(("faint", "numbers"), [(False, (2, 2)), (True, (2, 3))])
def test_a_faint_difference_within_a_domain_makes_the_number_unclear(faint, numbers):
    """Two structures side by side; the second changes half way."""
    rng = np.random.default_rng(0)
    spots = 0.1 + rng.exponential(1, (2, 64)) ** 2
    quarters = spots[[0, 0, 1, 1]]
    quarters[3, ::3] *= 2.3 if faint else 1.0
    quarters *= 1600 / quarters.sum(axis=1, keepdims=True)
    patterns = np.tile(quarters.repeat(3, axis=0), (12, 1))
    counts = rng.poisson(patterns).astype(np.float32)
    settings = Settings(**(DEFAULTS | {"n_domains": None}))
    scan = scan_of(counts, (12, 12))
    rounds = Rounds(scan, settings, rng, lambda *_: nullcontext())
    assert rounds.number_of_domains() == 2
    assert rounds.numbers == numbers


@pytest.mark.parametrize(("alone", "number"), [(8.0, 3), (12.0, 2)])
def test_positions_alone_tell_the_number_if_they_surely_explain_most(
    monkeypatch, alone, number
):
    """More than the best that was found of that number, whatever way that was."""
    counts = np.random.default_rng(0).poisson(np.full((144, 64), 5.0)).astype("f4")
    given = counts, np.arange(144) // 72, (12, 12)
    by_itself = division_of(*given, score=alone + np.linspace(-1, 1, 144))
    merged, worse, other = gains_of(5, 5), gains_of(1, 1), gains_of(alone)
    for gains in (merged, worse, other):
        gains.best[:] = [(one[:144], own[:144]) for one, own in gains.best]
    found = {search._NUMBERS[0]: merged, search._NUMBERS[2]: worse}
    monkeypatch.setattr(
        Rounds,
        "_gains",
        lambda self, trial, way: other if way.is_alone else found.get(way, worse),
    )
    by_itself = replace(by_itself, way=Way(1, False, is_alone=True))
    monkeypatch.setattr(Rounds, "_alone", lambda self, n: by_itself)
    rng, settings = np.random.default_rng(0), Settings(**DEFAULTS)
    rounds = Rounds(scan_of(counts, (12, 12)), settings, rng, lambda *_: nullcontext())
    assert rounds.number_of_domains() == number


def test_a_way_that_explains_most_once_it_is_regrouped_is_the_best(monkeypatch):
    counts = np.random.default_rng(0).poisson(np.full((144, 64), 5.0)).astype("f4")
    given = counts, np.arange(144) // 72, (12, 12)
    noise = np.random.default_rng(1).normal(0, 2, (2, 144))
    scores = noise[0] + 2, noise[1] + 1.8, noise[0] - 7, noise[1] + 3
    best, second, worse, better = (division_of(*given, score=s) for s in scores)
    second, better = (replace(one, way=WAYS[1]) for one in (second, better))
    found = dict.fromkeys(WAYS, worse) | {WAYS[0]: best, WAYS[1]: second}
    seen = []

    def regrouped(division, n_rounds=4):
        seen.append(division)
        return better if division is second else division

    monkeypatch.setattr(Rounds, "_division", lambda self, _, n, way: found[way])
    monkeypatch.setattr(Rounds, "_alone", lambda self, n: worse)
    monkeypatch.setattr(search, "regrouped", regrouped)
    scan = scan_of(counts, (12, 12))
    rounds = Rounds(scan, Settings(**DEFAULTS), None, lambda *_: nullcontext())
    ranked = rounds._ranked(2)
    assert ranked[0] is better and rounds.regroups == {WAYS[1]}
    assert worse not in seen and len(rounds.tried) == len(WAYS)


def test_grains_of_one_position_are_told_as_well(monkeypatch):
    """Neighbours of these differ as domains do, which is no noise."""
    monkeypatch.setattr(search, "_MOST_DOMAINS", 5)
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=100)
    spots = 0.1 + rng.exponential(1, (3, 64)) ** 2
    counts = rng.poisson(400 * (spots / spots.sum(axis=1, keepdims=True))[truth])
    settings = Settings(**(DEFAULTS | {"n_domains": None, "n_repeats": 2}))
    scan = scan_of(counts.astype(np.float32), (10, 10))
    rounds = Rounds(scan, settings, rng, lambda *_: nullcontext())
    assert rounds.number_of_domains() == 3
    repeats, _ = rounds.run(3)
    assert repeats.best.way.is_alone
    found = repeats.probabilities.argmax(axis=1)
    assert len(np.unique(np.stack([found, truth]), axis=1).T) == 3
