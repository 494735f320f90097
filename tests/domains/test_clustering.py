"""Laws of the components of an embedding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from hspy_cnmf.domains.clustering import (
    Gaussians,
    Way,
    clustered,
    contiguous,
    merged,
    worth_keeping,
)
from hspy_cnmf.domains.neighbourhood import Neighbourhood

SEEDS = st.integers(0, 1000)
LENGTHS = st.lists(st.integers(2, 8), min_size=2, max_size=5)


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


@pytest.mark.parametrize("way", [Way(1, False), Way(1, True)])
def test_two_halves_are_two_components(way):
    generator = np.random.default_rng(0)
    half = np.arange(64) // 32
    means = np.array([[9.0, 1, 4, 4], [1.0, 9, 4, 4]])
    counts = generator.poisson(means[half]).astype(np.float32)
    around = Neighbourhood(np.ones((8, 8), bool))
    parts = (np.sqrt(counts), np.ones(64), 2, way, around, generator)
    found = clustered(*parts).argmax(axis=1)
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


def chains(lengths, seed):
    """Return losses between components on chains, shuffled, and whose each is.

    Steps along a chain are 1 to 2, so that its ends are less alike than two chains.
    Gaps between chains are 6 to 7, and no two alike: of two equal ones, rounding would
    say which is merged.
    """
    generator = np.random.default_rng(seed)
    places, owners, start = [], [], 0.0
    for owner, length in enumerate(lengths):
        steps = start + np.append(0, generator.uniform(1, 2, length - 1).cumsum())
        places.extend(steps)
        owners.extend([owner] * length)
        start = steps[-1] + generator.uniform(6, 7)
    order = generator.permutation(len(places))
    places = np.array(places)[order]
    return np.abs(np.subtract.outer(places, places)), np.array(owners)[order]


def same_groups(labels, others):
    pairs = np.equal.outer(labels, labels) == np.equal.outer(others, others)
    return pairs.all()


@settings(max_examples=50, deadline=None)
@given(LENGTHS, SEEDS)
def test_chains_are_domains_however_long(lengths, seed):
    distances, owners = chains(lengths, seed)
    assert same_groups(merged(distances, len(lengths)), owners)


@settings(max_examples=50, deadline=None)
@given(LENGTHS, SEEDS, st.floats(1e-3, 1e3))
def test_units_of_the_loss_do_not_matter(lengths, seed, factor):
    distances, _ = chains(lengths, seed)
    assert same_groups(merged(factor * distances, 2), merged(distances, 2))


@settings(max_examples=50, deadline=None)
@given(LENGTHS, SEEDS)
def test_small_losses_do_not_make_domains(lengths, seed):
    near, _ = chains(lengths, seed)
    distances = np.full((len(near) + 1,) * 2, 1000.0)
    distances[:-1, :-1], distances[-1, -1] = near, 0
    assert same_groups(merged(distances, 2), np.append(np.zeros(len(near)), 1))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(2, 6), SEEDS)
def test_as_many_domains_as_asked_for_or_as_there_are_components(n, n_domains, seed):
    distances = np.random.default_rng(seed).random((n, n))
    distances = np.triu(distances, 1) + np.triu(distances, 1).T
    labels = merged(distances, n_domains)
    assert set(labels) == set(range(min(n, n_domains)))
