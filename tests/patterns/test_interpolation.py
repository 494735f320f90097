"""Patterns between their pixels."""

import numpy as np

from hspy_cnmf.patterns.interpolation import interpolate, interpolate_all

SHAPE = 12, 15


def test_a_plane_stays_a_plane():
    rows, columns = np.indices(SHAPE)
    places = np.random.default_rng(0).uniform(0, 11, (2, 40))
    values, known = interpolate(2.0 * rows - columns, places)
    assert known.all()
    np.testing.assert_allclose(values, 2 * places[0] - places[1])


def test_of_many_each_is_as_if_it_were_alone_whatever_the_masks():
    rng = np.random.default_rng(1)
    patterns = rng.random((6, *SHAPE))
    patterns[2:4, 3:6] = np.nan
    patterns[5, rng.random(SHAPE) < 0.3] = np.nan
    places = rng.uniform(-1, 15, (2, 7, 9))
    for pattern, found in zip(patterns, interpolate_all(patterns, places), strict=True):
        np.testing.assert_array_equal(found, interpolate(pattern, places))
