"""Bad pixels of a detector, found in the sums over a scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

#: Chance of one pixel in a pattern that is called bad and is none.
_FALSE_ALARM = 0.01

#: Largest share of a pattern that a region without counts, or with constant ones, may
#: have and be the detector's: beyond, patterns are dark there by themselves.
_LARGEST_REGION = 0.15

#: A dead region of values that are no counts, of which chance says nothing, lies where
#: the pattern has at least this share of its median.
_LEAST_LEVEL = 0.1

#: How far a hot pixel exceeds its neighbours: the central pixel of a round spot does
#: not if the spot's standard deviation is more than 0.47 pixels.
_SHARPEST_SPOT = 10.0

#: A hot pixel has at least this multiple of what is around it ...
_LEAST_EXCESS = 2.0

#: ... and exceeds it by this number of standard deviations of counts.
_SIGNIFICANCE = 8.0

#: Variance, in that of counts, up to which counts are those of a constant rate.
_MOST_OF_COUNTS = 1.5

#: Neighbours of a hot pixel that may be hot themselves.
_HOT_NEIGHBOURS = 2


@dataclass(frozen=True, eq=False)
class BadPixels:
    """Pixels that do not count electrons.

    Parameters
    ----------
    dead : numpy.ndarray of bool, shape of a pattern
        Without counts where the pixels around have many; gaps between tiles, too.
    stuck : numpy.ndarray of bool, shape of a pattern
        The same counts at every position, though counts scatter: saturated, or
        overwritten.
    hot : numpy.ndarray of bool, shape of a pattern
        Far more counts than the sharpest spot allows beside such neighbours. Spots
        within a single pixel do, too; see `tell_hot_pixels`.
    flickering : numpy.ndarray of bool, shape of a pattern
        Far more counts than all around, at a few positions only: also cosmic rays.
        See `hspy_cnmf.patterns.flicker`.
    gain : float
        What one electron counts.
    """

    dead: np.ndarray
    stuck: np.ndarray
    hot: np.ndarray
    flickering: np.ndarray
    gain: float = 1.0

    @classmethod
    def of_nothing(cls, shape: tuple[int, ...]) -> BadPixels:
        """Return that all pixels are good."""
        return cls(*np.zeros((4, *shape), bool))

    @property
    def all(self) -> np.ndarray:
        """All of them, shape of a pattern."""
        return self.dead | self.stuck | self.hot | self.flickering

    def summary(self) -> str:
        """Return how many there are of each kind, and where the first is."""
        kinds = [
            f"{np.count_nonzero(where)} {name} (the first at {_first(where)})"
            for name, where in (
                ("dead", self.dead),
                ("stuck", self.stuck),
                ("hot", self.hot),
                ("flickering", self.flickering),
            )
            if where.any()
        ]
        return ", ".join(kinds) if kinds else "none"


def _first(where: np.ndarray) -> str:
    row, column = np.argwhere(where)[0]
    return f"x = {column}, y = {row}"


def find_bad_pixels(
    sums: np.ndarray, square_sums: np.ndarray, n_positions: int
) -> BadPixels:
    r"""Find the pixels that do not count electrons.

    Parameters
    ----------
    sums : numpy.ndarray, shape (rows, columns)
        Counts in each pixel, summed over all positions; NaN where masked.
    square_sums : numpy.ndarray, shape (rows, columns)
        Sums of the squares of counts.
    n_positions : int
        Number of positions.

    Returns
    -------
    BadPixels

    Notes
    -----
    Counts are told from other values by their index of dispersion, the variance over
    the mean, whose tenth percentile over the pattern is taken as the gain :math:`g`:
    specimens only add to it. Cost grows with the pixels alone.

    A connected region without counts is dead if the median :math:`m` of the sums
    around it says so, :math:`N e^{-m / g} < 0.01` for :math:`N` pixels. A pixel is
    stuck if its variance is zero and that is less likely than 0.01, too. A pixel is
    hot if it exceeds the background :math:`m`, the lower fifth of five by five pixels,
    by more than ten times of what its third brightest neighbour does (the ratio is
    :math:`e^{1 / 2 \sigma^2}` for a spot of standard deviation :math:`\sigma`, in
    pixels), and by eight times :math:`\sqrt{g m}`.
    """
    known = np.isfinite(sums)
    if np.count_nonzero(known) < 9 or not np.nanmax(sums) > 0:
        return BadPixels.of_nothing(sums.shape)
    mean = np.where(known, sums, 0) / n_positions
    variance = np.where(known, square_sums, 0) / n_positions - mean**2
    # What rounding leaves of equal squares.
    constant = known & (mean > 0) & (variance <= 1e-12 * mean**2)
    gain = _gain(mean, variance, known & (mean > 0) & ~constant, n_positions)
    stuck = _stuck(sums, constant, known, gain, n_positions)
    dead = _dead(sums, known & ~stuck, gain)
    hot = towering(sums, known & ~stuck & ~dead, gain)
    return BadPixels(dead, stuck, hot, np.zeros(sums.shape, bool), gain)


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
        pixels vary with the specimen. Where these do not vary, nothing is hot.
    """
    dispersion = _dispersion(suspicious, n_positions) / gain
    goes_on = dispersion < _MOST_OF_COUNTS
    sums = good[0]
    if not (sums > 0).any():
        return np.zeros(goes_on.shape, bool)
    bright = sums >= np.quantile(sums[sums > 0], 0.99)
    others = np.median(_dispersion(good[:, bright], n_positions)) / gain
    return goes_on & bool(others > _MOST_OF_COUNTS)


