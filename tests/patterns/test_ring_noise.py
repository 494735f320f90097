"""Noise of rings, of many counts and of few."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.patterns.ring_noise import ring_noise

LAW = settings(max_examples=15, deadline=None)
SHAPE, RADII = (61, 61), np.arange(5, 26)
RINGS = np.rint(np.hypot(*(np.indices(SHAPE) - 30))).astype(int)


def spots(height):
    """Return six spots that are smooth."""
    angles = np.arange(6) * np.pi / 3
    places = 30 + 15 * np.stack([np.sin(angles), np.cos(angles)])
    apart = np.hypot(*(np.indices(SHAPE)[..., None] - places[:, None, None]))
    return height * np.exp(-(apart**2) / 2 / 1.5**2).sum(axis=2)


@LAW
@given(st.floats(0.1, 50), st.floats(1e-9, 1e9), st.integers(0, 99))
def test_it_is_the_root_of_counts_however_few(mean, scale, seed):
    counts = np.random.default_rng(seed).poisson(mean + spots(0), SHAPE)
    found = ring_noise(scale * counts, RINGS, RADII)
    assert np.median(found) == pytest.approx(scale * np.sqrt(mean), rel=0.3)


@LAW
@given(st.floats(0.3, 3), st.integers(0, 99))
def test_spots_among_few_counts_add_little(mean, seed):
    counts = np.random.default_rng(seed).poisson(mean + spots(40 * mean), SHAPE)
    found = ring_noise(1.0 * counts, RINGS, RADII)
    assert np.median(found) < 1.5 * np.sqrt(mean)


def test_of_a_ring_only_its_own_pixels_and_those_beside_matter():
    pattern = 1.0 * np.random.default_rng(0).poisson(0.5, SHAPE)
    expected = ring_noise(pattern, RINGS, RADII[:10])
    pattern[RINGS > 18] *= 1e6
    np.testing.assert_array_equal(ring_noise(pattern, RINGS, RADII[:10]), expected)


@pytest.mark.parametrize("pattern", [np.zeros(SHAPE), np.ones(SHAPE)])
def test_what_does_not_vary_has_none(pattern):
    assert not ring_noise(pattern, RINGS, RADII).any()


def test_nothing_is_known_of_pixels_that_are_all_beside_a_mask():
    pattern = np.full(SHAPE, np.nan)
    pattern[::2] = 1.0
    assert not ring_noise(pattern, RINGS, RADII).any()
