"""Laws of quantiles of rings, and of their halves."""

import numpy as np
import pytest

from hspy_cnmf.constraints.ring_quantiles import halves, ring_medians, ring_quantiles
from hspy_cnmf.constraints.rings import Rings, pixel_radii

RINGS = Rings.from_radii(pixel_radii((14, 15), (6.2, 7.7)).ravel())


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
