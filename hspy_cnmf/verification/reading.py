"""One reading of the data beside their model, block by block where the data lie."""

from dataclasses import dataclass
from itertools import repeat

import dask
import dask.array as da
import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf.operators import blocks


@dataclass(frozen=True, eq=False)
class BlockGrid:
    """The blocks of a scan, each a delayed array, and what takes part of them.

    Parameters
    ----------
    data : dask.array.Array
        Navigation axes first.
    variance : dask.array.Array or None
        Of the same shape and chunks.
    positions, pixels : list of hspy_cnmf.operators.blocks.Extent
        What takes part of each row and of each column of blocks.
    """

    data: da.Array
    variance: da.Array | None
    positions: list
    pixels: list
    keep_positions: np.ndarray
    keep_pixels: np.ndarray

    @classmethod
    def of(cls, data, keep_positions, keep_pixels, variance=None):
        """Divide data, in memory or lazy, into blocks; nothing is read or copied."""
        if not is_dask_collection(data):
            data = da.from_array(data, chunks=blocks.chunks_in_memory(data), name=False)
        if variance is not None:
            variance = da.broadcast_to(da.asarray(variance), data.shape)
            variance = variance.rechunk(data.chunks)
        n = keep_positions.ndim
        return cls(
            data,
            variance,
            blocks.extents(data.chunks[:n], keep_positions),
            blocks.extents(data.chunks[n:], keep_pixels),
            keep_positions,
            keep_pixels,
        )

    @property
    def shape(self):
        """Number of rows (of positions) and of columns (of pixels) of blocks."""
        return len(self.positions), len(self.pixels)

    def map(self, function, rows, *shared):
        """Apply a function to every block.

        Parameters
        ----------
        function : callable
            Of block, variance (or None), extents of positions and of pixels, the item
            of `rows`, and `shared`.
        rows : sequence
            One argument for each row of blocks, delayed or not.
        *shared
            Further arguments, the same for all.

        Returns
        -------
        numpy.ndarray of dask.delayed.Delayed, shape `shape`
        """
        call = dask.delayed(function)
        shared = [dask.delayed(value, traverse=False) for value in shared]
        pixels = [dask.delayed(extent, traverse=False) for extent in self.pixels]
        data = self.data.to_delayed().reshape(self.shape)
        variance = np.full(self.shape, None)
        if self.variance is not None:
            variance = self.variance.to_delayed().reshape(self.shape)
        tasks = np.empty(self.shape, dtype=object)
        for i, j in np.ndindex(self.shape):
            tasks[i, j] = call(
                data[i, j],
                variance[i, j],
                self.positions[i],
                pixels[j],
                rows[i],
                *shared,
            )
        return tasks

    def maps(self, rows, n):
        """Return n values a position, one array of them for each row of blocks.

        Parameters
        ----------
        rows : sequence of dask.delayed.Delayed
            Arrays, shape (n, number of positions that take part).
        n : int
            Number of values.

        Returns
        -------
        dask.array.Array, shape (n, *map_shape)
            In a single chunk; NaN where masked.
        """
        targets = [extent.target for extent in self.positions]
        whole = dask.delayed(_scattered)(list(rows), targets, self.keep_positions)
        shape = (n, *self.keep_positions.shape)
        return da.from_delayed(whole, shape, dtype=float)

    def patterns(self, tasks, n):
        """Return sums over all positions of n values a pixel.

        Parameters
        ----------
        tasks : numpy.ndarray of dask.delayed.Delayed, shape `shape`
            Arrays, shape (n, number of pixels that take part).
        n : int
            Number of values.

        Returns
        -------
        dask.array.Array, shape (n, *pattern_shape)
            In a single chunk; NaN where masked.
        """
        columns = []
        for column, extent in zip(tasks.T, self.pixels, strict=True):
            shares = [da.from_delayed(t, (n, extent.size), dtype=float) for t in column]
            columns.append(da.stack(shares).sum(axis=0).to_delayed()[0, 0])
        targets = [extent.target for extent in self.pixels]
        whole = dask.delayed(_scattered)(columns, targets, self.keep_pixels)
        return da.from_delayed(whole, (n, *self.keep_pixels.shape), dtype=float)


def slabs(block, variance, positions, pixels, scale):
    """Yield a block in slabs of patterns, in double precision and times a scale.

    Yields
    ------
    rows : slice
        Among the positions that take part of the block.
    matrix, variance : numpy.ndarray, shape (n_rows, n_pixels)
        The variance is None where none is given.
    """
    sides = blocks.Side.of(positions), blocks.Side.of(pixels)
    patterns = blocks.slabs(block, *sides, np.float64)
    variances = repeat((None, None))
    if variance is not None:
        variances = blocks.slabs(variance, *sides, np.float64)
    for (rows, matrix), (_, slab) in zip(patterns, variances, strict=False):
        yield rows, matrix if scale == 1 else matrix * scale, slab


def _scattered(parts, targets, keep):
    """Put parts, shape (n, size), where they belong in an array (n, *keep.shape)."""
    values = np.full((len(parts[0]), np.count_nonzero(keep)), np.nan)
    for part, target in zip(parts, targets, strict=True):
        values[:, target] = part
    whole = np.full((len(values), *keep.shape), np.nan)
    whole[:, keep] = values
    return whole
