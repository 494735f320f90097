"""Laws of uneven lines: seams of tiles are found, specimens have none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.patterns.uneven_lines import uneven_lines

SHAPE = (48, 56)
ROW, COLUMN = np.indices(SHAPE) - np.reshape((22.3, 30.1), (2, 1, 1))
RADIUS = np.hypot(ROW, COLUMN)
EVERYWHERE = np.ones(SHAPE, bool)


def expected(rotation=0.0, electrons=3e5, blur=0.8):
    """Return the sums of a scan: a direct beam, diffuse rings, spots of a crystal."""
    pattern = np.exp(-RADIUS / 9) + 0.5 * np.exp(-((RADIUS - 14) ** 2) / 8)
    pattern += 50 * np.exp(-(RADIUS**2) / 3)
    angles = np.deg2rad(rotation + 60 * np.arange(6))
    for y, x in zip(14 * np.sin(angles), 14 * np.cos(angles), strict=True):
        spot = np.exp(-((ROW - y) ** 2 + (COLUMN - x) ** 2) / 2 / blur**2)
        pattern += 6 * spot
    return electrons * pattern / pattern.sum()


def found(pattern, seed=0, known=EVERYWHERE, gain=1.0):
    counts = np.random.default_rng(seed).poisson(pattern)
    return uneven_lines(gain * counts, known, gain)


rotations = st.floats(0, 60)
seeds = st.integers(0, 10_000)


@settings(max_examples=10, deadline=None)
@given(seeds, rotations, st.sampled_from([1e3, 3e4, 1e6]), st.floats(0.5, 2.0))
def test_specimens_have_none(seed, rotation, electrons, blur):
    assert not found(expected(rotation, electrons, blur), seed).any()


@settings(max_examples=10, deadline=None)
@given(
    seeds,
    rotations,
    st.sampled_from(
        [(40, 10, 2.5, 1), (40, 10, 2.5, 2), (23, 28, 3, 2), (23, 28, 6, 4)]
    ),
    st.sampled_from([1.0, 12.5]),
)
def test_seams_are_found_and_nothing_else(seed, rotation, seam, gain):
    row, column, factor, width = seam
    lines = np.zeros(SHAPE, bool)
    lines[row : row + width] = lines[:, column : column + width] = True
    pattern = expected(rotation, 1e6) * np.where(lines, factor, 1)
    np.testing.assert_array_equal(found(pattern, seed, gain=gain), lines)


def test_the_turned_detector_has_the_same_lines():
    pattern = expected(10.0)
    pattern[30] *= 3
    lines = uneven_lines(pattern, EVERYWHERE, 1.0)
    assert lines[30].all() and not np.delete(lines, 30, axis=0).any()
    np.testing.assert_array_equal(uneven_lines(pattern.T, EVERYWHERE.T, 1.0), lines.T)


def test_masked_pixels_are_none_and_tell_nothing():
    known = (RADIUS > 5) & (RADIUS < 22)
    pattern = expected(20.0)
    pattern[20:22] *= 3
    pattern[~known] = 1e6
    lines = np.zeros(SHAPE, bool)
    lines[20:22] = True
    np.testing.assert_array_equal(found(pattern, known=known), lines & known)


@pytest.mark.parametrize("blur", [0.7, 1.0])
@pytest.mark.parametrize("length", [5.0, 12.0, 30.0])
def test_streaks_of_a_specimen_are_none(length, blur):
    """As of thin layers, along a row through the direct beam."""
    streak = np.exp(-np.abs(COLUMN) / length - ROW**2 / 2 / blur**2)
    assert not found(expected() + 300 * streak).any()


def test_small_patterns_have_none():
    assert not uneven_lines(np.eye(6), np.ones((6, 6), bool), 1.0).any()
