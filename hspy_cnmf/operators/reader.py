"""The one reader of scans: all that reads the data block by block goes through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from math import prod
from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.base import is_dask_collection
from dask.delayed import Delayed

from hspy_cnmf import progress
from hspy_cnmf.operators import blocks, memory, products, scheduling
from hspy_cnmf.operators.blocks import Extent, LaterSide, Side
from hspy_cnmf.operators.reading import BlockFunction, Reading, RowFunction
from hspy_cnmf.operators.source import Source
from hspy_cnmf.operators.threads import single_threaded_blas


class BlockReader:
    """A scan in memory or in Dask chunks, divided into blocks that are read in turn.

    Nothing of the size of the data is ever made: no masked, transposed, rechunked or
    floating-point copy, and no block outlives the task that reads it. A NumPy array is
    read in blocks, too. Blocks of which masks leave nothing are not read.

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
    n_readings : int
        How often the data have been read.
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
        self.n_readings = 0
        self._in_chunks = is_dask_collection(data)
        split = keep_positions.ndim
        chunks = data.chunks if self._in_chunks else blocks.chunks_in_memory(data)
        self._largest = tuple(map(max, chunks))
        rows, self.positions = _taking_part(chunks[:split], keep_positions)
        columns, self.pixels = _taking_part(chunks[split:], keep_pixels)
        if self._in_chunks:
            grid_shape = prod(map(len, chunks[:split])), prod(map(len, chunks[split:]))
            self._source = Source(data, grid_shape, rows, columns)
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

    def read(
        self,
        label: str,
        function: BlockFunction,
        positions: Sequence[Side | LaterSide],
        pixels: Sequence[Side],
        *,
        finish: RowFunction | None = None,
        product_bytes: int = 0,
        kept_bytes: int = 0,
        rows: Sequence[int] | None = None,
    ) -> tuple[np.ndarray, list]:
        """Apply a function to every block, once, now.

        Parameters
        ----------
        label : str
            What the progress bar says.
        function : callable
            Of a block and its sides of positions and of pixels; returns what belongs
            to the block alone, and a term of the sum over the blocks of a column, or
            None. It is run where the block lies: in a thread, a process or a worker.
        positions, pixels : list of Side
            See `sides`.
        finish : callable, optional
            Of a list of what belongs to the blocks of a row, and of its side: makes
            one thing of them as soon as the last is read.
        product_bytes : int, default 0
            Size of what `function` returns for the largest block.
        kept_bytes : int, default 0
            Size of what is kept of all positions meanwhile: it leaves less room for
            blocks, down to one at a time.
        rows : sequence of int, optional
            Which rows of blocks are read; all by default. `positions` has all sides.

        Returns
        -------
        kept : numpy.ndarray of object, shape (n_rows, n_columns)
            What belongs to each block; with `finish`, to each row.
        sums : list
            Of each column.

        Raises
        ------
        ValueError
            If there is no room for a block.
        """
        self.n_readings += 1
        if rows is None:
            rows = range(len(self.positions))
        sides = [positions[i] for i in rows]
        if not self._in_chunks:
            some = [self._blocks[i] for i in rows]
            with progress.reading(label, len(some), self.show_progressbar) as advance:
                return _read_in_memory(
                    some, function, sides, pixels[0], finish, advance
                )
        at_once = self._blocks_at_once(product_bytes, kept_bytes)
        reading = Reading(self._source, function, sides, pixels, finish, rows)
        n_blocks = reading.kept.size
        with progress.reading(label, n_blocks, self.show_progressbar) as advance:
            return scheduling.run(reading, advance, at_once)

    def read_maps(
        self,
        label: str,
        function: BlockFunction,
        positions: Sequence[Side | LaterSide],
        pixels: Sequence[Side],
        maps: np.ndarray,
        *,
        finish: RowFunction,
        product_bytes: int = 0,
    ) -> list:
        """Read values of all positions into an array; return sums of the columns.

        Parameters
        ----------
        label, function, positions, pixels, product_bytes
            See `read`.
        maps : numpy.ndarray, shape (n, n_positions)
            What is overwritten.
        finish : callable
            Returns the values of a row of blocks, shape (n, size of the row).
        """
        here = maps if scheduling.shares_memory() else None
        kept, sums = self.read(
            label,
            function,
            positions,
            pixels,
            finish=partial(products.maps_of_row, finish=finish, into=here),
            product_bytes=product_bytes,
            kept_bytes=maps.nbytes,
        )
        for extent, values in zip(self.positions, kept, strict=True):
            if values is not None:
                maps[:, extent.target] = values
        return sums

    def batches(
        self,
        label: str,
        function: BlockFunction,
        positions: Sequence[Side | LaterSide],
        pixels: Sequence[Side],
        *,
        finish: RowFunction,
        product_bytes: int = 0,
        n_rows: int = 32,
    ) -> Iterator[tuple[Extent, Any]]:
        """Yield what is made of each row of blocks, so that none of it has to stay.

        Parameters
        ----------
        label, function, positions, pixels, finish, product_bytes
            See `read`.
        n_rows : int, default 32
            How many rows are read at a time.

        Yields
        ------
        extent : Extent
            Positions that take part of the row.
        made : object
            What `finish` returned.
        """
        for start in range(0, len(self.positions), n_rows):
            rows = range(len(self.positions))[start : start + n_rows]
            made, _ = self.read(
                label,
                function,
                positions,
                pixels,
                finish=finish,
                product_bytes=product_bytes,
                rows=rows,
            )
            yield from zip((self.positions[i] for i in rows), made, strict=True)

    def collect(
        self,
        label: str,
        function: BlockFunction,
        positions: Sequence[Side | LaterSide],
        pixels: Sequence[Side],
        then: Callable[[np.ndarray, list], Sequence[np.ndarray]],
        shapes: Sequence[tuple[int, ...]],
        *,
        finish: RowFunction | None = None,
    ) -> list[np.ndarray] | list[da.Array]:
        """Return arrays made of one reading: of lazy data, lazy ones.

        Parameters
        ----------
        label, function, positions, pixels, finish
            See `read`.
        then : callable
            Of `kept` and `sums`, see `read`; returns arrays of floats.
        shapes : sequence of tuple of int
            Their shapes.
        """
        if not self.is_lazy:
            return list(
                then(*self.read(label, function, positions, pixels, finish=finish))
            )
        if self._in_chunks:
            self._blocks_at_once(0)  # Raised now, not when something is computed.
        reading = Reading(self._source, function, positions, pixels, finish)
        whole: Any = Delayed(reading.end_with(then), reading.graph)
        return [
            da.from_delayed(whole[i], shape, dtype=float)
            for i, shape in enumerate(shapes)
        ]

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


