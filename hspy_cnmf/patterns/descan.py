"""Descan: how far patterns move on the detector while the beam is scanned."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

#: Cells along each navigation axis, and the positions a cell has at least.
_CELLS, _LEAST_POSITIONS = 6, 4

#: Furthest that the centre of a cell is looked for, in pixels and of the detector.
_FURTHEST, _LARGEST_SHARE = 12, 0.2

#: Standard deviation in pixels that patterns are smoothed by to be compared, and least
#: share of what is smoothed that is not masked.
_BLUR, _LEAST_SHARE = 1.0, 0.05

#: A movement counts from this many pixels, and standard deviations, on.
_LEAST_MOVEMENT, _SIGNIFICANCE = 0.7, 5.0


@dataclass(frozen=True, eq=False)
class Descan:
    """Movement of patterns over a scan, as a plane through their centres.

    Parameters
    ----------
    movement : float
        Distance in pixels between the two corners of the scan that are furthest apart
        in the plane.
    uncertainty : float
        Its standard deviation, in pixels.
    slopes : numpy.ndarray, shape (n_dimensions, 2)
        Rows and columns that patterns move by along each axis of the scan.
    makes_alike : bool
        Whether patterns are more alike when they are moved back. Where crystals are
        bent, the centres of their intensities move, and their spots do not.
    """

    movement: float
    uncertainty: float
    slopes: np.ndarray
    makes_alike: bool = True

    @property
    def is_far(self) -> bool:
        """Whether centres surely move, and far enough to matter."""
        limit = max(_LEAST_MOVEMENT, _SIGNIFICANCE * self.uncertainty)
        return bool(self.movement > limit)

    @property
    def is_significant(self) -> bool:
        """Whether patterns surely move, and far enough to matter."""
        return self.is_far and self.makes_alike

    def summary(self) -> str:
        """Return the movement in words, with what can be done."""
        return (
            f"Patterns move by {self.movement:.1f} pixels over the scan (descan): maps "
            "and patterns of moving patterns are blurred or split. Centre them first, "
            "for example with pyxem's s.center_direct_beam(), which works lazily too."
        )


def cells_of_scan(keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Divide a scan into a coarse grid of cells.

    Parameters
    ----------
    keep : numpy.ndarray of bool
        Positions that take part; its shape is the navigation shape.

    Returns
    -------
    cells : numpy.ndarray of int, shape (n_positions,)
        Which cell each position belongs to.
    places : numpy.ndarray, shape (n_cells, n_dimensions)
        Mean place of each cell in the scan, from -0.5 to 0.5 along each axis.
    """
    index = np.argwhere(keep)
    shape = np.array(keep.shape)
    n_cells = np.clip(shape // _LEAST_POSITIONS, 1, _CELLS)
    cell = np.ravel_multi_index(tuple((index * n_cells // shape).T), tuple(n_cells))
    _, label, count = np.unique(cell, return_inverse=True, return_counts=True)
    label = label.reshape(-1)
    sums = [np.bincount(label, along) for along in ((index + 0.5) / shape - 0.5).T]
    return label, np.stack(sums, axis=-1) / count[:, np.newaxis]


def measure_descan(
    patterns: np.ndarray, places: np.ndarray, center: tuple[float, float]
) -> Descan | None:
    """Measure how far the centres of mean patterns lie on a sloping plane.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n_cells, rows, columns)
        Mean patterns of the cells of a scan, NaN where masked.
    places : numpy.ndarray, shape (n_cells, n_dimensions)
        Where the cells are; see `cells_of_scan`.
    center : tuple of float
        Row and column of the centre of the mean pattern, in pixels.

    Returns
    -------
    Descan or None
        None with too few cells, or where centres cannot be told.

    Notes
    -----
    The centre of a cell is that of the inversion symmetry of its pattern (Friedel's
    law), whatever crystals are there: the mean squared difference of square roots of
    counts at inverted pixels, of those pairs of which none is masked, is least. Where
    crystals are bent, one side of all patterns is brighter here and the other one
    there, as if they had moved, so that it is asked whether patterns are more alike
    when they are moved back. Cost grows with cells times the Fourier transform of a
    pattern.
    """
    return descan_of(patterns, places, inversion_centers(patterns, center))


def descan_of(
    patterns: np.ndarray, places: np.ndarray, found: np.ndarray
) -> Descan | None:
    """Return what `measure_descan` does, of cells whose centres were found before.

    Parameters
    ----------
    patterns, places
        As for `measure_descan`.
    found : numpy.ndarray, shape (n_cells, 2)
        Of `inversion_centers`.
    """
    known = np.isfinite(found).all(axis=1)
    design = np.column_stack([np.ones(len(places)), places])[known]
    if not len(design):
        return None
    varying = np.ptp(design, axis=0) > 0
    varying[0] = True
    design, found = design[:, varying], found[known]
    n_cells, n_terms = design.shape
    if n_terms < 2 or n_cells < n_terms + 3:
        return None
    slopes, weights = _robust_plane(design, found)
    rest = found - design @ slopes
    variance = (weights[:, None] * rest**2).sum() / max(weights.sum() - n_terms, 1)
    covariance = np.linalg.inv((design * weights[:, None]).T @ design)[1:, 1:]
    signs = _diagonals(n_terms - 1)
    shifts = np.linalg.norm(signs @ slopes[1:], axis=1)
    furthest = int(np.argmax(shifts))
    error = np.sqrt(variance * signs[furthest] @ covariance @ signs[furthest])
    along = np.zeros((places.shape[1], 2))
    along[varying[1:]] = slopes[1:]
    descan = Descan(float(shifts[furthest]), float(error), along)
    if not descan.is_far:
        return descan
    return replace(descan, makes_alike=are_more_alike(patterns, places @ along))


def are_more_alike(patterns: np.ndarray, shifts: np.ndarray) -> bool:
    """Return whether patterns are more alike when they are moved back by shifts.

    Of square roots of counts, smoothed so that moving them blurs no more, that is the
    mean correlation of pairs, where all patterns have pixels.
    """
    known = np.isfinite(patterns).all(axis=0)
    reach = int(np.ceil(np.abs(shifts).max())) + 1
    seen = ndimage.binary_erosion(known, iterations=reach)
    if not seen.any():
        return True
    share = ndimage.gaussian_filter(known.astype(float), _BLUR)
    roots = np.sqrt(np.maximum(np.where(known, patterns, 0), 0))
    before, after = np.zeros(seen.sum()), np.zeros(seen.sum())
    for root, shift in zip(roots, shifts, strict=True):
        image = ndimage.gaussian_filter(root, _BLUR) / np.maximum(share, _LEAST_SHARE)
        before += _standard(image[seen])
        after += _standard(ndimage.shift(image, -shift, order=3, mode="nearest")[seen])
    # A pattern is as alike to itself in both.
    return bool((after**2).sum() > (before**2).sum())


def _standard(values: np.ndarray) -> np.ndarray:
    """Return values of mean 0 and norm 1."""
    centred = values - values.mean()
    return centred / max(float(np.linalg.norm(centred)), 1e-30)


def _diagonals(n: int) -> np.ndarray:
    """Return the diagonals of a scan of n dimensions, each of length one."""
    grid = np.array(np.meshgrid(*[(-1.0, 1.0)] * n)).reshape(n, -1).T
    return grid[grid[:, 0] > 0]


def _robust_plane(
    design: np.ndarray, centers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a plane by least squares, then without what lies far off it."""
    weights = np.ones(len(design))
    for _ in range(3):
        root = np.sqrt(weights)[:, None]
        slopes = np.linalg.lstsq(design * root, centers * root, rcond=None)[0]
        distance = np.linalg.norm(centers - design @ slopes, axis=1)
        limit = 3 * max(1.48 * np.median(distance), 1e-6)
        weights = (distance <= limit).astype(float)
    return slopes, weights


def inversion_centers(patterns: np.ndarray, near: tuple[float, float]) -> np.ndarray:
    """Return `inversion_center` of each pattern, shape (n_patterns, 2)."""
    centers = [inversion_center(pattern, near) for pattern in patterns]
    return np.array(centers).reshape(-1, 2)


def inversion_center(
    pattern: np.ndarray, near: tuple[float, float]
) -> tuple[float, float]:
    """Return the centre of a pattern's inversion symmetry, near a given place.

    Parameters
    ----------
    pattern : numpy.ndarray, shape (rows, columns)
        Counts, NaN where masked.
    near : tuple of float
        Row and column about which it is looked for.

    Returns
    -------
    tuple of float
        Row and column in pixels; NaN where it cannot be told.
    """
    difference, first = _inverted_difference(pattern, near)
    at = tuple(map(int, np.unravel_index(difference.argmin(), difference.shape)))
    edge = any(i in (0, n - 1) for i, n in zip(at, difference.shape, strict=True))
    if edge or not np.isfinite(difference[at]):
        return np.nan, np.nan
    offsets = []
    for axis in range(2):
        beside = [difference[_shift_index(at, axis, step)] for step in (-1, 1)]
        curvature = beside[0] + beside[1] - 2 * difference[at]
        if not (np.isfinite(curvature) and curvature > 0):
            return np.nan, np.nan
        offsets.append((beside[0] - beside[1]) / 2 / curvature)
    row, column = ((i + f + o) / 2 for i, f, o in zip(at, first, offsets, strict=True))
    return float(row), float(column)


def _shift_index(at, axis, step):
    return tuple(i + step * (k == axis) for k, i in enumerate(at))


def _inverted_difference(
    pattern: np.ndarray, near: tuple[float, float]
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return the mean squared difference to inverted patterns, about twice a centre.

    Returns
    -------
    difference : numpy.ndarray
        For sums of the indices of two inverted pixels; infinite with too few pairs.
    first : tuple of int
        Sum of indices that the first element is for.
    """
    known = np.isfinite(pattern)
    root = np.sqrt(np.maximum(np.where(known, pattern, 0), 0))
    shape = tuple(2 * n for n in pattern.shape)
    mask, values, squares = (
        np.fft.rfft2(a, shape) for a in (known.astype(float), root, root**2)
    )
    pairs = np.fft.irfft2(mask * mask, shape)
    both = np.fft.irfft2(values * values, shape)
    either = np.fft.irfft2(squares * mask, shape)
    reach = [
        2 * max(2, round(min(_FURTHEST, _LARGEST_SHARE * n))) for n in pattern.shape
    ]
    first = tuple(max(0, round(2 * c) - r) for c, r in zip(near, reach, strict=True))
    window = tuple(
        slice(f, min(f + 2 * r + 1, 2 * n - 1))
        for f, r, n in zip(first, reach, pattern.shape, strict=True)
    )
    pairs, both, either = pairs[window], both[window], either[window]
    enough = pairs > 0.2 * np.count_nonzero(known)
    difference: np.ndarray = np.full(pairs.shape, np.inf)
    difference[enough] = 2 * (either - both)[enough] / pairs[enough]
    return difference, first
