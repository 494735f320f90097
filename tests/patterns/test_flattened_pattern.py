"""Patterns without rings: what is flat is taken off, spots stay, masks are zero."""

import numpy as np

from hspy_cnmf.patterns.flattened_pattern import FlattenedPattern

SCALES = np.array([1.0, 1.5])
PLACES = np.moveaxis(np.indices((41, 41)), 0, -1) - 20.0
RADII = np.linalg.norm(PLACES, axis=-1)
FREE = np.zeros(RADII.shape, dtype=bool)


def flatten(pattern):
    return FlattenedPattern.from_pattern(pattern, RADII, FREE, SCALES, 5.0)


def test_rings_go_and_a_spot_stays():
    rings = 100 * np.exp(-RADII / 10)
    spot = 200 * np.exp(-((PLACES - (0, 12)) ** 2).sum(axis=-1) / 2)
    found = flatten(np.random.default_rng(0).poisson(rings + spot).astype(float))
    peak = np.unravel_index(found.response[0].argmax(), RADII.shape)
    assert peak == (20, 32)
    assert found.response[0][peak] > 10 * found.uncertainty[0][peak]
    assert abs(found.level[20, 8] / rings[20, 8] - 1) < 0.2


def test_the_shape_of_everything_is_that_of_the_pattern_and_masks_are_zero():
    pattern = 50 * np.ones((41, 41))
    pattern[3, 4] = np.nan
    found = flatten(pattern)
    assert found.level[3, 4] == found.excess[3, 4] == 0
    for stack in (found.response, found.noise, found.uncertainty):
        assert stack.shape == (2, 41, 41) and np.isfinite(stack).all()
    np.testing.assert_allclose(found.excess[np.isfinite(pattern)], 0, atol=1e-6)