def _read_in_memory(
    some: list[np.ndarray],
    function: BlockFunction,
    positions: list[Side | LaterSide],
    pixels: Side,
    finish: RowFunction | None,
    advance: progress.Advance,
) -> tuple[np.ndarray, list]:
    tasks = [
        partial(_deal_with, function, finish, block, side, pixels)
        for block, side in zip(some, positions, strict=True)
    ]
    made, total = scheduling.run_in_memory(tasks, advance)
    kept = np.empty(len(made), dtype=object)
    for i, own in enumerate(made):
        kept[i] = own
    return kept if finish is not None else kept[:, np.newaxis], [total]


def _deal_with(
    function: BlockFunction,
    finish: RowFunction | None,
    block: np.ndarray,
    positions: Side | LaterSide,
    pixels: Side,
) -> tuple[Any, Any]:
    own = positions.taken()
    kept, term = function(block, own, pixels)
    return kept if finish is None else finish([kept], own), term


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


def patterns_at(data: np.ndarray | da.Array, places: np.ndarray) -> np.ndarray:
    """Return a few patterns, read one by one.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Navigation axes first.
    places : numpy.ndarray of int, shape (n, n_navigation)
        Index of each.

    Returns
    -------
    numpy.ndarray, shape (n, *signal_shape)
    """
    patterns = [data[tuple(map(int, place))] for place in places]
    return np.stack([np.asarray(pattern) for pattern in compute_together(*patterns)])


def compute_together(
    *arrays: Any, label: str = "", show_progressbar: bool = False
) -> tuple:
    """Return arrays, the lazy ones among them computed together in one reading.

    Parameters
    ----------
    *arrays : array
    label : str, default ""
        What the progress bar says.
    show_progressbar : bool, default False
        Whether the reading is a step of a call's progress bar, or has one.
    """
    if not any(map(is_dask_collection, arrays)):
        return arrays
    with (
        single_threaded_blas(),
        progress.reading(label, 1, show_progressbar) as advance,
        scheduling.Tasks(advance),
    ):
        return dask.compute(*arrays)