def _dispersion(told: np.ndarray, n_positions: int) -> np.ndarray:
    """Return the variance over the mean of pixels that count."""
    mean = told[0] / n_positions
    return (told[1] / n_positions - mean**2) / mean


def _gain(
    mean: np.ndarray, variance: np.ndarray, varying: np.ndarray, n_positions: int
) -> float:
    """Return what one electron counts, if counts are those of electrons."""
    if n_positions < 3 or not varying.any():
        return 1.0
    dispersion = variance[varying] / mean[varying] * n_positions / (n_positions - 1)
    return max(float(np.quantile(dispersion, 0.1)), np.finfo(float).tiny)


def _are_whole(values: np.ndarray) -> bool:
    return bool(np.all(values == np.round(values)))


def _stuck(
    sums: np.ndarray,
    constant: np.ndarray,
    known: np.ndarray,
    gain: float,
    n_positions: int,
) -> np.ndarray:
    """Return which pixels are constant by more than chance."""
    nothing = np.zeros(known.shape, bool)
    n_known = np.count_nonzero(known)
    n_constant = np.count_nonzero(constant)
    # Noise-free simulations are constant wherever one pattern is alone.
    if (
        not n_constant
        or n_constant > _LARGEST_REGION * n_known
        or not _are_whole(sums[known])
    ):
        return nothing
    counts = np.where(known, sums, 0) / n_positions / gain
    # The likeliest count of a Poisson distribution of large mean, or of mean one.
    likeliest = np.minimum(1 / np.sqrt(2 * np.pi * np.maximum(counts, 1)), np.exp(-1))
    chance = np.log(n_known) + (n_positions - 1) * np.log(likeliest)
    return constant & (chance < np.log(_FALSE_ALARM))


def _dead(sums: np.ndarray, known: np.ndarray, gain: float) -> np.ndarray:
    """Return which regions have no counts though there are many around them."""
    label, n_regions = ndimage.label(known & (sums == 0), np.ones((3, 3)))
    if not n_regions:
        return np.zeros(known.shape, bool)
    live = known & (label == 0)
    around = _medians_around(label, n_regions, np.where(live, sums, np.nan))
    n_known = np.count_nonzero(known)
    size = np.bincount(label[label > 0], minlength=n_regions + 1)[1:]
    level = 0 if _are_whole(sums[known]) else _LEAST_LEVEL * np.median(sums[live])
    is_dead = (
        (np.log(n_known) - around / gain < np.log(_FALSE_ALARM))
        & (around > level)
        & (size <= _LARGEST_REGION * n_known)
    )
    return np.concatenate(([False], is_dead))[label]


def _medians_around(
    label: np.ndarray, n_regions: int, values: np.ndarray
) -> np.ndarray:
    """Return the median of the values next to each region, 0 where there are none."""
    padded = np.pad(values, 1, constant_values=np.nan)
    rows, columns = label.shape
    inside = label > 0
    regions, neighbours = [], []
    for row, column in _NEIGHBOURS:
        shifted = padded[1 + row : 1 + row + rows, 1 + column : 1 + column + columns]
        regions.append(label[inside])
        neighbours.append(shifted[inside])
    region, neighbour = np.concatenate(regions), np.concatenate(neighbours)
    region, neighbour = (a[np.isfinite(neighbour)] for a in (region, neighbour))
    order = np.lexsort((neighbour, region))
    region, neighbour = region[order], neighbour[order]
    count = np.bincount(region, minlength=n_regions + 1)[1:]
    middle = np.cumsum(count) - count + np.maximum(count - 1, 0) // 2
    medians = np.zeros(n_regions)
    medians[count > 0] = neighbour[middle[count > 0]]
    return medians


_NEIGHBOURS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]


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
    padded = np.pad(np.where(known, sums, -np.inf), 1, constant_values=-np.inf)
    rows, columns = sums.shape
    neighbours = np.stack(
        [padded[1 + i : 1 + i + rows, 1 + j : 1 + j + columns] for i, j in _NEIGHBOURS]
    )
    ordered = np.sort(neighbours, axis=0)
    # Beside a gap, where a spot may be cut off, only the brightest neighbour tells.
    whole = np.isfinite(ordered[0])
    beside = np.where(whole, ordered[-1 - _HOT_NEIGHBOURS], ordered[-1])
    excess = np.where(known, sums, 0) - background
    return (
        known
        & np.isfinite(beside)
        & (excess > _SHARPEST_SPOT * np.maximum(beside - background, 0))
        & (excess > (_LEAST_EXCESS - 1) * background)
        & (excess > _SIGNIFICANCE * np.sqrt(gain * np.maximum(background, gain)))
    )


def _background(sums: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the lower fifth of five by five pixels, masked ones as the nearest known.

    Where spots are dense, their median would be one of spots.
    """
    nearest = ndimage.distance_transform_edt(
        ~known, return_distances=False, return_indices=True
    )
    return ndimage.percentile_filter(sums[tuple(nearest)], 20, size=5, mode="nearest")
