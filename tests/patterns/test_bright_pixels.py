"""Laws of what few bright pixels hide."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.patterns.bright_pixels import bright_pixels_hide

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


def test_nothing_hides_where_nothing_was_counted():
    assert not bright_pixels_hide(np.zeros(5))
    assert not bright_pixels_hide(np.empty(0))
    assert not bright_pixels_hide(np.ones(5))
