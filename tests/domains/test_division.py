"""Laws of one division of a scan into domains."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Components, Division
from hspy_cnmf.domains.held_out import Judge, Trial
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from tests.helpers.domain_scans import division_of, scan_of, two_halves

SEEDS = st.integers(0, 1000)


@pytest.fixture(scope="module")
def halves():
    """A trial of two structures side by side, and whose each position is."""
    counts, labels = two_halves(0)
    scan = scan_of(counts, (12, 12))
    return Trial.of(scan, 2, None, np.random.default_rng(0)), labels


@pytest.mark.parametrize("way", [Way(1, False), Way(1, True), Way(4, False)])
def test_two_halves_are_found_by_every_way(halves, way):
    trial, labels = halves
    division = Division.found(trial, 2, way, np.random.default_rng(1))
    np.testing.assert_allclose(division.posterior.sum(axis=1), 1)
    found = division.posterior.argmax(axis=1)
    same = (found == labels).mean()
    assert max(same, 1 - same) > 0.98
    assert division.score.shape == trial.judged.shape
    assert division.score.sum() > 100


def test_patterns_of_domains_are_those_of_their_components(halves):
    """Merged at once, or positions of both taken together: the same."""
    trial, _ = halves
    components = Components.found(trial, 2, Way(3, False), np.random.default_rng(0))
    n = len(components.masses)
    assert components.distances.shape == (n, n) and n > 2
    posterior = np.random.default_rng(1).dirichlet(np.ones(4), 144)
    parts = Components.of(trial, posterior, Way(2, False))
    members = np.eye(2)[parts.owners(2)]
    merged = Components.of(trial, posterior @ members, Way(1, False))
    found = Division.of(parts, 2).patterns
    np.testing.assert_allclose(found, merged.patterns, rtol=1e-6)


@pytest.mark.parametrize("pair", [(0, 2), (1, 0)])
def test_a_domain_that_is_joined_leaves_no_trace(halves, pair):
    trial, _ = halves
    finer = Division.found(trial, 3, Way(1, False), np.random.default_rng(0))
    joined = finer.joined(*pair)
    assert joined.posterior.shape == (144, 2)
    np.testing.assert_allclose(joined.posterior.sum(axis=1), 1)
    assert set(joined.labels.ravel()) <= {0, 1} and len(joined.patterns) == 2
    one, two = (finer.labels == k for k in pair)
    assert len(set(joined.labels[one | two])) == 1


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_two_domains_that_are_joined_explain_what_one_does(seed):
    counts, labels = two_halves(seed)
    division = division_of(counts, labels, (12, 12), seed)
    mean = division.judge.train.mean(axis=0, dtype=float)[np.newaxis]
    one = division.judge.likelihood(0 * labels, mean, 0 * labels)
    for pair in ((0, 1), (1, 0)):
        joined = division.joined(*pair).likelihood()
        np.testing.assert_allclose(joined.sum(), one.sum(), rtol=1e-5)
    np.testing.assert_array_equal(division.labels, [labels, labels])


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_parts_of_one_domain_are_most_alike(seed):
    counts, labels = two_halves(seed)
    parts = np.where(labels == 1, 1, 2 * (np.arange(144) < 72))
    pairs = division_of(counts, parts, (12, 12), seed).alike()
    assert pairs[0] == (0, 2) and len(pairs) == 3


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.integers(0, 7))
def test_domains_that_are_turned_are_joined_turned_back(seed, turn):
    """Polar patterns of one structure, of which some are turned, are one domain."""
    counts, labels = two_halves(seed)
    polar = Nuisances.of(counts, np.ones((8, 8), bool), is_polar=True, tilt_invariant=0)
    spots = np.random.default_rng(seed).exponential(1, (1, 64)) ** 2
    structures = np.concatenate([spots, polar.turned_back(spots, np.array([turn]))])
    train, test = np.random.default_rng(seed).poisson(
        20 * structures[labels], (2, 144, 64)
    )
    judge = Judge(train, test, Neighbourhood(np.ones((12, 12), bool)), polar)
    both = np.stack([labels, labels])
    own = both, 20 * structures, 0 * both
    apart = Division(np.eye(2)[labels], judge, *own, np.zeros(144))
    joined = apart.joined(0, 1)
    assert abs(joined.score.sum() / apart.score.sum() - 1) < 1e-3
