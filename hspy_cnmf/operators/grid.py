"""The blocks of a scan, and what takes part of each."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

import dask.array as da
import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf.operators import blocks, memory, scheduling
from hspy_cnmf.operators.blocks import Extent, LaterSide, Side
from hspy_cnmf.operators.grouped_chunks import block_chunks, grouped
from hspy_cnmf.operators.source import Source


class BlockGrid:
    """A scan in memory or in Dask chunks, divided into blocks.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Real data of any type, navigation axes first.
    keep_positions : numpy.ndarray of bool
        Positions that take part; its shape is the navigation shape.
    keep_pixels : numpy.ndarray of bool
        Pixels that take part; its shape is the signal shape.
    show_progressbar : bool, default False
        Whether readings count as steps of a call's progress bar, or have one.
    max_memory : int or str, optional
        What Dask chunks may take while they are read in this process, in bytes or as
        "2 GB": as many are read at a time as fit. Default: three quarters of what is
        free when a reading begins.
    beside : array, optional
        Values that are read together with the data, of a shape that can be broadcast
        to theirs. Then a block is a pair of arrays.

    Attributes
    ----------
    positions, pixels : list of Extent
        What takes part of each row and of each column of blocks.
    """

    def __init__(
        self,
        data: Any,
        keep_positions: np.ndarray,
        keep_pixels: np.ndarray,
        *,
        show_progressbar: bool = False,
        max_memory: int | str | None = None,
        beside: Any = None,
    ) -> None:
        if max_memory is not None:
            max_memory = memory.memory_limit(max_memory)
        #: Whether what `collect` returns waits until it is computed.
        self.is_lazy = is_dask_collection(data)
        self.data, self._beside_bytes = data, 0
        if beside is not None:
            data, self._beside_bytes = _paired(data, beside)
        self.keep_positions, self.keep_pixels = keep_positions, keep_pixels
        self.show_progressbar, self.max_memory = show_progressbar, max_memory
        self._in_chunks = is_dask_collection(data)
        split = keep_positions.ndim
        if self._in_chunks:
            chunks = block_chunks(data.chunks, data.dtype)
        else:
            chunks = blocks.chunks_in_memory(data)
        self._largest = tuple(map(max, chunks))
        rows, self.positions = _taking_part(chunks[:split], keep_positions)
        columns, self.pixels = _taking_part(chunks[split:], keep_pixels)
        if self._in_chunks:
            grid_shape = prod(map(len, chunks[:split])), prod(map(len, chunks[split:]))
            groups = grouped(data.chunks, data.dtype)
            self._source = Source(data, grid_shape, rows, columns, groups)
        else:
            edges = list(pairwise(np.cumsum((0, *chunks[0]))))
            self._blocks = [data[slice(*edges[i])] for i in rows]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of positions and of pixels that take part."""
        n_positions = np.count_nonzero(self.keep_positions)
        return int(n_positions), int(np.count_nonzero(self.keep_pixels))

    @property
    def holds_patterns(self) -> bool:
        """Whether every pattern lies in one block as a whole."""
        return len(self.pixels) == 1

    @property
    def largest_block(self) -> tuple[int, int]:
        """Number of positions and of pixels of the largest block."""
        split = self.keep_positions.ndim
        return prod(self._largest[:split]), prod(self._largest[split:])

    def sides(
        self,
        loadings: np.ndarray | None = None,
        factors: np.ndarray | None = None,
        weights: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
        fill: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
    ) -> tuple[list[LaterSide], list[Side]]:
        """Return what the blocks of each row, and of each column, must know.

        Of positions there are many: each row takes its own when it is read, so that
        stacks must stay as they are until then.

        Parameters
        ----------
        loadings : numpy.ndarray, shape (n, n_positions), optional
        factors : numpy.ndarray, shape (n, n_pixels), optional
        weights : tuple of (numpy.ndarray or None), optional
            Of positions and of pixels.
        fill : tuple of (numpy.ndarray or None), optional
            Loadings and factors of a model in the place of values that are NaN.
        """
        return (
            [
                LaterSide(extent, weights[0], loadings, fill[0])
                for extent in self.positions
            ],
            [
                Side.from_extent(extent, weights[1], factors, fill[1])
                for extent in self.pixels
            ],
        )

    def _blocks_at_once(self, product_bytes: int, kept_bytes: int = 0) -> int:
        """Return how many blocks there is room for; raise if not for one."""
        limit = scheduling.worker_memory()
        if limit is None:
            limit = self.max_memory or memory.memory_limit()
        product_bytes += self._beside_bytes * prod(self._largest)
        return memory.blocks_at_once(
            limit,
            product_bytes,
            self._largest,
            self.data.dtype,
            self.keep_positions.ndim,
            kept_bytes,
        )


def _taking_part(
    chunks: tuple[tuple[int, ...], ...], keep: np.ndarray
) -> tuple[list[int], list[Extent]]:
    """Return the numbers of the blocks that masks leave something of, and what."""
    extents = blocks.extents(chunks, keep)
    numbers = [i for i, extent in enumerate(extents) if extent.size]
    return numbers, [extents[i] for i in numbers]


def _paired(data: Any, beside: Any) -> tuple[da.Array, int]:
    """Return data whose blocks are pairs, and the bytes of a value beside them."""
    if not is_dask_collection(data):
        data = da.from_array(data, chunks=blocks.chunks_in_memory(data), name=False)
    beside = da.broadcast_to(da.asarray(beside), data.shape).rechunk(data.chunks)
    meta = np.empty((0,) * data.ndim, data.dtype)
    pairs = da.map_blocks(_pair, data, beside, dtype=data.dtype, meta=meta)
    return pairs, beside.dtype.itemsize


def _pair(block: np.ndarray, beside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return block, beside
