"""One block of the data, wherever it comes from, and what takes part of it.

A block is a hyper-rectangle of the scan, navigation axes first, in the type it is
stored in. It is read in slabs of a few patterns, so that neither the conversion to
floating point nor a mask ever copies more than a slab.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from dask.sizeof import sizeof
from numpy.typing import DTypeLike

#: A slab is small enough to stay in the processor's cache and large enough for BLAS.
SLAB_BYTES = 8 * 2**20

#: Patterns that are worth adding up their products.
_ROWS_TO_ADD = 32

#: Size of a block of a NumPy array. One whose axes are transposed is copied to be read.
_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Extent:
    """The part of a block that takes part along positions or along pixels.

    Parameters
    ----------
    full_size : int
        Number of positions or pixels of the block, masked ones included.
    local : numpy.ndarray of int or None
        Indices within the flattened block; None where nothing is masked.
    target : numpy.ndarray of int
        Indices among all positions (or pixels) that take part.
    """

    full_size: int
    local: np.ndarray | None
    target: np.ndarray

    @property
    def size(self) -> int:
        """Number of positions or pixels that take part."""
        return len(self.target)


def slab_rows(pattern_bytes: int) -> int:
    """Return how many patterns of a size are a slab.

    Sums of patterns are added up once a slab: of large patterns a slab is larger, so
    that this does not take longer than their products.
    """
    in_cache, in_larger = (n * SLAB_BYTES // max(1, pattern_bytes) for n in (1, 4))
    return max(1, in_cache, min(_ROWS_TO_ADD, in_larger))


def product_dtype(dtype: np.dtype) -> np.dtype:
    """Return the type in which data of a type are multiplied.

    Double precision where single would round the data.
    """
    exact_in_single = dtype.itemsize <= (4 if dtype.kind == "f" else 2)
    return np.dtype(np.float32 if exact_in_single else np.float64)


def chunks_in_memory(data: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """Return chunks of an array along its first axis, small enough to copy one.

    Parameters
    ----------
    data : numpy.ndarray

    Returns
    -------
    tuple of tuple of int
        Chunk sizes along each axis, as Dask has them.
    """
    row_bytes = data.nbytes // max(1, len(data))
    step = max(1, _BLOCK_BYTES // max(1, row_bytes))
    sizes = [min(step, len(data) - start) for start in range(0, len(data), step)]
    return (tuple(sizes), *((n,) for n in data.shape[1:]))


def extents(chunks: tuple[tuple[int, ...], ...], keep: np.ndarray) -> list[Extent]:
    """Return the extent of each chunk of an array of positions or of pixels.

    Parameters
    ----------
    chunks : tuple of tuple of int
        Chunk sizes along each axis, as Dask has them.
    keep : numpy.ndarray of bool
        What takes part of the navigation (or signal) space.

    Returns
    -------
    list of Extent
        In C order of the chunks.
    """
    small = keep.size < np.iinfo(np.int32).max
    target = np.full(keep.shape, -1, np.int32 if small else np.int64)
    target[keep] = np.arange(np.count_nonzero(keep), dtype=target.dtype)
    edges = [np.cumsum((0, *sizes)) for sizes in chunks]
    result = []
    for index in np.ndindex(*(len(sizes) for sizes in chunks)):
        box = tuple(
            slice(edge[i], edge[i + 1]) for edge, i in zip(edges, index, strict=True)
        )
        flat = target[box].ravel()
        kept = np.flatnonzero(flat >= 0)
        if kept.size == flat.size:
            result.append(Extent(flat.size, None, flat.copy()))
        else:
            result.append(Extent(flat.size, kept, flat[kept]))
    return result


@dataclass(frozen=True)
class Side:
    """What a block must know of its positions, or of its pixels, to be multiplied.

    This is what travels to where the block is read.

    Parameters
    ----------
    full_size : int
        Number of positions or pixels of the block, masked ones included.
    local : numpy.ndarray of int or None
        Those that take part, within the flattened block; None for all.
    weights : numpy.ndarray or None
        Weight of each that takes part.
    stack : numpy.ndarray, scipy.sparse matrix or None
        Loadings at these positions, or factors in these pixels.
    fill : numpy.ndarray or None
        The same of a model that stands in for values that are NaN.
    target : numpy.ndarray of int or None
        Indices of those that take part among all of the scan that do.
    cells : scipy.sparse.csr_array or None, shape (n_cells, size)
        What sums pixels, weighted, over cells: the stack is one of cells then.
    """

    full_size: int
    local: np.ndarray | None
    weights: Any
    stack: Any
    fill: Any = None
    target: np.ndarray | None = None
    cells: Any = None

    @classmethod
    def from_extent(
        cls,
        extent: Extent,
        weights: np.ndarray | None = None,
        stack: np.ndarray | None = None,
        fill: np.ndarray | None = None,
    ) -> Side:
        """Return the side of an extent, given weights and stacks of all blocks."""
        weights, stack, fill = (
            # One block has all in their order, and copies would be as large.
            whole
            if whole is None or whole.shape[-1] == extent.size
            else np.take(whole, extent.target, axis=-1)
            for whole in (weights, stack, fill)
        )
        return cls(extent.full_size, extent.local, weights, stack, fill, extent.target)

    @property
    def size(self) -> int:
        """Number of positions or pixels that take part."""
        return self.full_size if self.local is None else len(self.local)

    @cached_property
    def numbers(self) -> np.ndarray:
        """Number of each among those that take part, -1 of others, (full_size,)."""
        numbers = np.full(self.full_size, -1)
        numbers[self.local] = np.arange(self.size)
        return numbers

    @cached_property
    def transposed_stack(self) -> np.ndarray:
        """The stack with what belongs to one pixel, or position, side by side."""
        return np.ascontiguousarray(self.stack.T)

    def __sizeof__(self) -> int:
        """Return the bytes that travel: Dask asks where it is best to compute."""
        own = self.local, self.weights, self.stack, self.fill, self.target, self.cells
        return sum(map(sizeof, own))

    def taken(self) -> Side:
        """Return this side: it has its own of the stacks already."""
        return self


@dataclass(frozen=True)
class LaterSide:
    """A side that takes its own of whole stacks when its block is read.

    Sides of all blocks together are as large as the stacks. What travels to another
    process is a `Side`.

    Parameters
    ----------
    extent : Extent
    weights, stack, fill : numpy.ndarray or None
        Of all blocks; see `Side`.
    scale : numpy.ndarray or None, shape (n, 1)
        What rows of the stack are multiplied with, in double precision.
    """

    extent: Extent
    weights: np.ndarray | None = None
    stack: np.ndarray | None = None
    fill: np.ndarray | None = None
    scale: np.ndarray | None = None

    def taken(self) -> Side:
        """Return the side with what is its own."""
        side = Side.from_extent(self.extent, self.weights, self.stack, self.fill)
        if self.scale is None:
            return side
        return replace(side, stack=side.stack * self.scale.astype(float))

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as the side."""
        return Side.taken, (self.taken(),)

    def __sizeof__(self) -> int:
        """Return the bytes that travel."""
        stacks = [s for s in (self.weights, self.stack, self.fill) if s is not None]
        values = sum(s.itemsize * s[..., :1].size for s in stacks)
        return self.extent.size * (values + self.extent.target.itemsize)


