"""Bright rows and columns of a detector, which no specimen makes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

#: Most rows or columns of a line, also as a share of the pattern.
_WIDEST, _WIDEST_SHARE = 4, 1 / 8

#: Least length of a line, in pixels and as a share of the pattern.
_SHORTEST, _SHORTEST_SHARE = 8, 1 / 4

#: Least brightness of a line, over what is on both sides and over the brightest pixel.
_LEAST_RATIO, _LEAST_SHARE = 4.0, 0.01

#: Neighbours of a pixel in its column.
_ALONG_COLUMNS = np.array([[0, 1, 0]] * 3)


def bright_lines(mean_pattern: ArrayLike) -> np.ndarray:
    """Return which pixels are in narrow bright lines along rows or columns.

    Parameters
    ----------
    mean_pattern : array_like, shape (rows, columns)
        NaN where masked.

    Returns
    -------
    numpy.ndarray of bool, shape (rows, columns)

    Notes
    -----
    A line is at most four pixels wide and a quarter of the detector long; it is all
    along four times as bright as what is beside it. Rings are not as straight, beams
    and spots not as long.
    """
    pattern = np.asarray(mean_pattern, dtype=float)
    return _bright_columns(pattern) | _bright_columns(pattern.T).T


def _bright_columns(pattern: np.ndarray) -> np.ndarray:
    """Return which pixels are in bright lines along columns."""
    known = np.isfinite(pattern)
    rows, columns = pattern.shape
    filled = np.where(known, pattern, -np.inf)
    bright = known & (filled >= _LEAST_SHARE * filled.max())
    length = max(_SHORTEST, int(_SHORTEST_SHARE * rows))
    found = np.zeros(pattern.shape, bool)
    for width in range(1, min(_WIDEST, int(_WIDEST_SHARE * columns)) + 1):
        padded = np.pad(filled, ((0, 0), (width, width)), constant_values=-np.inf)
        beside = np.maximum(padded[:, : -2 * width], padded[:, 2 * width :])
        stands_out = bright & np.isfinite(beside) & (filled > _LEAST_RATIO * beside)
        # A masked beam may interrupt a line.
        run, _ = ndimage.label(stands_out | ~known, _ALONG_COLUMNS)
        is_long = np.bincount(run[stands_out], minlength=run.max() + 1) >= length
        found |= is_long[run] & stands_out
    return found
