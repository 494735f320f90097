"""Laws of a part of a scan's electrons, and of those that judge."""

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


def test_a_part_of_the_electrons_trains_and_never_the_rest(halves):
    trial, _ = halves
    assert (trial.judge.test >= 0).all() and (trial.judge.train >= 0).all()
    both = trial.judge.test + trial.judge.train
    np.testing.assert_array_equal(both, trial.scan.patterns[trial.judged])


def test_one_domain_explains_what_one_domain_does(halves):
    """A division of which one domain holds all scores nothing."""
    trial, _ = halves
    both = Components.of(trial, np.full((144, 2), 0.5), Way(2, False))
    explained = Division.of(both, 1).likelihood()
    np.testing.assert_allclose(explained, trial.one_domain, rtol=1e-5)
