"""Laws of domains that are parted and joined again."""

import numpy as np

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Components, Division
from hspy_cnmf.domains.regrouping import regrouped
from hspy_cnmf.domains.trial import Trial
from tests.helpers.domain_scans import scan_of


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


def test_a_small_domain_that_gains_much_outweighs_many_that_lose_little():
    """A bent crystal in two, and a small other one of another in the place of one."""
    rng = np.random.default_rng(1)
    labels = np.zeros((24, 24), int)
    labels[:12, 12:], labels[2:6, 2:6] = 1, 2
    labels = labels.ravel()
    spots = rng.exponential(1, (3, 64)) ** 2
    x = np.tile(np.linspace(-1, 1, 8), 8)
    bend = np.tile(np.linspace(-1, 1, 24), 24)[:, np.newaxis] * (labels == 0)[:, None]
    patterns = (0.1 + spots[labels]) * np.exp(0.5 * bend * x)
    counts = rng.poisson(1000 * patterns / patterns.sum(axis=1, keepdims=True))
    trial = Trial.of(scan_of(counts.astype(np.float32), (24, 24)), 3, None, rng)
    left = (np.tile(np.arange(24), 24) < 12).astype(int)
    wrong = np.where(labels == 1, 1, np.where(left, 0, 2))  # the small one is left
    division = Division.of(Components.of(trial, np.eye(3)[wrong], Way(1, False)), 3)
    better = regrouped(division)
    counts = np.zeros((3, 3))
    np.add.at(counts, (labels, better.posterior.argmax(axis=1)), 1)
    assert counts.max(axis=1).sum() > 0.97 * 576
    assert len(set(counts.argmax(axis=1))) == 3
