"""Laws of confidence where patterns are of two domains."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.mixtures import mixed_rates, with_mixtures
from hspy_cnmf.domains.neighbourhood import Neighbourhood

SHAPES = st.sampled_from([(9,), (5, 6), (3, 4, 5)])


def halves(share, distance=30.0, shape=(12, 12)):
    """Return sure halves, and places; two columns hold a share of the other half."""
    shares = np.zeros(shape)
    shares[:, shape[1] // 2 :] = 1
    probabilities = np.eye(2)[shares.ravel().astype(int)]
    shares[:, 5], shares[:, 6] = share, 1 - share
    noise = np.random.default_rng(0).normal(0, 1, (shares.size, 4))
    return probabilities, distance * shares.reshape(-1, 1) + noise


@settings(max_examples=25, deadline=None)
@given(SHAPES, st.integers(0, 1000), st.floats(0.2, 1))
def test_probabilities_sum_to_one_whatever_is_masked(shape, seed, part):
    rng = np.random.default_rng(seed)
    keep = rng.random(shape) < part
    keep.flat[0] = True
    given_ = rng.dirichlet(np.ones(3), keep.sum())
    before = given_.copy()
    found = with_mixtures(
        given_, rng.normal(0, 9, (keep.sum(), 2)), Neighbourhood(keep)
    )
    assert (found >= -1e-12).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(given_, before)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_where_the_scan_lies_and_how_it_is_turned_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    given_, places = rng.dirichlet(np.ones(3), 30), rng.normal(0, 9, (30, 2))
    expected = with_mixtures(given_, places, Neighbourhood(np.ones((5, 6), bool)))
    keep = np.zeros((8, 9), bool)
    keep[1:6, 2:8] = True
    found = with_mixtures(given_[::-1], places[::-1] + 3, Neighbourhood(keep))
    np.testing.assert_allclose(found[::-1], expected, rtol=1e-6)


def test_patterns_of_both_domains_are_not_sure_and_others_are():
    around = Neighbourhood(np.ones((12, 12), bool))
    confidence = [
        with_mixtures(*halves(share), around).max(axis=1).reshape(12, 12)
        for share in (0.0, 0.25, 0.5)
    ]
    sharp, mixed, even = (found[:, 5:7] for found in confidence)
    assert sharp.min() > 0.99 and mixed.mean() < 0.98 and even.mean() < 0.9
    for found in confidence:  # far from the boundary nothing changes
        np.testing.assert_array_equal(found[:, [0, 1, -2, -1]], 1)


def test_what_noise_hides_is_no_mixture():
    """Domains that differ by as much as one pattern's noise."""
    probabilities, places = halves(0.0, distance=0.5)
    around = Neighbourhood(np.ones((12, 12), bool))
    found = with_mixtures(probabilities, places, around)
    assert found.max(axis=1).mean() > 0.97
    np.testing.assert_array_equal(found.argmax(axis=1), probabilities.argmax(axis=1))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 0.5))
def test_the_share_of_another_domain_in_a_pattern_is_found(seed, share):
    rng = np.random.default_rng(seed)
    own, other = rng.dirichlet(np.full(40, 0.5), 2)
    expected = (1 - share) * own + share * other
    counts = rng.poisson(20000 * expected, (10, 40))
    found = mixed_rates(own + np.zeros((10, 1)), other + np.zeros((10, 1)), counts)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    shares = (found - own) @ (other - own) / ((other - own) ** 2).sum()
    assert np.abs(shares - share).max() < 0.1 and shares.max() <= 0.5 + 1e-9


def test_patterns_without_counts_are_of_their_own_domain():
    own, other = np.random.default_rng(0).dirichlet(np.ones(9), (2, 3))
    np.testing.assert_array_equal(mixed_rates(own, other, np.zeros((3, 9))), own)
