"""Colours of groups, and how many columns their patterns take."""

import hyperspy.api as hs
import numpy as np
import pytest
from matplotlib.colors import rgb_to_hsv, to_rgb

from hspy_cnmf.figures.gallery import Gallery, Insets, colour


def test_colours_differ_and_none_is_grey():
    colours = [to_rgb(colour(k)) for k in range(12)]
    assert len(set(colours)) == 12
    assert all(rgb_to_hsv(c)[1] > 0.2 for c in colours)
    many = [colour(k) for k in range(200)]
    assert many == [colour(k) for k in range(200)]


@pytest.mark.parametrize("n", [1, 5, 30])
def test_patterns_take_as_many_columns_as_they_need(n):
    signal = hs.signals.Signal2D(np.random.default_rng(0).random((n, 6, 6)))
    insets = Insets(signal, {k: k for k in range(n)})
    gallery = Gallery(np.arange(n), np.arange(n), insets, insets.preferred_height)
    assert gallery.n_columns * np.ceil(n / gallery.n_columns) >= n
    assert gallery.n_columns == 1 if n < 6 else gallery.n_columns > 1
    plain = Gallery(np.arange(n), np.arange(n), None, 3.0)
    assert plain.width < gallery.width
