"""Noise of each ring of a pattern, whatever spots are in it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from hspy_cnmf.patterns.roughness import roughness

#: Standard deviation of a normal distribution over its median absolute deviation.
_NORMAL = 1.4826

#: Standard deviations beyond which noise is left out, and what is then left of the
#: standard deviation of a normal distribution; how many times.
_CLIPPED, _KEPT, _N_CLIPPED = 2.5, 0.9546, 5

#: Part of the largest roughness of a ring that is nothing but rounding, and part of its
#: pixels of which that of noise takes as many values if it is not of few counts.
_ROUNDING, _FEW_VALUES = 1e-9, 0.5


def ring_noise(pattern: np.ndarray, rings: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Return the noise at integer radii, from how rough the pattern is there.

    The median over a ring does not see a few Bragg spots, and structure that is wider
    than three pixels is smooth. Of few counts, whose roughness takes few values, it is
    too low, or 0: there it is the standard deviation of what is within 2.5 of it.

    Parameters
    ----------
    pattern : numpy.ndarray, shape (rows, columns)
        NaN where masked.
    rings : numpy.ndarray of int, shape (rows, columns)
        Radius of each pixel.
    radii : numpy.ndarray, shape (n,)
        In pixels.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Standard deviation of a pixel.
    """
    known = np.isfinite(pattern)
    whole = ndimage.binary_erosion(known, np.ones((3, 3)))
    if not whole.any():
        return np.zeros(len(radii))
    rough = np.abs(roughness(np.where(known, pattern, 0)))[whole]
    ring, count = rings[whole], np.bincount(rings[whole])
    index = np.flatnonzero(count)
    ring = np.searchsorted(index, np.arange(len(count)))[ring]
    levels, least, is_coarse = _in_order(rough, ring, count[index])
    clipped = _clipped_deviations(rough, ring, np.maximum(levels, least))
    return np.interp(radii, index, np.where(is_coarse, clipped, levels))


def _in_order(
    rough: np.ndarray, ring: np.ndarray, count: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what the order of values tells of each ring, each of shape (rings,).

    The deviation by the median, the least value that is no rounding, and whether there
    are few values. All rings, from 0 on, have pixels; `count` of them.
    """
    # Sorted once: of all that is done to a pattern this takes most of the time.
    rough = rough[np.lexsort((rough, ring))]
    begin = np.cumsum(count) - count
    low, high = begin + (count - 1) // 2, begin + count // 2
    levels = _NORMAL * ((rough[low] + rough[high]) / 2)
    highest = rough[begin + count - 1]
    rounding = _ROUNDING * np.where(highest > 0, highest, 1)
    steps = np.rint(rough / rounding.repeat(count))
    is_other = np.diff(steps, prepend=-1) != 0
    is_other[begin] = True
    is_coarse = np.add.reduceat(is_other, begin, dtype=int) < _FEW_VALUES * count
    least = np.minimum.reduceat(np.where(steps > 0, rough, np.inf), begin)
    return levels, np.where(np.isfinite(least), least, 0), is_coarse


def _clipped_deviations(
    values: np.ndarray, labels: np.ndarray, levels: np.ndarray
) -> np.ndarray:
    """Return for each label the standard deviation of what is within 2.5 of it."""
    lowest = levels
    for _ in range(_N_CLIPPED):
        is_near = values <= _CLIPPED * levels[labels]
        squares = np.bincount(labels, np.where(is_near, values**2, 0))
        count = np.maximum(np.bincount(labels, is_near), 1)
        levels = np.maximum(np.sqrt(squares / count) / _KEPT, lowest)
    return levels
