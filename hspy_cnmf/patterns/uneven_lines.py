"""Uneven lines: rows and columns of a detector that count more than those beside."""

from __future__ import annotations

import numpy as np

#: Rows that tiles of a detector may leave between them, at most.
_WIDEST = 4

#: Parts along a row, each of which tells by how much it counts more, the fewest of them
#: and of pixels in each that are not masked.
_PARTS, _FEWEST_PARTS, _FEWEST_PIXELS = 8, 4, 4

#: How many of the parts have to agree: spots and a direct beam may be in the others.
_AGREEING = 0.75

#: Least factor between a row and those beside it.
_LEAST_FACTOR = 1.3

#: How far factors of the parts may be from their median, as a power of it.
_LARGEST_SPREAD = 0.35

#: How much more a row exceeds those beside it than these exceed the next ones: a
#: detector's rows end sharply, while a streak of the specimen has skirts.
_SHARPEST_STREAK = 10.0

#: Standard deviations by which a factor is beyond that by chance, among many rows. In
#: single parts two do.
_BY_CHANCE = 4.0


def uneven_lines(sums: np.ndarray, known: np.ndarray, gain: float) -> np.ndarray:
    r"""Return the rows and columns that count so many times what those beside do.

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
        All known pixels of these rows and columns.

    Notes
    -----
    Between tiles of a detector pixels may be several times as wide as others. In each
    of eight parts of a row the factor is that between medians over pixels: of the row,
    one of up to four, and of the two beside. Rows are uneven where the factor is 1.3 or
    more, and in three quarters of the parts nearly the same, while the rows beside
    differ from the next ones by a tenth of that, at most. Rings and spots of a specimen
    do so nowhere, and streaks are brighter at the centre, and blurred. Cost grows with
    the pixels.
    """
    rows = _uneven_rows(sums, known, gain)
    columns = _uneven_rows(sums.T, known.T, gain).T
    return known & (rows | columns)


def _uneven_rows(sums: np.ndarray, known: np.ndarray, gain: float) -> np.ndarray:
    """Return which rows are uneven, broadcast to all pixels."""
    uneven = np.zeros(len(sums), bool)
    if sums.shape[1] >= _PARTS * _FEWEST_PIXELS:
        levels, n_pixels = _levels(np.where(known, sums, np.nan) / gain)
        for width in range(1, _WIDEST + 1):
            for first in _first_rows(levels, n_pixels, width):
                uneven[first : first + width] = True
    return np.broadcast_to(uneven[:, np.newaxis], sums.shape)


def _levels(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the median of each part of each row, and how many pixels it is of."""
    parts = np.array_split(counts, _PARTS, axis=1)
    n_pixels = np.stack([np.isfinite(part).sum(axis=1) for part in parts], axis=1)
    enough = n_pixels >= _FEWEST_PIXELS
    levels = np.full(enough.shape, np.nan)
    for column, part in enumerate(parts):
        of_row = enough[:, column]
        levels[of_row, column] = np.nanmedian(part[of_row], axis=1)
    return levels, n_pixels


def _first_rows(levels: np.ndarray, n_pixels: np.ndarray, width: int) -> np.ndarray:
    """Return where so many rows begin that are uneven together."""
    n_starts = len(levels) - width - 3
    if n_starts < 1:
        return np.empty(0, int)
    logarithm = np.log(np.where(levels > 0, levels, np.nan))
    # Rows that are compared, by how far they are from the first.
    rows = np.array([logarithm[k : k + n_starts] for k in range(width + 4)])
    told = np.isfinite(rows).all(axis=0)
    # Of a median, with the counts of all rows that are compared.
    variance = np.pi / 2 * np.exp(-rows).sum(axis=0)
    error = np.sqrt(variance / np.maximum(n_pixels[2 : 2 + n_starts], 1))
    found = [
        _is_uneven(rows[:, row, parts], error[row, parts])
        for row, parts in enumerate(told)
    ]
    return np.flatnonzero(found) + 2


def _is_uneven(rows: np.ndarray, error: np.ndarray) -> bool:
    """Whether the rows between the two first and the two last are a detector's seam.

    Parameters
    ----------
    rows : numpy.ndarray, shape (n_rows, n_parts)
        Logarithms of their levels.
    error : numpy.ndarray, shape (n_parts,)
    """
    if len(error) < _FEWEST_PARTS:
        return False
    within, beside, next_ones = rows[2:-2], rows[[1, -2]], rows[[0, -1]]
    by_chance = _BY_CHANCE * np.median(error) / np.sqrt(len(error))
    over_both = np.median(within.min(axis=0) - beside, axis=1)
    if (over_both < np.log(_LEAST_FACTOR) + by_chance).any():
        return False
    # Means of both sides, in which slopes of rings are level.
    factor = within - beside.mean(axis=0)
    typical = np.median(factor, axis=1, keepdims=True)
    is_same = np.abs(factor - typical) <= _LARGEST_SPREAD * typical + 2 * error
    skirts = np.expm1(np.abs((beside - next_ones).mean(axis=0)))
    is_sharp = skirts <= np.expm1(typical.min()) / _SHARPEST_STREAK + 2 * error
    return bool((is_same.all(axis=0) & is_sharp).mean() >= _AGREEING)
