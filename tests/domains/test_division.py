"""Laws of one division of a scan into domains."""

import numpy as np
import pytest

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Division, Trial
from tests.helpers.domain_scans import scan_of, two_halves


@pytest.fixture(scope="module")
def halves():
    """A trial of two structures side by side, and whose each position is."""
    counts, labels = two_halves(0)
    scan = scan_of(counts, (12, 12))
    return Trial.of(scan, 2, None, np.random.default_rng(0)), labels


@pytest.mark.parametrize(
    "way", [Way(1, False), Way(1, True, is_counted=True), Way(4, False)]
)
def test_two_halves_are_found_by_every_way(halves, way):
    trial, labels = halves
    division = trial.parts(2, way, np.random.default_rng(1)).divide(2)
    np.testing.assert_allclose(division.posterior.sum(axis=1), 1)
    found = division.posterior.argmax(axis=1)
    same = (found == labels).mean()
    assert max(same, 1 - same) > 0.98
    assert division.score.shape == trial.judged.shape
    assert division.score.sum() > 100


def test_a_part_of_the_electrons_trains_and_never_the_rest(halves):
    trial, _ = halves
    assert (trial.counts <= trial.scan.patterns).all()
    held = trial.scan.patterns[trial.judged] - trial.counts[trial.judged]
    np.testing.assert_array_equal(trial.judge.test, held)


def test_one_domain_explains_what_one_domain_does(halves):
    """A division of which one domain holds all scores nothing."""
    trial, _ = halves
    parts = trial.parts(2, Way(1, False), np.random.default_rng(0))
    pattern = trial.judge.train.mean(axis=0, dtype=float)[np.newaxis]
    kept = np.ones(parts.posterior.shape[1], bool)
    both = np.repeat(pattern, len(kept), axis=0)
    owners = np.zeros(len(kept), int)
    division = Division.of(parts, kept, both, owners, 1)
    np.testing.assert_allclose(division.score, 0, atol=1e-9)
    np.testing.assert_allclose(division.posterior, 1)


def test_distances_are_of_the_components_that_are_kept(halves):
    trial, _ = halves
    parts = trial.parts(2, Way(3, False), np.random.default_rng(0))
    kept, patterns, distances = parts.distances(2)
    assert distances.shape == (kept.sum(),) * 2
    assert patterns.shape == (kept.sum(), 64) and (patterns > 0).all()
    np.testing.assert_array_equal(distances, distances.T)
