"""Patterns between their pixels, where masks leave enough of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np
from scipy import ndimage

#: Samples of which less than this part is known are masked.
LEAST_KNOWN = 0.5


def sampled_azimuths(pattern: np.ndarray, azimuths: np.ndarray) -> np.ndarray:
    """Return a polar pattern at other azimuths (in samples), linearly interpolated."""
    first = np.floor(azimuths)
    fraction = azimuths - first
    n = pattern.shape[1]
    left = pattern[:, first.astype(int) % n]
    right = pattern[:, (first.astype(int) + 1) % n]
    # A sample of no weight may be masked.
    right = np.where(fraction == 0, left, right)
    return left * (1 - fraction) + right * fraction


def interpolate(
    pattern: np.ndarray, places: Sequence | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return values at places (row, column), and where they are known."""
    return next(interpolate_all([pattern], places))


def interpolate_all(
    patterns: Iterable[np.ndarray], places: Sequence | np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what `interpolate` returns, of patterns that mostly have one mask."""
    sample = partial(
        ndimage.map_coordinates, coordinates=places, order=1, mode="grid-constant"
    )
    known, weight = np.empty(0), np.empty(0)
    for pattern in patterns:
        if not np.array_equal(known, np.isfinite(pattern)):
            known = np.isfinite(pattern)
            weight = sample(known.astype(float))
        is_known = weight >= LEAST_KNOWN
        values = sample(np.where(known, pattern, 0))
        yield values / np.where(is_known, weight, 1), is_known
