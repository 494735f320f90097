"""Coarse maps: positions side by side taken together, on which starts cost little."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.in_file import let_go

#: Cells that starts begin on, at least: fewer positions are not taken together.
_FEWEST_CELLS = 2**14

#: The same of pairs of positions along axes that maps are smoothed along, which does
#: much the same.
_FEWEST_OF_SMOOTH = 2**10

#: Cells along an axis, at least: a shorter axis is left as it is.
_FEWEST_ALONG = 16

#: Standard deviation of a smoothing, in cells, below which cells do the same.
_NARROW = 0.5

_FWHM_IN_SIGMA = 2 * np.sqrt(2 * np.log(2))


@dataclass(frozen=True, eq=False)
class Grid:
    r"""Cells of positions side by side.

    Parameters
    ----------
    keep : numpy.ndarray of bool, shape of the coarse map
        Cells that hold a position that takes part.
    cells : numpy.ndarray of int, shape (n_positions,)
        Cell of each position that takes part.
    counts : numpy.ndarray, shape (n_cells,)
        Number of positions of each cell.
    size : tuple of int
        Positions of a cell along each axis.

    Notes
    -----
    Rows of the data X are added up over cells, over the square root of their number:
    :math:`P X` with orthonormal rows in P. Then :math:`\|X - H^T W\|^2` of maps that
    are the same all over a cell is

    .. math:: \|X\|^2 - 2 \langle P X, (H P^T)^T W \rangle + \|(H P^T)^T W\|^2

    so that with the squared norm of the data themselves, errors are those of such maps.
    """

    keep: np.ndarray
    cells: np.ndarray
    counts: np.ndarray
    size: tuple[int, ...]

    @classmethod
    def from_size(cls, keep: np.ndarray, size: tuple[int, ...]) -> Grid:
        """Return the cells of a size, of the positions that take part."""
        shape = tuple(-(-n // side) for n, side in zip(keep.shape, size, strict=True))
        places = np.nonzero(keep)
        cell_of_each = np.ravel_multi_index(
            tuple(p // side for p, side in zip(places, size, strict=True)), shape
        )
        counts = np.bincount(cell_of_each, minlength=prod(shape))
        numbers = np.cumsum(counts > 0) - 1
        return cls(
            counts.reshape(shape) > 0,
            numbers[cell_of_each],
            counts[counts > 0].astype(float),
            size,
        )

    def combine(self, maps: np.ndarray) -> np.ndarray:
        """Return maps, (n, n_positions), on cells, (n, n_cells)."""
        weight, n = 1 / np.sqrt(self.counts), len(self.counts)
        combined = np.empty((len(maps), n), maps.dtype)
        for row, values in zip(combined, maps, strict=True):
            row[:] = np.bincount(self.cells, values, n) * weight
            let_go(maps)
        return combined

    def sums(self) -> sparse.csr_array:
        """Return what `combine` multiplies with, (n_cells, n_positions)."""
        weights = 1 / np.sqrt(self.counts)[self.cells]
        places = self.cells, np.arange(len(self.cells))
        shape = len(self.counts), len(self.cells)
        return sparse.csr_array((weights, places), shape=shape)

    def divide(self, maps: np.ndarray) -> np.ndarray:
        """Return maps on cells, (n, n_cells), the same all over each cell."""
        weight = (1 / np.sqrt(self.counts)).astype(maps.dtype)
        return (maps * weight)[:, self.cells]

    def scale(self, scale: np.ndarray | None) -> np.ndarray:
        """Return what maps on cells are divided by, of what those of positions are."""
        if scale is None:
            return 1 / np.sqrt(self.counts)
        means = np.bincount(self.cells, scale, len(self.counts)) / self.counts
        return means / np.sqrt(self.counts)


@dataclass(frozen=True, eq=False)
class CoarseScan:
    """A sketch of a scan on a grid, in the place of an operator.

    Parameters
    ----------
    grid : Grid
    sketch : LowRankOperator
        On cells; its squared norm is that of the data themselves.
    keep_pixels : numpy.ndarray of bool
    """

    grid: Grid
    sketch: LowRankOperator
    keep_pixels: np.ndarray

    @classmethod
    def from_sketch(
        cls, sketch: LowRankOperator, grid: Grid, keep_pixels: np.ndarray
    ) -> CoarseScan:
        """Return what a sketch is on a grid."""
        images = grid.combine(sketch.basis_images)
        coarse = LowRankOperator(images, sketch.basis_patterns, sketch.square_norm)
        return cls(grid, coarse, keep_pixels)

    @property
    def keep_positions(self) -> np.ndarray:
        """Cells that take part."""
        return self.grid.keep

    @property
    def shape(self) -> tuple[int, int]:
        """Number of cells and of pixels."""
        return self.sketch.shape

    @property
    def dtype(self) -> np.dtype:
        """Floating-point type of the products."""
        return self.sketch.dtype


def cell_sizes(
    keep: np.ndarray, smoothing: GaussianSmoothing | None = None
) -> list[tuple[int, ...]]:
    """Return sizes of cells from the coarsest, each half of the one before.

    Parameters
    ----------
    keep : numpy.ndarray of bool
        Positions that take part. For few there is no size.
    smoothing : GaussianSmoothing, optional
        That of maps: fewer positions are taken together, in pairs, along its axes.
    """
    sizes, side, n = [(1,) * keep.ndim], 2, np.count_nonzero(keep)
    while True:
        size = tuple(side if n >= _FEWEST_ALONG * side else 1 for n in keep.shape)
        size = tuple(map(max, size, sizes[-1]))  # an axis that is at its end stays
        if size == sizes[-1] or n < _FEWEST_CELLS * prod(size):
            break
        sizes.append(size)
        side *= 2
    if len(sizes) > 1 or smoothing is None:
        return sizes[:0:-1]
    pairs = _pairs_that_are_smoothed(smoothing, keep.shape)
    enough = prod(pairs) > 1 and n >= _FEWEST_OF_SMOOTH * prod(pairs)
    return [pairs] if enough else []


def smoothing_of_pairs(
    estimator: BaseEstimator, keep_pixels: np.ndarray
) -> GaussianSmoothing | None:
    """Return the smoothing of maps of patterns whose starts begin on pairs, or None."""
    smoothing, are_patterns = estimator.loading_constraint, keep_pixels.ndim == 2
    is_one = are_patterns and estimator.prune
    return smoothing if is_one and isinstance(smoothing, GaussianSmoothing) else None


def _pairs_that_are_smoothed(
    smoothing: GaussianSmoothing, shape: tuple[int, ...]
) -> tuple[int, ...]:
    """Return 2 for each axis that maps are smoothed along, if it is long, or else 1."""
    return tuple(
        2 if kernel.size > 1 and n >= 2 * _FEWEST_ALONG else 1
        for kernel, n in zip(smoothing.kernels(shape), shape, strict=True)
    )


def coarse_smoothing(
    constraint: GaussianSmoothing | None, grid: Grid, shape: tuple[int, ...]
) -> GaussianSmoothing | None:
    """Return the smoothing of maps on a grid that is as wide as one of a map's shape.

    None where it is narrower than cells.
    """
    if constraint is None:
        return None
    widths = []
    for kernel, side in zip(constraint.kernels(shape), grid.size, strict=True):
        distance = np.arange(kernel.size) - kernel.size // 2
        widths.append(float(np.sqrt(kernel @ distance**2)) / side)
    if max(widths) < _NARROW:
        return None
    most = [n - (n + 1) % 2 for n in grid.keep.shape]
    size = (2 * int(np.ceil(2 * width)) + 1 for width in widths)
    return GaussianSmoothing(
        fwhm=tuple(_FWHM_IN_SIGMA * width for width in widths),
        size=tuple(map(min, size, most)),
    )
