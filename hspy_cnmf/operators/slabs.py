"""A few patterns as the rows of a matrix, which is sparse where few values are counts.

Both kinds of matrix offer the same: sums, products, and what an inspection tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from hspy_cnmf.operators.blocks import Side, unweighted_slabs, weighted
from hspy_cnmf.operators.inspection import Inspection

#: Share of values that are not zero up to which a block is multiplied as sparse: with
#: few components, products take as long from about 0.04 on.
FEW = 0.03

#: Patterns of a block that are counted for it.
_COUNTED = 8

#: Values that are looked through at a time, in the processor's cache.
_VALUES = 2**19


class DenseSlab:
    """Patterns as rows.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (n_rows, n_pixels)
    """

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix = matrix

    def weighted(self, rows: slice, positions: Side, pixels: Side) -> DenseSlab:
        """Return the slab times the weights of its positions and of its pixels.

        Where these are in cells, it is summed over them.
        """
        matrix = weighted(self.matrix, rows, positions, pixels)
        if pixels.cells is not None:
            # One by one: to transpose a slab takes longer.
            matrix = np.stack([pixels.cells @ pattern for pattern in matrix])
        return DenseSlab(matrix)

    def row_sums(self) -> np.ndarray:
        """Return the sums of rows; of pairs, so that rounding hardly adds up."""
        with np.errstate(invalid="ignore", over="ignore"):
            return self.matrix.sum(axis=1)

    def square_norm(self) -> float:
        """Return the sum of all squares, in double precision."""
        matrix = self.matrix
        return float(np.einsum("ij,ij->", matrix, matrix, dtype=np.float64))

    def squares(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the sums of squares of rows and of columns."""
        square = DenseSlab(self.matrix * self.matrix)
        ones = np.ones(len(self.matrix), self.matrix.dtype)
        return square.row_sums(), ones @ square.matrix

    def images(self, pixels: Side) -> np.ndarray:
        """Return images of the patterns that pixels have as stack, (n, n_rows)."""
        with np.errstate(invalid="ignore", over="ignore"):
            return np.matmul(pixels.stack, self.matrix.T)

    def patterns(self, loadings: np.ndarray) -> np.ndarray:
        """Return the rows summed with weights, (n, n_pixels)."""
        with np.errstate(invalid="ignore", over="ignore"):
            return loadings @ self.matrix

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """Return sums and numbers of values that are not NaN, of rows and of columns.

        Both have two rows; infinite values count as zero.
        """
        known = ~np.isnan(self.matrix)
        values = np.where(known & np.isfinite(self.matrix), self.matrix, 0)
        of_rows, of_columns = (
            np.stack([values.sum(axis, np.float64), np.count_nonzero(known, axis)])
            for axis in (1, 0)
        )
        return of_rows, of_columns

    def inspected(self, rows: slice, inspection: Inspection) -> DenseSlab:
        """Tell an inspection of the slab; return it, zero where not finite."""
        return DenseSlab(inspection.add(rows, self.matrix))


