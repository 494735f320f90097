"""Laws of hot pixels: they tower over their neighbours, and spots do not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.patterns.hot_pixels import (
    at_most,
    tell_hot_pixels,
    towering,
    towering_blocks,
)

N = 24
KNOWN = np.ones((N, N), bool)
seeds = st.integers(0, 10_000)


def spot(place, sigma, counts, background):
    """Return what is expected of one round spot."""
    rows, columns = np.indices((N, N))
    distance = (rows - place[0]) ** 2 + (columns - place[1]) ** 2
    return background + counts * np.exp(-distance / 2 / sigma**2)


@settings(max_examples=100, deadline=None)
@given(
    seeds,
    st.tuples(*(st.floats(1, N - 2),) * 2),
    st.floats(0.6, 3),
    st.sampled_from([5.0, 30.0, 300.0, 1e5]),
    st.sampled_from([0.0, 0.3, 10.0]),
)
def test_no_spot_towers_however_few_its_counts(seed, place, sigma, counts, background):
    expected = spot(place, sigma, counts, background)
    sums = np.random.default_rng(seed).poisson(expected).astype(float)
    assert not towering(sums, KNOWN, 1.0).any()


@settings(max_examples=50, deadline=None)
@given(seeds, st.sampled_from([0.3, 10.0, 300.0]), st.sampled_from([1.0, 37.0]))
def test_a_pixel_of_far_more_counts_towers(seed, background, gain):
    rng = np.random.default_rng(seed)
    sums = rng.poisson(background, (N, N)).astype(float)
    row, column = rng.integers(0, N, 2)
    sums[row, column] += 60 + 12 * background
    # With the neighbours that it has by chance it may, or may not.
    found = np.argwhere(towering(gain * sums, KNOWN, gain)).tolist()
    assert found in ([[row, column]], []) if background > 1 else [[row, column]]


@settings(max_examples=50, deadline=None)
@given(seeds, st.floats(0.01, 1e4))
def test_what_counts_come_from_is_bounded(seed, mean):
    counts = np.random.default_rng(seed).poisson(mean, 20)
    assert (at_most(counts.astype(float), 1.0) > mean).all()


@settings(max_examples=50, deadline=None)
@given(seeds, st.sampled_from([5.0, 100.0, 1e4]), st.booleans())
def test_what_goes_on_is_hot_and_what_varies_is_not(seed, mean, beam_is_steady):
    """Also where the brightest pixels of all do not vary."""
    rng = np.random.default_rng(seed)
    brightness = rng.gamma(2.0, 0.5, (400, 1))
    good = rng.poisson(brightness * np.full(300, 10.0)).astype(float)
    if beam_is_steady:
        good[:, :3] = rng.poisson(1e3, (400, 3))
    steady = rng.poisson(mean, (400, 5)).astype(float)
    varying = rng.poisson(brightness * np.full(5, mean)).astype(float)

    def told(values):
        return np.stack([values.sum(axis=0), (values**2).sum(axis=0)])

    suspicious = told(np.hstack([steady, varying]))
    hot = tell_hot_pixels(suspicious, told(good), 400, 1.0)
    assert hot.tolist() == [True] * 5 + [False] * 5


def test_where_nothing_varies_nothing_is_hot():
    values = np.random.default_rng(0).poisson(10.0, (100, 300)).astype(float)
    told = np.stack([values.sum(axis=0), (values**2).sum(axis=0)])
    assert not tell_hot_pixels(told[:, :5] * 9, told, 100, 1.0).any()


@pytest.mark.parametrize("gain", [1.0, 7.5])
@pytest.mark.parametrize("corner", [(0, 0), (5, 9), (30, 30)])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_squares_of_pixels_tower_together(gain, corner, size):
    sums = np.random.default_rng(0).poisson(20.0, KNOWN.shape)
    hot = np.zeros(KNOWN.shape, bool)
    hot[corner[0] : corner[0] + size, corner[1] : corner[1] + size] = True
    sums[hot] += 20_000
    np.testing.assert_array_equal(towering_blocks(gain * sums, KNOWN, gain), hot)


@pytest.mark.parametrize("width", [0.5, 0.8, 1.5, 2.5])
@pytest.mark.parametrize("place", [(15.5, 15.5), (15.3, 15.0), (15.0, 15.0)])
def test_no_spot_is_a_square_of_pixels(width, place):
    row, column = np.indices(KNOWN.shape) - np.reshape(place, (2, 1, 1))
    spot = 1e6 * np.exp(-(row**2 + column**2) / 2 / width**2)
    sums = np.random.default_rng(0).poisson(spot + 5.0)
    assert not towering_blocks(sums, KNOWN, 1.0).any()
