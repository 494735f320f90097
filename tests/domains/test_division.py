"""Laws of one division of a scan into domains."""

import numpy as np
import pytest

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Components, Division
from hspy_cnmf.domains.trial import Trial
from tests.helpers.domain_scans import scan_of, two_halves


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
    np.testing.assert_allclose(
        parts.explanation(2).patterns, merged.patterns, rtol=1e-6
    )


@pytest.mark.parametrize("pair", [(0, 2), (1, 0)])
def test_a_domain_that_is_joined_leaves_no_trace(halves, pair):
    trial, _ = halves
    finer = Division.found(trial, 3, Way(1, False), np.random.default_rng(0))
    joined = finer.joined(*pair)
    assert joined.posterior.shape == (144, 2)
    np.testing.assert_allclose(joined.posterior.sum(axis=1), 1)
    labels = joined.explanation.labels
    assert set(labels) <= {0, 1} and len(joined.explanation.patterns) == 2
    one, two = (finer.explanation.labels == k for k in pair)
    assert len(set(labels[one | two])) == 1
    expected = joined.explanation.likelihood - trial.one_domain
    np.testing.assert_allclose(joined.score, expected, atol=1e-3)
