"""Laws of moving patterns back that move over a scan."""

import numpy as np
import pytest

from hspy_cnmf.domains.centring import _shifts, center

N = 24


def scan(movement, seed=0):
    """Return counts of 24 x 24 cells at 16 x 16 positions that move along both axes."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((N, N)) - (N - 1) / 2
    spots = rng.uniform(2, 9, (5, 2)) * rng.choice([-1, 1], (5, 2))
    pattern = 20 * np.exp(-(y**2 + x**2) / 4) + 0.5
    for row, column in np.concatenate([spots, -spots]):
        pattern += 5 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 2)
    along = (np.argwhere(np.ones((16, 16))) + 0.5) / 16 - 0.5
    shifts = np.rint(along * movement).astype(int)
    still = rng.poisson(np.broadcast_to(pattern, (256, N, N)))
    moved = [np.roll(i, s, (0, 1)) for i, s in zip(still, shifts, strict=True)]
    return still.astype(np.float32), np.array(moved, np.float32)


@pytest.mark.parametrize("is_masked", [False, True])
def test_patterns_that_move_are_moved_back(is_masked):
    still, moved = scan((5, -3))
    cells = np.ones((N, N), bool)
    cells[10:12, 11:13] = not is_masked
    patterns = moved[:, cells]
    center(patterns, np.ones((16, 16), bool), cells)
    images = np.zeros_like(moved)
    images[:, cells] = patterns
    seen = images.any(axis=0)
    # Shifts are rounded: a cell beside is as good.
    alike = [images[:, seen] == np.roll(still, s, (1, 2))[:, seen] for s in _beside()]
    assert np.any([a.all(axis=1) for a in alike], axis=0).all()
    assert alike[4].all(axis=1).mean() > 0.9
    assert seen[4:7, 3:-3].all() and seen.sum() > 0.5 * seen.size


def test_patterns_that_stay_are_the_same_bits():
    still, moved = scan((1, 0))
    for images in (still, moved):
        patterns = images.reshape(256, -1)
        before = patterns.copy()
        center(patterns, np.ones((16, 16), bool), np.ones((N, N), bool))
        np.testing.assert_array_equal(patterns, before)


def test_patterns_of_bent_crystals_are_the_same_bits():
    # One side of all patterns is brighter here, and the other one there.
    y, x = np.indices((N, N)) - (N - 1) / 2
    still = np.exp(-(y**2) / 2) * (1 + np.cos(2 * np.pi * x / 4)) + 0.05
    along = (np.argwhere(np.ones((16, 16)))[:, 1] + 0.5) / 16 - 0.5
    images = still * np.exp(0.4 * along[:, np.newaxis, np.newaxis] * x)
    images = np.random.default_rng(0).poisson(20 * images).astype(np.float32)
    cells = np.hypot(y, x) > 2
    given = np.ones((16, 16), bool), cells
    patterns = images[:, cells]
    before = patterns.copy()
    assert _shifts(patterns, *given).any()
    center(patterns, *given)
    np.testing.assert_array_equal(patterns, before)


def _beside():
    return [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
