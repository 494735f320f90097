"""Laws of the components of an embedding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from hspy_cnmf.domains.clustering import (
    Gaussians,
    Way,
    components,
    contiguous,
    log_shares,
    worth_keeping,
)
from hspy_cnmf.domains.neighbourhood import Neighbourhood

SEEDS = st.integers(0, 1000)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans())
def test_likelihoods_of_gaussians_are_those_of_scipy(seed, has_shape):
    generator = np.random.default_rng(seed)
    places = generator.normal(0, 1, (30, 3)) * [1, 2, 5]
    posterior = generator.dirichlet([1, 1], 30)
    found = Gaussians.of(places, posterior, has_shape)
    expected = np.stack(
        [
            multivariate_normal(mean, root @ root.T).logpdf(places)
            for mean, root in zip(found.means, found.roots, strict=True)
        ],
        axis=1,
    )
    constant = 1.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(found.log_likelihood(places) - constant, expected)
    np.testing.assert_allclose(
        found.means, [np.average(places, axis=0, weights=w) for w in posterior.T]
    )
    assert has_shape or np.ptp(found.roots, axis=0).max() < 1e-12


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans(), st.floats(-50, 50))
def test_probabilities_sum_to_one_and_know_no_constant(seed, is_pooled, constant):
    around = Neighbourhood(np.ones((4, 5), bool))
    logarithms = np.random.default_rng(seed).normal(0, 3, (20, 3))
    found = contiguous(logarithms, around, is_pooled)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    again = contiguous(logarithms + constant, around, is_pooled)
    np.testing.assert_allclose(again, found, atol=1e-9)


def test_a_doubtful_position_is_of_what_lies_around():
    around = Neighbourhood(np.ones((5, 5), bool))
    logarithms = np.tile([4.0, 0.0], (25, 1))
    logarithms[12] = [0, 0.5]
    assert contiguous(logarithms, around)[12].argmax() == 0
    logarithms[12] = [0, 40]
    assert contiguous(logarithms, around)[12].argmax() == 1


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(1e-2, 1e3))
def test_shares_of_counts_sum_to_one_whatever_the_unit(seed, unit):
    generator = np.random.default_rng(seed)
    counts = generator.poisson(3, (40, 12)).astype(np.float32)
    posterior = generator.dirichlet([1, 1, 1], 40)
    shares = np.exp(log_shares(counts, posterior))
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    again = np.exp(log_shares(np.float32(unit) * counts, posterior))
    np.testing.assert_allclose(again, shares, rtol=1e-4)


@pytest.mark.parametrize(
    "way", [Way(1, False), Way(1, True, has_shape=False), Way(1, True, is_counted=True)]
)
def test_two_halves_are_two_components(way):
    generator = np.random.default_rng(0)
    half = np.arange(64) // 32
    means = np.array([[9.0, 1, 4, 4], [1.0, 9, 4, 4]])
    counts = generator.poisson(means[half]).astype(np.float32)
    around = Neighbourhood(np.ones((8, 8), bool))
    found = components(
        np.sqrt(counts), counts, np.ones(64), 2, way, around, generator
    ).argmax(axis=1)
    assert (found == found[0]).sum() == 32
    assert ((found == found[0]) == (half == 0)).all()


def test_a_way_says_what_it_does():
    assert str(Way(1, False)) == "a component a domain"
    assert "3 a domain, surroundings pooled" in str(Way(3, True))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(2, 6), SEEDS)
def test_no_more_components_are_left_out_than_domains_need(n, n_domains, seed):
    generator = np.random.default_rng(seed)
    posterior = generator.dirichlet(np.full(n, 0.1), size=60)
    kept = worth_keeping(posterior, generator.random(60), n_domains)
    assert kept.sum() >= min(n, n_domains)


def test_what_lies_between_two_domains_is_left_out_however_large():
    domain = np.repeat([0, 1, 2], [40, 120, 40])
    homogeneity = np.where(domain == 1, 0.1, 0.9)
    kept = worth_keeping(np.eye(3)[domain], homogeneity, 2)
    np.testing.assert_array_equal(kept, [True, False, True])
    # Unless there would be too few.
    assert worth_keeping(np.eye(3)[domain], homogeneity, 3).all()


def test_tiny_components_are_left_out():
    domain = np.repeat([0, 1, 2], [400, 1, 400])
    kept = worth_keeping(np.eye(3)[domain], np.ones(801), 2)
    np.testing.assert_array_equal(kept, [True, False, True])
