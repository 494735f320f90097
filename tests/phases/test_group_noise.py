"""Noise of the mean patterns of groups, whose members are turned."""

import numpy as np

from hspy_cnmf.operators.counting_noise import counting_variance
from hspy_cnmf.phases.group_noise import noise_of_groups
from tests.helpers import crystals

KINDS = (("gamma-Fe", (0, 1, 1), 71.0), ("alpha-Fe", (0, 0, 1), 10.0))


def noise(patterns, maps, gain=1.0, **arguments):
    """Return clusters, and the noise of their groups."""
    factors = crystals.stack(patterns)
    arguments = {"distance_threshold": 1e-9} | arguments
    clusters = crystals.clustered(factors, maps, **arguments)
    flat = maps.reshape(len(maps), -1)
    return clusters, noise_of_groups(clusters, flat, np.asarray(patterns), gain)


def squares(n):
    """Return maps of squares side by side, (n, 8, 8 n)."""
    maps = np.zeros((n, 8, 8 * n))
    for k in range(n):
        maps[k, 1:7, 8 * k + 1 : 8 * k + 7] = 100.0
    return maps


def test_alone_each_has_its_own_noise():
    patterns, maps = crystals.patterns_of(KINDS), squares(2) + 1.0
    clusters, found = noise(patterns, maps, gain=3.0)
    expected = 3 * counting_variance(maps.reshape(2, -1), patterns.reshape(2, -1))
    for variance, group in zip(expected, clusters.labels.data, strict=True):
        np.testing.assert_allclose(found[group].variance.ravel(), variance)


def test_a_turned_member_halves_the_noise_of_the_mean():
    (pattern,) = crystals.patterns_of(KINDS[1:])
    faint = crystals.patterns_of(KINDS[:1])[0] / 100
    patterns = np.stack([pattern, np.rot90(pattern), faint])
    maps = squares(3)
    clusters, found = noise(patterns, maps, distance_threshold=0.05)
    labels, turns = clusters.labels.data, clusters.member_rotation.data
    assert labels[0] == labels[1] != labels[2]
    each = counting_variance(maps.reshape(3, -1), patterns.reshape(3, -1))
    alone = each[0].reshape(crystals.SHAPE)
    mean = found[labels[0]].variance
    middle = np.s_[10:70, 10:70]
    np.testing.assert_allclose(mean[middle].sum(), alone[middle].sum() / 2, rtol=0.02)
    # Variances are turned as patterns are: those of counts are their means.
    pattern = clusters.factors.data[labels[0]][middle]
    assert np.corrcoef(mean[middle].ravel(), pattern.ravel())[0, 1] > 0.99
    assert abs(turns).max() > 1


def test_members_turned_alike_have_no_noise_of_each_other():
    (pattern,) = crystals.patterns_of(KINDS[1:])
    maps = squares(2)
    maps[1, 1:7, 1:7] = 90.0  # over the first one: hardly told apart
    patterns = np.stack([pattern, pattern])
    clusters, found = noise(patterns, maps, distance_threshold=0.05)
    assert clusters.n_clusters == 1
    each = counting_variance(maps.reshape(2, -1), patterns.reshape(2, -1))
    both = counting_variance(
        maps.reshape(2, -1),
        patterns.reshape(2, -1),
        clusters.components.weights[np.newaxis] / clusters.components.weights.sum(),
    )
    np.testing.assert_allclose(found[0].variance.ravel(), both[0], atol=1e-12)
    assert both.sum() < each.sum(axis=1).min()
