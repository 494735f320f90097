"""One block of the data in tiles of some patterns and some of their pixels.

What is made of a tile, with a model beside it, stays in the processor's cache. Where
few values of a block are counts, a tile holds these alone. Both kinds of tile offer
the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from hspy_cnmf.operators.blocks import Side
from hspy_cnmf.operators.slabs import SparseSlab, is_sparse

#: Most patterns and pixels of a tile, and its size. Rows are not too long to be summed
#: in single precision.
_ROWS, _COLUMNS, _TILE_BYTES = 256, 2048, 2**19


def row_sums(matrix: np.ndarray) -> np.ndarray:
    """Return the sums of rows as one product, which is faster than to add them up."""
    return matrix @ np.ones(matrix.shape[1], matrix.dtype)


def column_sums(matrix: np.ndarray) -> np.ndarray:
    """Return the sums of columns as one product."""
    return np.ones(len(matrix), matrix.dtype) @ matrix


@dataclass(frozen=True, eq=False)
class DenseTile:
    """All values of a tile.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (n_rows, n_columns)
    """

    matrix: np.ndarray

    def times(self, weights: np.ndarray | float) -> DenseTile:
        """Return the tile times a number, or a weight for each of its values."""
        return DenseTile(self.matrix * weights)

    def images(self, factors: np.ndarray) -> np.ndarray:
        """Return ``factors @ X.T`` in double precision, shape (n, n_rows)."""
        return factors @ self.matrix.astype(float, copy=False).T

    def patterns(self, loadings: np.ndarray) -> np.ndarray:
        """Return ``loadings @ X`` in double precision, shape (n, n_columns)."""
        return loadings @ self.matrix.astype(float, copy=False)

    def column_sums(self) -> np.ndarray:
        """Return the sums of columns."""
        return column_sums(self.matrix)

    def square_deviations(
        self, model: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return weighted squared deviations from a model, summed by row and column.

        The model is overwritten.
        """
        square = np.subtract(self.matrix, model, out=model)
        square *= square
        square *= weights
        return row_sums(square), column_sums(square)


@dataclass(frozen=True, eq=False)
class SparseTile:
    """The few values of a tile that are not zero.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_values,)
    rows, columns : numpy.ndarray of int, shape (n_values,)
        Where they are.
    shape : tuple of int
        Of the tile.
    """

    values: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    shape: tuple[int, int]

    def times(self, weights: np.ndarray | float) -> SparseTile:
        """Return the tile times a number, or a weight for each of all its values."""
        if np.ndim(weights):
            weights = np.asarray(weights)[self.rows, self.columns]
        return replace(self, values=self.values * weights)

    def images(self, factors: np.ndarray) -> np.ndarray:
        """Return ``factors @ X.T`` in double precision, shape (n, n_rows)."""
        terms = np.take(factors, self.columns, axis=1) * self.values
        return _sums(terms, self.rows, self.shape[0])

    def patterns(self, loadings: np.ndarray) -> np.ndarray:
        """Return ``loadings @ X`` in double precision, shape (n, n_columns)."""
        terms = np.take(loadings, self.rows, axis=1) * self.values
        return _sums(terms, self.columns, self.shape[1])

    def column_sums(self) -> np.ndarray:
        """Return the sums of columns."""
        return np.bincount(self.columns, self.values, self.shape[1])

    def square_deviations(
        self, model: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return weighted squared deviations from a model, summed by row and column.

        The model, of the shape of the tile as weights are, is overwritten. Squares of
        the model alone are corrected where there are counts.
        """
        there = self.rows, self.columns
        more = self.values * (self.values - 2 * model[there]) * weights[there]
        square = np.multiply(model, model, out=model)
        square *= weights
        of_rows, of_columns = (
            np.bincount(places, more, n)
            for places, n in zip(there, self.shape, strict=True)
        )
        return row_sums(square) + of_rows, column_sums(square) + of_columns


def _sums(terms: np.ndarray, places: np.ndarray, n: int) -> np.ndarray:
    """Return sums of terms, (n_rows, n_terms), in n places each, (n_rows, n)."""
    rows = np.arange(len(terms))[:, np.newaxis]
    everywhere = (places + n * rows).ravel()
    return np.bincount(everywhere, terms.ravel(), len(rows) * n).reshape(-1, n)


class Tile(NamedTuple):
    """Some patterns of a block, in some of their pixels.

    Attributes
    ----------
    rows, columns : slice
        Among the positions, and the pixels, that take part of the block.
    counts : DenseTile or SparseTile
        The data.
    variance : numpy.ndarray or None, shape (n_rows, n_columns)
        None where none is given.
    """

    rows: slice
    columns: slice
    counts: DenseTile | SparseTile
    variance: np.ndarray | None


def read_tiles(
    block: Any, positions: Side, pixels: Side, dtype: np.dtype
) -> Iterator[Tile]:
    """Yield a block in tiles, all pixels of some patterns first.

    Parameters
    ----------
    block : numpy.ndarray or tuple of numpy.ndarray
        The data as stored; a pair with their variance.
    positions, pixels : Side
        What takes part of it.
    dtype : numpy.dtype
        Floating-point type to convert to.
    """
    shape = positions.full_size, pixels.full_size
    pair = block if isinstance(block, tuple) else (block, None)
    values = np.asarray(pair[0]).reshape(shape)
    variance = None if pair[1] is None else np.asarray(pair[1]).reshape(shape)
    height = max(1, min(_ROWS, positions.size))
    width = max(1, _TILE_BYTES // (height * np.dtype(dtype).itemsize))
    width = min(width, _COLUMNS)
    columns = [slice(left, left + width) for left in range(0, pixels.size, width)]
    few = variance is None and is_sparse(values, positions)
    for top in range(0, positions.size, height):
        rows = slice(top, top + height)
        if few:
            part = _of_rows(values, positions, rows)
            slab = SparseSlab.read(*part, pixels, dtype)
            for stripe in columns:
                yield Tile(rows, stripe, _stripe(slab, stripe), None)
            continue
        some = _place(rows, positions.local)
        for stripe in columns:
            tile, beside = (some, _place(stripe, pixels.local), dtype), None
            if variance is not None:
                beside = _values(variance, *tile)
            yield Tile(rows, stripe, DenseTile(_values(values, *tile)), beside)


def _stripe(slab: SparseSlab, columns: slice) -> SparseTile:
    """Return the tile of some pixels of a slab."""
    matrix = slab.by_pixel
    edges = matrix.indptr[columns.start : columns.stop + 1]
    those = slice(edges[0], edges[-1])
    places = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
    shape = matrix.shape[1], len(edges) - 1
    return SparseTile(matrix.data[those], matrix.indices[those], places, shape)


def _place(part: slice, local: np.ndarray | None) -> slice | np.ndarray:
    return part if local is None else local[part]


def _of_rows(
    values: np.ndarray, positions: Side, rows: slice
) -> tuple[np.ndarray, Side]:
    """Return the part of a block that holds some positions, and the side of these."""
    if positions.local is None:
        return values[rows], Side(len(values[rows]), None, None, None)
    return values, Side(positions.full_size, positions.local[rows], None, None)


def _values(
    values: np.ndarray,
    rows: slice | np.ndarray,
    columns: slice | np.ndarray,
    dtype: np.dtype,
) -> np.ndarray:
    if isinstance(columns, slice):
        tile = values[:, columns][rows]
    elif isinstance(rows, slice):
        # Unlike an index, this leaves patterns contiguous.
        tile = np.take(values[rows], columns, axis=1)
    else:
        tile = values[rows[:, np.newaxis], columns]
    return tile.astype(dtype, copy=False)
