"""Laws of patterns of few spots."""

from dataclasses import replace

import numpy as np
import pytest

from hspy_cnmf.domains.dim import with_dim_patterns
from hspy_cnmf.domains.held_out import Scan
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances

SHAPE, N = (16, 20), 12
TRUTH = np.arange(16).repeat(20) // 8  # two crystals, one above the other
DIM = np.tile(np.arange(20) >= 14, 16)


def scan_of(strengths, seed=0, **options):
    """Return a scan of two crystals with so many electrons in spots, (2, 320)."""
    rng = np.random.default_rng(seed)
    radii = np.hypot(*(np.indices((N, N)) - (N - 1) / 2)).ravel()
    spots = rng.random((2, N * N)) ** 8
    spots /= spots.sum(axis=1, keepdims=True)
    diffuse = np.exp(-radii / 4)
    expected = strengths[..., np.newaxis] * spots[:, np.newaxis]
    counts = rng.poisson(expected.sum(axis=0) + 200 * diffuse / diffuse.sum())
    counts = counts.astype(np.float32)
    given = {"is_polar": False, "tilt_invariant": True} | options
    nuisances = Nuisances.of(counts, np.ones((N, N), bool), **given)
    around = Neighbourhood(np.ones(SHAPE, bool))
    return Scan(counts, float(counts.sum(axis=1).mean()), around, nuisances)


def crystals(dim, **options):
    """Return a scan of both crystals, dim ones of so many electrons in spots."""
    strengths = np.where(DIM, dim, 200.0) * (np.arange(2)[:, np.newaxis] == TRUTH)
    return scan_of(strengths, **options)


def test_dim_patterns_belong_to_whose_spots_they_have():
    labels = np.where(DIM, 1, TRUTH)  # all that is dim is of one domain
    sure = 0.02 + 0.96 * np.eye(2)[labels]
    found = with_dim_patterns(sure, crystals(20.0))
    assert (found.argmax(axis=1) == TRUTH).mean() > 0.98
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_array_equal(sure, 0.02 + 0.96 * np.eye(2)[labels])


def test_what_is_right_stays_right_and_sure():
    for dim in (200.0, 20.0):
        found = with_dim_patterns(np.eye(2)[TRUTH], crystals(dim))
        assert (found.argmax(axis=1) == TRUTH).all()
        assert np.median(found.max(axis=1)) > 0.99


def test_patterns_without_any_spots_are_not_sure_to_be_of_a_crystal():
    sure = 0.02 + 0.96 * np.eye(2)[np.where(DIM, 1, TRUTH)]
    confidence = with_dim_patterns(sure, crystals(0.0)).max(axis=1)
    assert confidence[DIM].mean() < confidence[~DIM].mean() - 0.02


def test_a_domain_without_spots_keeps_its_positions():
    strengths = np.where(DIM, 0.0, 200.0) * (np.arange(2)[:, np.newaxis] == TRUTH)
    labels = np.where(DIM, 2, TRUTH)
    found = with_dim_patterns(np.eye(3)[labels], scan_of(strengths))
    assert (found.argmax(axis=1) == labels).mean() > 0.99


@pytest.mark.parametrize("option", [{"is_polar": True}, {"tilt_invariant": False}])
def test_nothing_changes_where_crystals_turn_or_thickness_makes_a_domain(option):
    probabilities = np.eye(2)[np.where(DIM, 1, TRUTH)]
    assert with_dim_patterns(probabilities, crystals(20.0, **option)) is probabilities


def test_the_numbers_of_domains_do_not_matter():
    scan, labels = crystals(20.0), np.where(DIM, 1, TRUTH)
    found = [with_dim_patterns(np.eye(2)[n], scan) for n in (labels, 1 - labels)]
    np.testing.assert_allclose(found[0], found[1][:, ::-1], rtol=1e-5)


def test_a_direct_beam_says_nothing():
    """However bright it is, and whatever shape it has in each pattern."""
    scan, rng = crystals(20.0), np.random.default_rng(1)
    is_beam = scan.nuisances.rings <= 1
    terms = np.concatenate([scan.nuisances.terms[:9], is_beam[np.newaxis]])
    nuisances, found = replace(scan.nuisances, terms=terms), []
    for electrons in (0, 500):
        patterns = scan.patterns.copy()
        patterns[:, is_beam] = electrons * rng.random((320, is_beam.sum()))
        seen = replace(scan, patterns=patterns, nuisances=nuisances)
        found.append(with_dim_patterns(np.eye(2)[np.where(DIM, 1, TRUTH)], seen))
    np.testing.assert_allclose(*found, rtol=1e-4)
