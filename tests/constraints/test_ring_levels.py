"""Laws of the levels of rings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.constraints.ring_levels import (
    UNEVEN,
    floored,
    levels_of,
    mean_levels,
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


@pytest.mark.parametrize("level", ["robust", "mean"])
@pytest.mark.parametrize("dtype", [np.float32, float])
def test_floors_are_between_the_levels_of_rings(level, dtype):
    images = np.random.default_rng(0).random((3, RINGS.label.size)).astype(dtype) ** 4
    found = floored(level, images, RINGS, 2.0)
    levels, means = levels_of(level, images, RINGS, 2.0)
    highest = UNEVEN * means if level == "robust" else means + np.inf
    for k, image in enumerate(images):
        of_ring = (highest[k][place] for place in (RINGS.inner, RINGS.outer))
        floor = np.minimum(RINGS.interpolate(levels[k]), np.minimum(*of_ring))
        expected = np.maximum(image, floor.astype(dtype))
        np.testing.assert_allclose(found.images[k], expected, rtol=1e-6)
    np.testing.assert_array_equal(found.means, means)


def test_sums_of_raised_rings_are_told():
    images = np.random.default_rng(0).random((2, RINGS.label.size)) ** 4
    found = floored("robust", images, RINGS, 2.0)
    sizes = np.bincount(RINGS.label)
    for power, sums in (1, found.sums), (2, found.squares):
        np.testing.assert_allclose(sums, RINGS.means(found.images**power) * sizes)