class SparseSlab:
    """Patterns as columns of a sparse matrix, of which each row is a pixel.

    Products then go through factors, which are large, in their order. Those that are
    summed over positions are in double precision.

    Parameters
    ----------
    by_pixel : scipy.sparse.csr_array, shape (n_pixels, n_patterns)
    """

    def __init__(self, by_pixel: sparse.csr_array) -> None:
        self.by_pixel = by_pixel

    @classmethod
    def read(
        cls, matrix: np.ndarray, positions: Side, pixels: Side, dtype: np.dtype
    ) -> SparseSlab:
        """Take all that takes part of a block.

        Parameters
        ----------
        matrix : numpy.ndarray, shape (positions.full_size, pixels.full_size)
            As stored.
        positions, pixels : Side
        dtype : numpy.dtype
            Floating-point type to convert to.
        """
        values, places = _counts(matrix, positions)
        starts = np.arange(positions.size + 1) * pixels.full_size
        edges = np.searchsorted(places, starts)
        columns = places - np.repeat(starts[:-1], np.diff(edges))
        if pixels.local is not None:
            columns = pixels.numbers[columns]
            kept = columns >= 0
            edges = np.concatenate([[0], np.cumsum(kept)])[edges]
            values, columns = values[kept], columns[kept]
        parts = values.astype(dtype), columns.astype(np.int32), edges.astype(np.int32)
        shape = positions.size, pixels.size
        return cls(sparse.csr_array(parts, shape=shape).tocsc().T)

    @cached_property
    def _in_double(self) -> sparse.csr_array:
        return self.by_pixel.astype(np.float64)

    def _of(self, values: np.ndarray) -> SparseSlab:
        """Return other values in the same places."""
        matrix = self.by_pixel
        parts = values, matrix.indices, matrix.indptr
        return SparseSlab(sparse.csr_array(parts, shape=matrix.shape))

    def weighted(
        self, rows: slice, positions: Side, pixels: Side
    ) -> SparseSlab | DenseSlab:
        """Return the slab times the weights of its positions and of its pixels.

        Where these are in cells, it is summed over them, and few are empty.
        """
        values, matrix = self.by_pixel.data, self.by_pixel
        if positions.weights is not None:
            values = values * positions.weights[rows][matrix.indices]
        if pixels.weights is not None:
            values = values * np.repeat(pixels.weights, np.diff(matrix.indptr))
        own = self if values is matrix.data else self._of(values)
        if pixels.cells is None:
            return own
        return DenseSlab((pixels.cells @ own.by_pixel).toarray().T)

    def row_sums(self) -> np.ndarray:
        """Return the sums of patterns, in double precision."""
        return self._in_double.sum(axis=0)

    def square_norm(self) -> float:
        """Return the sum of all squares, in double precision."""
        return float(np.square(self._in_double.data).sum())

    def squares(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the sums of squares of patterns and of pixels, in double precision."""
        squares = self._of(np.square(self._in_double.data)).by_pixel
        return squares.sum(axis=0), squares.sum(axis=1)

    def images(self, pixels: Side) -> np.ndarray:
        """Return images of the patterns that pixels have as stack, (n, n_patterns)."""
        return (self.by_pixel.T @ pixels.transposed_stack).T

    def patterns(self, loadings: np.ndarray) -> np.ndarray:
        """Return the patterns summed with weights, (n, n_pixels)."""
        return (self._in_double @ loadings.T.astype(np.float64)).T

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """Return sums and numbers of values that are not NaN, of patterns and pixels.

        Both have two rows; infinite values count as zero.
        """
        matrix = self._in_double
        unknown = self._of(np.isnan(matrix.data).astype(int)).by_pixel
        values = self._of(np.where(np.isfinite(matrix.data), matrix.data, 0)).by_pixel
        of_patterns, of_pixels = (
            np.stack([values.sum(axis), matrix.shape[axis] - unknown.sum(axis)])
            for axis in (0, 1)
        )
        return of_patterns, of_pixels

    def inspected(self, rows: slice, inspection: Inspection) -> SparseSlab:
        """Tell an inspection of the slab; return it, zero where not finite."""
        slab, matrix = self, self.by_pixel
        finite = np.isfinite(matrix.data)
        if not finite.all():
            blanks = self._of((~finite).astype(int)).by_pixel
            columns, places = blanks.nonzero()
            first = min(zip(places, columns, strict=True))
            inspection.add_blanks(rows, blanks.sum(axis=1), first)
            slab = self._of(np.where(finite, matrix.data, 0))
        matrix, n_patterns = slab._in_double, self.by_pixel.shape[1]
        gaps = [0.0] * (matrix.nnz < matrix.shape[0] * n_patterns)
        inspection.add_counts(
            rows,
            slab.row_sums(),
            (matrix.sum(axis=1), slab.squares()[1]),
            matrix.max(axis=1).toarray().ravel(),
            float(min([*gaps, matrix.data.min(initial=np.inf)])),
            int(np.count_nonzero(matrix.data < 0)),
        )
        return slab


def read_slabs(
    block: Any, positions: Side, pixels: Side, dtype: np.dtype
) -> Iterator[tuple[slice, DenseSlab | SparseSlab]]:
    """Yield a block in slabs, without weights; a sparse one in a single slab."""
    is_filled = positions.fill is not None and pixels.fill is not None
    matrix = np.asarray(block).reshape(positions.full_size, pixels.full_size)
    if not is_filled and is_sparse(matrix, positions):
        rows = slice(0, positions.size)
        yield rows, SparseSlab.read(matrix, positions, pixels, dtype)
        return
    for rows, slab in unweighted_slabs(block, positions, pixels, dtype):
        yield rows, DenseSlab(slab)


def is_sparse(matrix: np.ndarray, positions: Side) -> bool:
    """Return whether few values of a block are not zero, of some of its patterns."""
    step = -(-positions.size // _COUNTED)
    rows = slice(None, None, step)
    some = matrix[rows if positions.local is None else positions.local[rows]]
    return bool(np.count_nonzero(some) <= FEW * some.size)


def _counts(matrix: np.ndarray, positions: Side) -> tuple[np.ndarray, np.ndarray]:
    """Return the values that are not zero at positions that take part, and where.

    Their places are those in the flattened matrix of these positions.
    """
    n_pixels = matrix.shape[1]
    values, places = [], []
    step = max(1, _VALUES // n_pixels)
    for start in range(0, positions.size, step):
        rows = slice(start, start + step)
        some = matrix[rows if positions.local is None else positions.local[rows]]
        flat = some.ravel()
        there = np.flatnonzero(flat != 0)
        values.append(flat[there])
        places.append(there + start * n_pixels)
    return np.concatenate(values), np.concatenate(places)