def slabs(
    block: Any, positions: Side, pixels: Side, dtype: DTypeLike
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield a block as matrices of a few rows.

    Parameters
    ----------
    block : numpy.ndarray
        The data as stored.
    positions, pixels : Side
        What takes part of the block, and its weights.
    dtype : numpy.dtype
        Floating-point type to convert to.

    Yields
    ------
    rows : slice
        Where the rows stand among the positions that take part of the block.
    matrix : numpy.ndarray, shape (n_rows, n_pixels)
        The patterns as rows.
    """
    for rows, matrix in unweighted_slabs(block, positions, pixels, dtype):
        yield rows, weighted(matrix, rows, positions, pixels)


def unweighted_slabs(
    block: Any, positions: Side, pixels: Side, dtype: DTypeLike
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield a block as matrices of a few rows, as the data are, or filled in."""
    matrix = np.asarray(block).reshape(positions.full_size, pixels.full_size)
    step = slab_rows(pixels.size * np.dtype(dtype).itemsize)
    for start in range(0, positions.size, step):
        rows = slice(start, start + step)
        slab = matrix[rows if positions.local is None else positions.local[rows]]
        if pixels.local is not None:
            # Unlike an index, this leaves patterns contiguous.
            slab = np.take(slab, pixels.local, axis=1)
        yield rows, _filled(slab.astype(dtype, copy=False), rows, positions, pixels)


def _filled(slab: np.ndarray, rows: slice, positions: Side, pixels: Side) -> np.ndarray:
    """Return a slab with a model, if there is one, in the place of NaN."""
    if positions.fill is None or pixels.fill is None:
        return slab
    missing = np.isnan(slab)
    if not missing.any():
        return slab
    return np.where(missing, positions.fill[:, rows].T @ pixels.fill, slab)


def weighted(
    slab: np.ndarray, rows: slice, positions: Side, pixels: Side
) -> np.ndarray:
    """Return a slab times the weights of its positions and of its pixels."""
    if positions.weights is not None:
        slab = slab * positions.weights[rows, np.newaxis]
    if pixels.weights is not None:
        slab = slab * pixels.weights
    return slab
