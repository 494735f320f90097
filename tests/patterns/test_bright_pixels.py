"""Laws of what few bright pixels hide."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.patterns.bright_pixels import (
    bright_pixels_are_spots,
    bright_pixels_hide,
)

seeds = st.integers(0, 2**32 - 1)


def _pattern(seed):
    return np.random.default_rng(seed).random(400)


@given(seeds, st.integers(1, 20), st.floats(50, 1e4), st.floats(1e-6, 1e6))
def test_few_bright_pixels_hide_the_others_in_any_units(seed, n, brighter, units):
    mean = _pattern(seed)
    mean[:n] = brighter
    assert bright_pixels_hide(mean) and bright_pixels_hide(units * mean[::-1])


@given(seeds, st.integers(41, 400), st.floats(1, 1e4))
def test_many_bright_pixels_hide_nothing(seed, n, brighter):
    mean = _pattern(seed)
    mean[:n] += brighter
    assert not bright_pixels_hide(mean)


@given(seeds, st.floats(0, 1e3))
def test_an_even_background_tells_nothing(seed, background):
    mean = _pattern(seed) + background
    mean[0] = 50 * mean.max()
    assert bright_pixels_hide(mean)


@given(seeds, st.integers(3, 9), st.booleans())
def test_spots_are_in_many_places_and_a_beam_in_one(seed, n_spots, has_dead_row):
    rng = np.random.default_rng(seed)
    spots = rng.random((41, 41))
    beam = spots.copy()
    places = 4 + 8 * rng.permutation(np.argwhere(np.ones((5, 5))))[:n_spots]
    for row, column in places:
        spots[row - 1 : row + 2, column - 1 : column + 2] = 1000
    beam[18:24, 18:23] = 1000
    if has_dead_row:
        beam[20] = spots[2] = np.nan
    assert bright_pixels_hide(beam) and bright_pixels_hide(spots)
    assert bright_pixels_are_spots(spots) and not bright_pixels_are_spots(beam)
    assert not bright_pixels_are_spots(spots[np.isfinite(spots)])


def test_nothing_hides_where_nothing_was_counted():
    assert not bright_pixels_hide(np.zeros(5))
    assert not bright_pixels_hide(np.empty(0))
    assert not bright_pixels_hide(np.ones(5))
    for nothing in (np.zeros((4, 5)), np.full((4, 5), np.nan)):
        assert not bright_pixels_hide(nothing)
        assert not bright_pixels_are_spots(nothing)
