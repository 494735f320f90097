"""Hot pixels: more counts than any spot has beside such neighbours."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, stats

#: Standard deviations up to which counts may be by chance, among many pixels.
_BY_CHANCE = 4.0

#: How far a hot pixel exceeds its neighbours: the central pixel of a round spot does
#: not if the spot's standard deviation is more than 0.47 pixels.
SHARPEST_SPOT = 10.0

#: A hot pixel has at least this multiple of what is around it ...
_LEAST_EXCESS = 2.0

#: ... and exceeds it by this number of standard deviations of counts.
SIGNIFICANCE = 8.0

#: Variance, in that of counts, up to which counts are those of a constant rate.
_MOST_OF_COUNTS = 1.5

#: Shares of pixels that begin classes of brightness: a direct beam may not vary.
_BRIGHTNESS = 0.8, 0.95, 0.99

#: Neighbours of a hot pixel that may be hot themselves.
_HOT_NEIGHBOURS = 2


#: Rows and columns to the eight pixels around one.
NEIGHBOURS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]

#: Rows and columns to two by two pixels, and to the twelve around these.
_BLOCK = [(i, j) for i in (0, 1) for j in (0, 1)]
_AROUND_BLOCK = [
    (i, j) for i in range(-1, 3) for j in range(-1, 3) if (i, j) not in _BLOCK
]


def tell_hot_pixels(
    suspicious: np.ndarray, good: np.ndarray, n_positions: int, gain: float
) -> np.ndarray:
    """Tell pixels that are hot from those that hold the whole of a sharp spot.

    Parameters
    ----------
    suspicious, good : numpy.ndarray, shape (2, n)
        Sums, and sums of squares, of pixels that exceed their neighbours and of others.
    n_positions : int
    gain : float
        What one electron counts.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        A hot pixel counts on by itself: its variance is that of counts, while bright
        pixels vary with the specimen. Where none of these vary, or so few counts would
        not show it, nothing is hot.
    """
    dispersion = _dispersion(suspicious, n_positions) / gain
    goes_on = dispersion < _MOST_OF_COUNTS
    sums = good[0]
    if not (sums > 0).any():
        return np.zeros(goes_on.shape, bool)
    classes = np.digitize(sums, np.quantile(sums[sums > 0], _BRIGHTNESS))
    varies = max(
        _relative_variance(good[:, classes == k], n_positions, gain)
        for k in np.unique(classes[sums > 0])
        if k > 0
    )
    expected = 1 + varies * suspicious[0] / n_positions / gain
    scatter = np.sqrt(2 / n_positions)
    return goes_on & (expected > _MOST_OF_COUNTS + _BY_CHANCE * scatter)


def _dispersion(told: np.ndarray, n_positions: int) -> np.ndarray:
    """Return the variance over the mean of pixels that count."""
    mean = told[0] / n_positions
    return (told[1] / n_positions - mean**2) / mean


def _relative_variance(told: np.ndarray, n_positions: int, gain: float) -> float:
    """Return the least variance, over the squared mean, that pixels have beyond counts.

    It is their median, less three of its standard errors.
    """
    excess = (_dispersion(told, n_positions) / gain - 1) * n_positions * gain / told[0]
    error = 1.253 * stats.median_abs_deviation(excess, scale="normal")
    return max(float(np.median(excess) - 3 * error / np.sqrt(excess.size)), 0.0)


def at_most(values: np.ndarray, gain: float) -> np.ndarray:
    """Return what counts may come from, but for chance."""
    spread = np.sqrt(gain * np.maximum(values, 0))
    return values + _BY_CHANCE * spread + _BY_CHANCE**2 / 2 * gain


def towering(sums: np.ndarray, known: np.ndarray, gain: float) -> np.ndarray:
    """Return which pixels exceed their neighbours more than any spot would.

    Parameters
    ----------
    sums : numpy.ndarray, shape (rows, columns)
        Counts in each pixel.
    known : numpy.ndarray of bool, shape (rows, columns)
        Which of them are to be looked at.
    gain : float
        What one electron counts.

    Returns
    -------
    numpy.ndarray of bool, shape (rows, columns)
    """
    background = _background(sums, known)
    neighbours = _shifted(sums, known, NEIGHBOURS)
    return (
        _exceeds(np.where(known, sums, 0), neighbours, background, gain, SHARPEST_SPOT)
        & known
    )


def towering_blocks(
    sums: np.ndarray, known: np.ndarray, gain: float, least: float = SHARPEST_SPOT**2
) -> np.ndarray:
    """Return which pixels are in two by two that exceed all around them.

    Parameters
    ----------
    sums, known, gain
        See `towering`.
    least : float, default 100
        How many times of what is around them, both beyond the background. A spot as
        sharp as there are, in the middle of four pixels, has 92 times.

    Returns
    -------
    numpy.ndarray of bool, shape (rows, columns)
    """
    background = _background(sums, known)
    block = np.stack([_shifted(a, known, _BLOCK) for a in (sums, background)])
    block = np.where(np.isfinite(block[0]).all(axis=0), block, 0)
    around = _shifted(sums, known, _AROUND_BLOCK)
    found = _exceeds(block[0].min(axis=0), around, block[1].max(axis=0), gain, least)
    # Each pixel is in four blocks, named by their first.
    return known & ndimage.maximum_filter(found, size=2, origin=0)


def _shifted(
    values: np.ndarray, known: np.ndarray, places: list[tuple[int, int]]
) -> np.ndarray:
    """Return the values at places beside each pixel, -inf where they are unknown."""
    padded = np.pad(np.where(known, values, -np.inf), 2, constant_values=-np.inf)
    rows, columns = values.shape
    return np.stack(
        [padded[2 + i : 2 + i + rows, 2 + j : 2 + j + columns] for i, j in places]
    )


def _exceeds(
    values: np.ndarray,
    neighbours: np.ndarray,
    background: np.ndarray,
    gain: float,
    least: float,
) -> np.ndarray:
    """Return which values exceed a number of times their neighbours, and chance."""
    ordered = np.sort(neighbours, axis=0)
    # Beside a gap, where a spot may be cut off, only the brightest neighbour tells.
    whole = np.isfinite(ordered[0])
    beside = np.where(whole, ordered[-1 - _HOT_NEIGHBOURS], ordered[-1])
    excess = values - background
    beside = at_most(np.maximum(beside, 0), gain) + np.minimum(beside, 0)
    return (
        np.isfinite(beside)
        & (excess > least * np.maximum(beside - background, 0))
        & (excess > (_LEAST_EXCESS - 1) * background)
        & (excess > SIGNIFICANCE * np.sqrt(gain * np.maximum(background, gain)))
    )


def _background(sums: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the lower fifth of five by five pixels, masked ones as the nearest known.

    Where spots are dense, their median would be one of spots.
    """
    nearest = ndimage.distance_transform_edt(
        ~known, return_distances=False, return_indices=True
    )
    return ndimage.percentile_filter(sums[tuple(nearest)], 20, size=5, mode="nearest")
