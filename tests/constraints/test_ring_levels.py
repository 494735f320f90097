"""Laws of the levels of rings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.constraints.ring_levels import (
    halves,
    mean_levels,
    ring_medians,
    ring_quantiles,
    robust_levels,
)
from hspy_cnmf.constraints.rings import Rings, pixel_radii

RINGS = Rings.from_radii(pixel_radii((14, 15), (6.2, 7.7)).ravel())


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), ratio=st.floats(1, 4))
def test_robust_levels_are_never_above_those_of_means(seed, ratio):
    images = np.random.default_rng(seed).random((3, RINGS.label.size)) ** 6
    robust, mean = (f(images, RINGS, ratio) for f in (robust_levels, mean_levels))
    assert (robust <= mean).all() and (robust >= 0).all()


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 1000),
    ratio=st.floats(1, 4),
    power=st.integers(1, 6),
    dark=st.floats(0, 0.3),
)
def test_robust_levels_are_those_of_the_formula(seed, ratio, power, dark):
    image = np.maximum(np.random.default_rng(seed).random(RINGS.label.size) - dark, 0)
    image **= power
    found = robust_levels(image[np.newaxis], RINGS, ratio)[0]
    for ring, level in enumerate(found):
        members = np.sort(image[RINGS.label == ring])
        within = members[members <= ratio * members.mean()]
        decile = members[members.size // 10]
        np.testing.assert_allclose(level, min(within.mean(), 2.5 * decile))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000))
def test_even_rings_with_noise_have_the_same_level_either_way(seed):
    rng = np.random.default_rng(seed)
    images = 1 + 0.2 * rng.random((2, RINGS.label.size))
    np.testing.assert_array_equal(
        robust_levels(images, RINGS, 2), mean_levels(images, RINGS, 2)
    )


@pytest.mark.parametrize("dtype", [np.float32, float])
@pytest.mark.parametrize("fraction", [0, 0.25, 0.6, 1])
def test_quantiles_are_those_of_each_ring(fraction, dtype):
    images = np.random.default_rng(0).random((2, RINGS.label.size)).astype(dtype)
    found = ring_quantiles(images, RINGS.order, RINGS.edges, fraction)
    assert found.dtype == dtype
    for ring in range(RINGS.n_rings):
        expected = np.quantile(images[:, RINGS.label == ring], fraction, axis=1)
        np.testing.assert_allclose(found[:, ring], expected, rtol=1e-6)


def test_medians_and_halves_are_those_of_each_ring():
    images = np.random.default_rng(0).random((2, RINGS.label.size))
    found = ring_medians(images, RINGS.order, RINGS.edges)
    for ring in range(RINGS.n_rings):
        members = images[:, RINGS.label == ring]
        np.testing.assert_array_equal(found[:, ring], np.median(members, axis=1))
    parts = halves(RINGS)
    sizes = np.bincount(RINGS.label)
    for order, edges in parts:
        labels = np.repeat(np.arange(RINGS.n_rings), np.diff(edges))
        np.testing.assert_array_equal(RINGS.label[order], labels)
        assert (np.abs(np.diff(edges) - sizes / 2) <= 0.5).all()
    alone = np.flatnonzero(sizes == 1)
    shared = np.intersect1d(*(order for order, _ in parts))
    np.testing.assert_array_equal(np.sort(RINGS.label[shared]), alone)


def test_symmetric_halves_of_even_rings_have_the_same_medians():
    even = RINGS.label.astype(float)[np.newaxis]
    first, second = (ring_medians(even, *half) for half in halves(RINGS))
    np.testing.assert_array_equal(first, second)
