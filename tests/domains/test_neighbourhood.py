"""Laws of what neighbours in a scan say about a position."""

import numpy as np
import pytest
from hypothesis import strategies as st

from hspy_cnmf.domains.neighbourhood import Neighbourhood

SHAPES = st.sampled_from([(9,), (5, 6), (3, 4, 5)])


def test_mean_leaves_the_position_itself_out():
    keep = np.zeros((9, 9), bool)
    keep[[0, 4, 4], [0, 4, 5]] = True
    means = Neighbourhood(keep).mean(np.array([[5.0], [1.0], [3.0]]))
    np.testing.assert_allclose(means, [[3.0], [3.0], [1.0]])  # the first has none


@pytest.mark.parametrize("shape", [(40,), (24, 24), (8, 8, 8)])
def test_zones_between_domains_are_less_homogeneous(shape):
    generator = np.random.default_rng(0)
    where = np.indices(shape)[-1].ravel()
    half = shape[-1] // 2
    mean = np.where(where < half, -1.0, 1.0)[:, None] * np.ones(2)
    mean[where == half] = [0.0, 3.0]  # a structure of its own, one position wide
    mean += 0.05 * generator.standard_normal(mean.shape)
    neighbourhood = Neighbourhood(np.ones(shape, bool))
    weights = neighbourhood.homogeneity(mean)
    assert ((weights >= 0) & (weights <= 1)).all()
    zone = np.abs(where - half) <= 1
    far = np.abs(where - half) > 3
    assert weights[zone].max() < weights[far].min()


@pytest.mark.parametrize("shape", [(1, 30), (30, 1), (2, 15), (1, 1, 30)])
def test_a_scan_may_be_narrower_than_a_neighbourhood(shape):
    values = np.random.default_rng(0).random((30, 2))
    narrow = Neighbourhood(np.ones(shape, bool))
    line = Neighbourhood(np.ones(30, bool))
    mean, homogeneity = narrow.mean(values), narrow.homogeneity(values)
    assert np.isfinite(mean).all() and np.isfinite(homogeneity).all()
    if 2 not in shape:
        np.testing.assert_allclose(mean, line.mean(values))
        np.testing.assert_allclose(homogeneity, line.homogeneity(values))


def test_a_scan_without_any_spread_is_homogeneous():
    neighbourhood = Neighbourhood(np.ones((4, 4), bool))
    weights = neighbourhood.homogeneity(np.ones((16, 2)))
    np.testing.assert_array_equal(weights, 1)


@pytest.mark.parametrize("shape", [(9,), (5, 6), (3, 4, 5)])
def test_neighbours_of_other_labels_count_nothing(shape):
    rng = np.random.default_rng(0)
    keep = rng.random(shape) < 0.8
    values, labels = rng.random((keep.sum(), 3)), rng.integers(0, 3, keep.sum())
    around = Neighbourhood(keep)
    found = around.pooled_alike(values, labels)
    for label in range(3):
        own = labels == label
        alone = around.pooled(values * own[:, np.newaxis])
        np.testing.assert_allclose(found[own], alone[own])


@pytest.mark.parametrize("shape", [(9,), (5, 6), (3, 4, 5)])
def test_next_to_other_labels_are_the_two_sides_of_a_boundary(shape):
    where = np.indices(shape)[-1].ravel()
    labels = (where >= 2).astype(int)
    around = Neighbourhood(np.ones(shape, bool))
    edge, means = around.next_of_others(where[:, np.newaxis].astype(float), labels)
    np.testing.assert_array_equal(edge, np.flatnonzero((where == 1) | (where == 2)))
    np.testing.assert_array_equal(means[:, 0], 3 - where[edge])  # the other side's
    edge, means = around.next_of_others(means[:1].repeat(where.size, 0), 0 * labels)
    assert edge.shape == (0,) and means.shape == (0, 1)
