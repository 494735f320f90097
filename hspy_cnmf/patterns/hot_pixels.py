"""Hot pixels: more counts than any spot has beside such neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from scipy import ndimage, stats

#: Rows and columns from one pixel to others.
Places: TypeAlias = list[tuple[int, int]]

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
NEIGHBOURS: Places = [
    (i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)
]

#: The largest square of hot pixels that are told by what is around them.
_LARGEST_BLOCK = 4

#: How many times of its darkest pixel the brightest of a larger square has at most. A
#: spot whose middle is as flat as that falls off to a third at most beside it.
_FLAT = 3.0

#: Share of pixels, in percent, that are darker than the background.
_PERCENTILE = 20

#: Pixels whose backgrounds are found together.
_TOGETHER = 2**13


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
    found, filled = np.zeros(sums.shape, bool), _filled(sums, known)
    for size in range(2, _LARGEST_BLOCK + 1):
        times = least if size == 2 else SHARPEST_SPOT
        squares = sums, filled, known, size
        found |= _towering_squares(*squares, gain, times, by_chance)
    return known & found


def _towering_squares(
    sums: np.ndarray,
    filled: np.ndarray,
    known: np.ndarray,
    size: int,
    gain: float,
    least: float,
    by_chance: float,
) -> np.ndarray:
    """Return which pixels are in squares of one size that exceed all around them."""
    inside = [(i, j) for i in range(size) for j in range(size)]
    wider = [(i, j) for i in range(-1, size + 1) for j in range(-1, size + 1)]
    around = [place for place in wider if place not in inside]
    # Few squares are brighter than all but two of their neighbours. Backgrounds of all
    # would take ten times as long.
    first = _bright_squares(sums, known, inside, around)
    square, neighbours = (_at(sums, known, first, p) for p in (inside, around))
    lowest, beside = square.min(axis=0), _beside(neighbours, gain, by_chance)
    behind = _backgrounds(filled, first, inside, max(size + 3, 5))
    # In a corner of the pattern a larger square is much of its own background.
    level = behind.max(axis=0) if size == 2 else behind.min(axis=0)
    exceeds = _exceeds(lowest, beside, level, gain, least)
    if size > 2:
        exceeds &= square.max(axis=0) - level <= _FLAT * (lowest - level)
    found = np.zeros(sums.shape, bool)
    found[tuple(first)] = exceeds
    # Each pixel is in several squares, named by their first.
    return ndimage.maximum_filter(found, size=size, origin=(size - 1) // 2)


def _bright_squares(
    sums: np.ndarray,
    known: np.ndarray,
    inside: Places,
    around: Places,
) -> np.ndarray:
    """Return first pixels of squares that may exceed what is around them, (2, n)."""
    square = _views(sums, known, inside)
    lowest = next(square).copy()
    for values in square:
        np.minimum(lowest, values, out=lowest)
    n_as_bright = np.zeros(sums.shape, np.uint8)
    for values in _views(sums, known, around):
        n_as_bright += values >= lowest
    return np.stack(np.nonzero(np.isfinite(lowest) & (n_as_bright <= _HOT_NEIGHBOURS)))


def _at(
    values: np.ndarray, known: np.ndarray, first: np.ndarray, places: Places
) -> np.ndarray:
    """Return the values at places beside some pixels, -inf where they are unknown."""
    padded, (rows, columns) = _padded(values, known), first + _LARGEST_BLOCK
    return np.stack([padded[rows + i, columns + j] for i, j in places])


def _backgrounds(
    filled: np.ndarray, first: np.ndarray, places: Places, size: int
) -> np.ndarray:
    """Return the `_background` at places beside some pixels, each found once."""
    rows, columns = first[:, np.newaxis] + np.transpose(places)[:, :, np.newaxis]
    pixels, of_each = np.unique(
        np.ravel_multi_index((rows, columns), filled.shape), return_inverse=True
    )
    found = np.empty(len(pixels))
    padded = np.pad(filled, (size // 2, size - 1 - size // 2), mode="edge")
    window = np.indices((size, size)).reshape(2, -1, 1)
    rank = size**2 * _PERCENTILE // 100
    for start in range(0, len(pixels), _TOGETHER):
        some = np.unravel_index(pixels[start : start + _TOGETHER], filled.shape)
        near = padded[tuple(np.array(some)[:, np.newaxis] + window)]
        found[start : start + _TOGETHER] = np.partition(near, rank, axis=0)[rank]
    return found[of_each.reshape(rows.shape)]


def _shifted(values: np.ndarray, known: np.ndarray, places: Places) -> np.ndarray:
    """Return the values at places beside each pixel, -inf where they are unknown."""
    return np.stack(list(_views(values, known, places)))


def _views(
    values: np.ndarray, known: np.ndarray, places: Places
) -> Iterator[np.ndarray]:
    """Yield the values at each place beside all pixels, -inf where they are unknown."""
    padded, (rows, columns) = _padded(values, known), values.shape
    for i, j in places:
        first = _LARGEST_BLOCK + i, _LARGEST_BLOCK + j
        yield padded[first[0] : first[0] + rows, first[1] : first[1] + columns]


def _padded(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return values with a margin, -inf there and where they are unknown."""
    there = np.where(known, values, -np.inf)
    return np.pad(there, _LARGEST_BLOCK, constant_values=-np.inf)


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


def _background(sums: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the lower fifth of a square of pixels, masked ones as the nearest known.

    Where spots are dense, their median would be one of spots.
    """
    filled = _filled(sums, known)
    return ndimage.percentile_filter(filled, _PERCENTILE, size=5, mode="nearest")


def _filled(sums: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return sums with those of masked pixels as of the nearest known."""
    nearest = ndimage.distance_transform_edt(
        ~known, return_distances=False, return_indices=True
    )
    return sums[tuple(nearest)]
