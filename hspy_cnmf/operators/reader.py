"""The one reader of scans: all that reads the data block by block goes through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import dask.array as da
import numpy as np
from dask.delayed import Delayed

from hspy_cnmf import progress
from hspy_cnmf.operators import products, scheduling
from hspy_cnmf.operators.blocks import Extent, LaterSide, Side
from hspy_cnmf.operators.grid import BlockGrid
from hspy_cnmf.operators.in_memory import read_in_memory
from hspy_cnmf.operators.reading import BlockFunction, Reading, RowFunction


class BlockReader(BlockGrid):
    """A scan whose blocks are read in turn.

    Nothing of the size of the data is ever made: no masked, transposed, rechunked or
    floating-point copy, and no block outlives the task that reads it. A NumPy array is
    read in blocks, too. Blocks of which masks leave nothing are not read.

    Parameters
    ----------
    data, keep_positions, keep_pixels, show_progressbar, max_memory, beside
        See `BlockGrid`.

    Attributes
    ----------
    n_readings : int
        How often the data have been read.
    """

    n_readings = 0

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
            Of the sum of what belongs to the blocks of a row, and of its side: makes
            one thing of it as soon as the last is read.
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
                return read_in_memory(some, function, sides, pixels[0], finish, advance)
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
