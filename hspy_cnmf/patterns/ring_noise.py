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
    index, ring = np.unique(rings[whole], return_inverse=True)
    every = np.arange(len(index))
    levels = _NORMAL * ndimage.median(rough, ring, every)
    highest = ndimage.maximum(rough, ring, every)
    steps = np.rint(rough / (_ROUNDING * np.where(highest > 0, highest, 1))[ring])
    pairs = np.unique(np.stack([ring, steps]), axis=1)[0].astype(int)
    is_coarse = np.bincount(pairs) < _FEW_VALUES * np.bincount(ring)
    least = ndimage.minimum(np.where(steps > 0, rough, np.inf), ring, every)
    least = np.where(np.isfinite(least), least, 0)
    clipped = _clipped_deviations(rough, ring, np.maximum(levels, least))
    return np.interp(radii, index, np.where(is_coarse, clipped, levels))


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
