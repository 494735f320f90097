"""Laws of structures under envelopes of intensities."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.envelopes import Envelopes, structures_of
from tests.helpers.domain_scans import scan_of, two_halves

SEEDS = st.integers(0, 1000)


def fitted(seed, bent):
    """Return envelopes of two structures, those bent from top to bottom if asked."""
    counts, labels = two_halves(seed, bent=bent)
    scan = scan_of(counts, (12, 12))
    means = np.stack([counts[labels == k].mean(axis=0) for k in (0, 1)])
    plain = structures_of(labels, means, counts)
    around = scan.neighbourhood, scan.nuisances
    return Envelopes.fit(counts, labels, plain, *around), plain


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.booleans())
def test_expected_shares_are_those_of_a_whole_pattern(seed, bent):
    envelopes, _ = fitted(seed, bent)
    np.testing.assert_allclose(envelopes.rates().sum(axis=1), 1, rtol=1e-5)
    assert (envelopes.spots > 0).all() and (envelopes.variances > 0).all()


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_envelopes_of_bent_crystals_follow_the_bend(seed):
    """They explain more than plain means do, and slope as patterns are tilted."""
    envelopes, plain = fitted(seed, bent=True)
    shares = np.log(plain / plain.sum(axis=1, keepdims=True))[envelopes.labels]
    gain = (envelopes.train * (np.log(envelopes.rates()) - shares)).sum(axis=1)
    assert gain.mean() > 1
    tilt = np.linspace(-1.5, 1.5, 12).repeat(12)
    assert np.corrcoef(envelopes.envelopes[:, 1], tilt)[0, 1] > 0.9


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_shifts_of_single_patterns_are_found_where_neighbours_share_none(seed):
    """Descan that jitters: patterns are shifted at random, of many electrons."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((8, 8))
    shifts = rng.normal(0, 0.3, 144)
    # Spots in rows, brighter along some: no slope of an envelope shifts them.
    waves = np.cos((x - shifts[:, np.newaxis, np.newaxis]) * (np.pi / 2))
    expected = np.exp(3 + 1.5 * waves + np.cos(y * np.pi / 2))
    counts = rng.poisson(expected.reshape(144, 64)).astype(np.float32)
    scan = scan_of(counts, (12, 12))
    plain, labels = counts.mean(axis=0)[np.newaxis], np.zeros(144, int)
    around = scan.neighbourhood, scan.nuisances
    envelopes = Envelopes.fit(counts, labels, plain, *around)
    found = envelopes.envelopes[:, len(scan.nuisances.terms)]
    assert np.corrcoef(found, shifts)[0, 1] > 0.8


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_a_domain_of_no_position_has_the_pattern_before(seed, n_domains):
    rng = np.random.default_rng(seed)
    train = rng.poisson(5, (30, 16)).astype(np.float32)
    patterns = rng.exponential(1, (n_domains + 1, 16))
    labels = rng.integers(0, n_domains, 30)
    found = structures_of(labels, patterns, train)
    before = patterns[-1] + 1e-5 * patterns.mean()
    np.testing.assert_allclose(
        found[-1] / found[-1].sum(), before / before.sum(), rtol=1e-6
    )
