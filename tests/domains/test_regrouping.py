"""Laws of domains that are parted and joined again."""

import numpy as np

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Components, Division
from hspy_cnmf.domains.held_out import SURE, Trial, surplus
from hspy_cnmf.domains.regrouping import alternatives, regrouped
from hspy_cnmf.domains.repeats import changed
from tests.helpers.domain_scans import division_of, scan_of

COUNTS = np.random.default_rng(0).poisson(np.full((144, 64), 5.0)).astype(np.float32)


def test_domains_that_were_parted_and_joined_wrongly_are_regrouped():
    rng = np.random.default_rng(0)
    labels = np.zeros((16, 16), int)
    labels[:6, :6], labels[:6, 10:] = 1, 2
    labels = labels.ravel()
    patterns = (0.1 + rng.exponential(1, (3, 64)) ** 2)[labels]
    patterns *= 300 / patterns.sum(axis=1, keepdims=True)
    counts = rng.poisson(patterns).astype(np.float32)
    trial = Trial.of(scan_of(counts, (16, 16)), 3, None, rng)
    # The large domain is two, top and bottom, and the small ones are one.
    wrong = np.where(labels > 0, 2, np.arange(256) // 128)
    division = Division.of(Components.of(trial, np.eye(3)[wrong], Way(1, False)), 3)
    better = regrouped(division)
    assert better.score.sum() > division.score.sum() + 100
    counts = np.zeros((3, 3))
    np.add.at(counts, (labels, better.posterior.argmax(axis=1)), 1)
    assert counts.max(axis=1).sum() > 250
    assert regrouped(better) is better  # what is right stays
    others = alternatives(better)
    assert others and all(changed(better, other) > 0 for other in others)
    assert not alternatives(better, surely=True)


def test_few_that_gain_much_where_many_lose_little_are_no_chance():
    labels = np.zeros(144, int)
    labels[:4] = 1
    others = np.roll(labels, 72)
    noise = np.random.default_rng(0).normal(0, 1, 144)
    other = division_of(COUNTS, others, (12, 12), score=np.zeros(144))
    score = noise - 0.5 + 30 * labels
    one = division_of(COUNTS, labels, (12, 12), score=score)
    assert surplus(one.score, other.score) < SURE < one.surplus(other)
    assert other.surplus(one) == -one.surplus(other)
    # Of no more than chance they are neither.
    chance = division_of(COUNTS, labels, (12, 12), score=noise - noise.mean())
    assert abs(chance.surplus(other)) < SURE
