"""Patterns that are one but for their scale."""

import numpy as np
import pytest

from hspy_cnmf.series.camera_length import scaled_pairs

CENTER = 47.5, 44.0


def patterns_of(*zooms, seed=0, width=1.5, rings=1.0):
    """Return a lattice of spots on a ring for each zoom, shape (n, 96, 90)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((96, 90))
    axes = rng.uniform(9, 13, (2, 1)) * np.array([[1, 0.1], [-0.3, 1]])
    indices = np.array([(h, k) for h in range(-3, 4) for k in range(-3, 4) if h or k])
    heights = rng.uniform(0.3, 1, len(indices))
    made = []
    for zoom in zooms:
        radius = np.hypot(rows - CENTER[0], columns - CENTER[1]) / zoom
        pattern = rings * np.exp(-(((radius - 25) / 5) ** 2))
        for height, (row, column) in zip(heights, zoom * indices @ axes, strict=True):
            y, x = rows - CENTER[0] - row, columns - CENTER[1] - column
            pattern += height * np.exp(-(y**2 + x**2) / (2 * width**2))
        made.append(pattern)
    return np.stack(made)


@pytest.mark.parametrize("zoom", [0.96, 0.98, 1.02, 1.04])
def test_the_scale_of_one_pattern_is_found(zoom):
    (pair,) = scaled_pairs(patterns_of(1, zoom), CENTER)
    assert pair[:2] == (0, 1)
    assert pair.scale == pytest.approx(zoom, abs=0.005)


def test_what_is_the_same_or_another_lattice_is_no_pair():
    same = patterns_of(1, 1)
    other = np.concatenate([patterns_of(1, seed=seed) for seed in range(5)])
    for patterns in (same, other, np.zeros((2, 96, 90)), patterns_of(1)):
        assert scaled_pairs(patterns, CENTER) == []


def test_noise_and_masked_pixels_do_not_matter():
    rng = np.random.default_rng(1)
    patterns = rng.poisson(500 * patterns_of(1, 1.03, 1)).astype(float)
    patterns[:, :8] = np.nan
    assert [pair[:2] for pair in scaled_pairs(patterns, CENTER)] == [(0, 1), (1, 2)]


def test_rings_alone_do_not_tell():
    rings = patterns_of(1, 1.03) - patterns_of(1, 1.03, rings=0)
    assert scaled_pairs(rings, CENTER) == []
