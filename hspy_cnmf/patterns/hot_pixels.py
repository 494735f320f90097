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

#: The largest square of hot pixels that are told by what is around them.
_LARGEST_BLOCK = 4

#: How many times of its darkest pixel the brightest of a larger square has at most. A
#: spot whose middle is as flat as that falls off to a third at most beside it.
_FLAT = 3.0


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


def at_most(
    values: np.ndarray, gain: float, by_chance: float = _BY_CHANCE
) -> np.ndarray:
    """Return what counts may come from, but for chance of so many deviations."""
    spread = np.sqrt(gain * np.maximum(values, 0))
    return values + by_chance * spread + by_chance**2 / 2 * gain


def towering(
    sums: np.ndarray, known: np.ndarray, gain: float, by_chance: float = _BY_CHANCE
) -> np.ndarray:
    """Return which pixels exceed their neighbours more than any spot would.

    Parameters
    ----------
    sums : numpy.ndarray, shape (rows, columns)
        Counts in each pixel.
    known : numpy.ndarray of bool, shape (rows, columns)
        Which of them are to be looked at.
    gain : float
        What one electron counts.
    by_chance : float, default 4
        Standard deviations that neighbours may have too few by chance; zero of what
        is the largest of many.

    Returns
    -------
    numpy.ndarray of bool, shape (rows, columns)
    """
    background = _background(sums, known)
    beside = _beside(_shifted(sums, known, NEIGHBOURS), gain, by_chance)
    values = np.where(known, sums, 0)
    return known & _exceeds(values, beside, background, gain, SHARPEST_SPOT)


def towering_blocks(
    sums: np.ndarray,
    known: np.ndarray,
    gain: float,
    least: float = SHARPEST_SPOT**2,
    by_chance: float = _BY_CHANCE,
) -> np.ndarray:
    """Return which pixels are in squares of two to four that exceed all around them.

    Parameters
    ----------
    sums, known, gain, by_chance
        See `towering`.
    least : float, default 100
        How many times of what is around them two by two have, both beyond the
        background. A spot as sharp as there are, in the middle of four pixels, has 92
        times. Of larger squares, which no spot fills evenly, ten times are enough.

    Returns
    -------
    numpy.ndarray of bool, shape (rows, columns)
    """
    found = np.zeros(sums.shape, bool)
    for size in range(2, _LARGEST_BLOCK + 1):
        times = least if size == 2 else SHARPEST_SPOT
        found |= _towering_squares(sums, known, gain, size, times, by_chance)
    return known & found


def _towering_squares(
    sums: np.ndarray,
    known: np.ndarray,
    gain: float,
    size: int,
    least: float,
    by_chance: float,
) -> np.ndarray:
    """Return which pixels are in squares of one size that exceed all around them."""
    background = _background(sums, known, max(size + 3, 5))
    inside = [(i, j) for i in range(size) for j in range(size)]
    wider = [(i, j) for i in range(-1, size + 1) for j in range(-1, size + 1)]
    square, behind = (_shifted(a, known, inside) for a in (sums, background))
    whole = np.isfinite(square).all(axis=0)
    # In a corner of the pattern a larger square is much of its own background.
    behind = behind.max(axis=0) if size == 2 else behind.min(axis=0)
    lowest, level = np.where(whole, [square.min(axis=0), behind], 0)
    around = _shifted(sums, known, [place for place in wider if place not in inside])
    beside = _beside(around, gain, by_chance)
    found = _exceeds(lowest, beside, level, gain, least)
    if size > 2:
        found &= square.max(axis=0) - level <= _FLAT * (lowest - level)
    # Each pixel is in several squares, named by their first.
    return ndimage.maximum_filter(found, size=size, origin=(size - 1) // 2)


def _shifted(
    values: np.ndarray, known: np.ndarray, places: list[tuple[int, int]]
) -> np.ndarray:
    """Return the values at places beside each pixel, -inf where they are unknown."""
    wide = _LARGEST_BLOCK
    padded = np.pad(np.where(known, values, -np.inf), wide, constant_values=-np.inf)
    rows, columns = values.shape
    return np.stack(
        [
            padded[wide + i : wide + i + rows, wide + j : wide + j + columns]
            for i, j in places
        ]
    )


def _beside(neighbours: np.ndarray, gain: float, by_chance: float) -> np.ndarray:
    """Return what the neighbours of pixels have, but for two, which may be hot."""
    ordered = np.sort(neighbours, axis=0)
    # Beside a gap, where a spot may be cut off, only the brightest neighbour tells.
    whole = np.isfinite(ordered[0])
    beside = np.where(whole, ordered[-1 - _HOT_NEIGHBOURS], ordered[-1])
    lit = at_most(np.maximum(beside, 0), gain, by_chance)
    return lit + np.minimum(beside, 0)


def _exceeds(
    values: np.ndarray,
    beside: np.ndarray,
    background: np.ndarray,
    gain: float,
    least: float,
) -> np.ndarray:
    """Return which values exceed a number of times those beside, and chance."""
    excess = values - background
    return (
        np.isfinite(beside)
        & (excess > least * np.maximum(beside - background, 0))
        & (excess > (_LEAST_EXCESS - 1) * background)
        & (excess > SIGNIFICANCE * np.sqrt(gain * np.maximum(background, gain)))
    )


def _background(sums: np.ndarray, known: np.ndarray, size: int = 5) -> np.ndarray:
    """Return the lower fifth of a square of pixels, masked ones as the nearest known.

    Where spots are dense, their median would be one of spots.
    """
    nearest = ndimage.distance_transform_edt(
        ~known, return_distances=False, return_indices=True
    )
    filled = sums[tuple(nearest)]
    return ndimage.percentile_filter(filled, 20, size=size, mode="nearest")
