"""Laws of how components of mixtures become domains."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.repeats import _worth_keeping
from hspy_cnmf.domains.structures import merged

LENGTHS = st.lists(st.integers(2, 8), min_size=2, max_size=5)
SEEDS = st.integers(0, 1000)


def chains(lengths, seed, gap=6.0):
    """Return losses between components on chains, shuffled, and whose each is.

    Steps along a chain are 1 to 2, so that its ends are less alike than two chains.
    """
    generator = np.random.default_rng(seed)
    places, owners, start = [], [], 0.0
    for owner, length in enumerate(lengths):
        steps = start + np.append(0, generator.uniform(1, 2, length - 1).cumsum())
        places.extend(steps)
        owners.extend([owner] * length)
        start = steps[-1] + gap
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
    assert same_groups(merged(distances, None), owners)


@settings(max_examples=50, deadline=None)
@given(LENGTHS, SEEDS, st.floats(1e-3, 1e3))
def test_units_of_the_loss_do_not_matter(lengths, seed, factor):
    distances, _ = chains(lengths, seed)
    for n_domains in (2, None):
        found = merged(distances, n_domains)
        assert same_groups(merged(factor * distances, n_domains), found)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(2, 6), SEEDS)
def test_as_many_domains_as_asked_for_or_as_there_are_components(n, n_domains, seed):
    distances = np.random.default_rng(seed).random((n, n))
    distances = np.triu(distances, 1) + np.triu(distances, 1).T
    labels = merged(distances, n_domains)
    assert set(labels) == set(range(min(n, n_domains)))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(2, 6), SEEDS)
def test_no_more_components_are_left_out_than_domains_need(n, n_domains, seed):
    generator = np.random.default_rng(seed)
    posterior = generator.dirichlet(np.full(n, 0.1), size=60)
    kept = _worth_keeping(posterior, generator.random(60), n_domains)
    assert kept.sum() >= min(n, n_domains)


def test_what_lies_between_two_domains_is_left_out_however_large():
    domain = np.repeat([0, 1, 2], [40, 120, 40])
    homogeneity = np.where(domain == 1, 0.1, 0.9)
    kept = _worth_keeping(np.eye(3)[domain], homogeneity, 2)
    np.testing.assert_array_equal(kept, [True, False, True])
    # Unless there would be too few.
    assert _worth_keeping(np.eye(3)[domain], homogeneity, 3).all()


def test_tiny_components_are_left_out():
    domain = np.repeat([0, 1, 2], [400, 1, 400])
    kept = _worth_keeping(np.eye(3)[domain], np.ones(801), 2)
    np.testing.assert_array_equal(kept, [True, False, True])
