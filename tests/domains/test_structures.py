"""Laws of how components of mixtures become domains."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.structures import merged, structure_distances

LENGTHS = st.lists(st.integers(2, 8), min_size=2, max_size=5)
SEEDS = st.integers(0, 1000)


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


def bent(log_spots, generator, size=1.0):
    """Return spots under an envelope, and the terms that it is made of."""
    terms = np.stack([np.ones(40), np.linspace(-1, 1, 40), np.linspace(-1, 1, 40) ** 2])
    return log_spots + generator.normal(0, size, 3) @ terms, terms


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
    assert same_groups(merged(factor * distances, 2), merged(distances, 2))


@settings(max_examples=50, deadline=None)
@given(LENGTHS, SEEDS)
def test_small_losses_do_not_make_domains(lengths, seed):
    near, _ = chains(lengths, seed)
    distances = np.full((len(near) + 1,) * 2, 1000.0)
    distances[:-1, :-1], distances[-1, -1] = near, 0
    assert same_groups(merged(distances, None), np.append(np.zeros(len(near)), 1))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(2, 6), SEEDS)
def test_as_many_domains_as_asked_for_or_as_there_are_components(n, n_domains, seed):
    distances = np.random.default_rng(seed).random((n, n))
    distances = np.triu(distances, 1) + np.triu(distances, 1).T
    labels = merged(distances, n_domains)
    assert set(labels) == set(range(min(n, n_domains)))


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_bent_crystal_keeps_its_structure(seed):
    """Envelopes cost what their prior says; another structure costs far more."""
    generator = np.random.default_rng(seed)
    one, other = generator.normal(0, 1, (2, 40))
    patterns, terms = zip(
        *(bent(spots, generator) for spots in (one, one, other)), strict=True
    )
    background = np.full(40, -3.0)
    losses = structure_distances(
        np.stack(patterns), np.stack(terms), background, electrons=2000.0
    )
    np.testing.assert_array_equal(losses, losses.T)
    np.testing.assert_array_equal(np.diag(losses), 0)
    assert (losses >= 0).all()
    assert losses[0, 1] < 0.2 * min(losses[0, 2], losses[1, 2])


def test_without_nuisances_all_that_differs_counts():
    spots = np.log(np.array([[4.0, 1, 1], [1, 1, 4]]))
    losses = structure_distances(spots, np.zeros((2, 0, 3)), np.full(3, -9.0), 600.0)
    # The common structure has the mean of both: twice the Jensen-Shannon divergence.
    p, q = np.array([[4, 1, 1], [1, 1, 4]]) / 6
    mean = (p + q) / 2
    expected = 600 * (p * np.log(p / mean) + q * np.log(q / mean)).sum()
    np.testing.assert_allclose(losses[0, 1], expected, rtol=1e-3)


def test_patterns_are_turned_onto_each_other():
    rng = np.random.default_rng(0)
    spots = rng.normal(0, 1, (4, 12))
    turned = np.stack([spots, np.roll(spots, 5, axis=1), rng.normal(0, 1, (4, 12))])
    losses = structure_distances(
        turned.reshape(3, -1), np.zeros((3, 0, 48)), np.full(48, -9.0), 1000.0, 12
    )
    np.testing.assert_allclose(losses[0, 1], 0, atol=1e-6)
    assert losses[0, 2] > 10
