"""Model of a decomposition's cost: readings, memory and time by part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log2, prod
from typing import Any

import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf.decomposition.machine import Machine, iteration_flops
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.blocks import extents
from hspy_cnmf.operators.memory import block_room, blocks_at_once
from hspy_cnmf.solver import ConstrainedNMF

#: Bytes of a value in double precision.
_DOUBLE = 8

#: Matrices in double precision that are alive in a QR decomposition: argument, copy,
#: what LAPACK works on and writes to, result.
_QR_COPIES = 5

#: Sweeps of the last iteration's loadings.
_LAST_SWEEPS = 200


@dataclass(frozen=True)
class Part:
    """What one part of a run costs.

    Parameters
    ----------
    name : str
    passes : int
        Readings of the data.
    bytes_read : int
    memory : float
        Bytes at its peak.
    seconds : float
    """

    name: str
    passes: int
    bytes_read: int
    memory: float
    seconds: float


@dataclass(frozen=True)
class Layout:
    """What is known of a scan without reading it.

    Parameters
    ----------
    n_positions, n_pixels : int
        What takes part.
    n_bytes : int
        Size of the chunks that hold anything that takes part.
    float_bytes : int
        Size of a floating-point number of the products.
    lazy : bool
    chunks : tuple of tuple of int
        Sizes of the chunks along each axis, navigation axes first.
    n_navigation : int
        Number of navigation axes.
    dtype : numpy.dtype
        Type of the data.
    """

    n_positions: int
    n_pixels: int
    n_bytes: int
    float_bytes: int
    lazy: bool
    chunks: tuple[tuple[int, ...], ...]
    n_navigation: int
    dtype: np.dtype

    @classmethod
    def of_data(
        cls, data: Any, keep_positions: np.ndarray, keep_pixels: np.ndarray
    ) -> Layout:
        """Return the layout of an array, navigation axes first, and masks."""
        lazy, split = is_dask_collection(data), keep_positions.ndim
        chunks = data.chunks if lazy else tuple((n,) for n in data.shape)
        one = np.zeros((1, 1), data.dtype), np.ones(1, bool), np.ones(1, bool)
        read = prod(
            sum(e.full_size for e in extents(sizes, keep) if e.size)
            for sizes, keep in (
                (chunks[:split], keep_positions),
                (chunks[split:], keep_pixels),
            )
        )
        return cls(
            int(np.count_nonzero(keep_positions)),
            int(np.count_nonzero(keep_pixels)),
            read * data.dtype.itemsize,
            StreamedOperator(*one).dtype.itemsize,
            lazy,
            chunks,
            split,
            data.dtype,
        )

    @property
    def block_shape(self) -> tuple[int, ...]:
        """Shape of the largest chunk."""
        return tuple(map(max, self.chunks))

    @property
    def n_pixel_blocks(self) -> int:
        """Number of chunks that share a pattern."""
        return prod(map(len, self.chunks[self.n_navigation :]))

    @property
    def block_sizes(self) -> tuple[int, int]:
        """Number of positions and of pixels of the largest chunk."""
        split = self.n_navigation
        return prod(self.block_shape[:split]), prod(self.block_shape[split:])


@dataclass(frozen=True)
class Model:
    """Costs of the parts of a run; ``docs/cost.md`` has them as formulas.

    Parameters
    ----------
    layout : Layout
    estimator : ConstrainedNMF
        Its components, starts and iterations count.
    rank : int or None
        Of the sketch.
    workers : int
    machine : Machine
    limit : int or None
        Bytes that blocks may take while they are read in this process.
    """

    layout: Layout
    estimator: ConstrainedNMF
    rank: int | None
    workers: int
    machine: Machine
    limit: int | None = None

    def inspection(self) -> Part:
        """Return the reading that checks data of which no sketch is made."""
        return self._part("inspection", 1, self._reading_memory(inspect=True), 0.0)

    def sketch(self, rank: int) -> Part:
        """Return the three readings and the two QR decompositions."""
        n, m, f = self._sizes()
        image_bytes = rank * n * f * (1 + self.layout.n_pixel_blocks)
        # What blocks took is not always given back at once: it counts all the time.
        blocks = self._reading_memory(images=rank)
        kept = rank * n * (f + _DOUBLE)
        memory = max(
            rank * m * (_DOUBLE + 2 * f)
            + image_bytes
            + self._reading_memory(images=rank, inspect=True),
            rank * n * (f + _DOUBLE * _QR_COPIES) + blocks,
            kept + 2 * rank * n * f + self._reading_memory(patterns=rank),
            kept + rank * m * _DOUBLE * _QR_COPIES + blocks,
            kept + 3 * rank * m * f + image_bytes + blocks,
        )
        seconds = 4 * (n + m) * rank**2 / self.machine.iterate
        memory += _DOUBLE * (n + m)
        return self._part("sketch", 3, memory, seconds, 3 * rank)

    def iterations(self) -> Part:
        """Return all iterations of all starts: what none that converges early needs."""
        n, m, f = self._sizes()
        k, s, max_iter = self._run()
        at_once = min(s, self.machine.n_threads)
        steps = s * max_iter * iteration_flops(n + m, k, self.rank or 0)
        seconds = steps / self.machine.iterate / at_once
        states = float(s * k * (2 * n + m) * f)  # what all begin with and end with
        states += at_once * k * max(n, m) * (_DOUBLE + 2 * f)
        advancing = 2 * k * (n + m) * f
        if self.rank is not None:
            memory = states + at_once * advancing + self._held()
            return self._part("iterations", 0, memory, seconds)
        memory = states + s * advancing + 2 * s * k * n * f + self._held()
        memory += self._products_memory(s * k)
        rows = 2 * max_iter * s * k
        return self._part("iterations", 2 * max_iter, memory, seconds, rows)

    def last_iteration(self, source: str) -> Part:
        """Return the iteration that ends a run, on "data" or "sketch"."""
        n, m, f = self._sizes()
        k, s, _ = self._run()
        seconds = 2.0 * k**2 * (_LAST_SWEEPS * n + 10 * m) / self.machine.iterate
        memory = (
            1.0 * s * k * (n + m) * f + self._held() + k * (n + m) * (3 * f + _DOUBLE)
        )
        if source == "sketch" and self.rank is not None:
            return self._part("last iteration", 0, memory, seconds)
        memory += self._products_memory(k)
        return self._part("last iteration", 2, memory, seconds, 2 * k)

    def reprojection(self, layouts: Iterable[Layout]) -> list[Part]:
        """Return what it costs to fill in what masks left out; two readings each."""
        n_bytes = [layout.n_bytes for layout in layouts if layout.n_bytes]
        if not n_bytes:
            return []
        k, n_masks = self.estimator.n_components, len(n_bytes)
        _, m, f = self._sizes()
        memory = 1.0 * self._held() + k * m * f
        memory += max(
            self._reading_memory(inspect=True), self._reading_memory(patterns=k)
        )
        seconds = self._reading_time(2 * n_masks, n_masks * k)
        return [
            Part("reprojection", 2 * n_masks, 2 * sum(n_bytes), float(memory), seconds)
        ]

    def _sizes(self) -> tuple[int, int, int]:
        layout = self.layout
        return layout.n_positions, layout.n_pixels, layout.float_bytes

    def _run(self) -> tuple[int, int, int]:
        estimator = self.estimator
        return estimator.n_components, estimator.n_init, estimator.max_iter

    def _part(
        self, name: str, passes: int, memory: float, seconds: float, n_rows: int = 0
    ) -> Part:
        """Return a part with its readings, in which products of rows are formed."""
        seconds += self._reading_time(passes, n_rows)
        n_bytes = passes * self.layout.n_bytes
        return Part(name, passes, n_bytes, float(memory), seconds)

    def _readers(self, images: int = 0, patterns: int = 0) -> int:
        """Return how many blocks are read at the same time in this process."""
        layout = self.layout
        if not layout.lazy:
            return 1
        if self.limit is None:
            return self.machine.n_threads
        positions, pixels = layout.block_sizes
        fit = blocks_at_once(
            self.limit,
            _DOUBLE * (images * positions + patterns * pixels),
            layout.block_shape,
            layout.dtype,
            layout.n_navigation,
        )
        return min(self.machine.n_threads, fit)

    def _reading_memory(
        self, *, images: int = 0, patterns: int = 0, inspect: bool = False
    ) -> float:
        """Return the room for blocks, slabs of them, and sums in double precision.

        Asked for are the number of images and of patterns that a reading forms, and
        whether it checks the data.
        """
        layout = self.layout
        readers = self._readers(images, patterns)
        # Terms of a sum over blocks that are alive in this process.
        alive = readers + log2(max(prod(map(len, layout.chunks)), 1)) + 1
        part = min(layout.block_sizes[1], layout.n_pixels)
        values = patterns * (part * alive + layout.n_pixels)
        values += inspect * (layout.n_positions + layout.n_pixels) * alive
        # Blocks in memory are views: only those read from elsewhere need room.
        block = prod(layout.block_shape) * layout.dtype.itemsize if layout.lazy else 0
        return readers * block_room(block) + _DOUBLE * values

    def _products_memory(self, n_rows: int) -> float:
        """Return the memory of a reading for patterns or for images."""
        return max(
            self._reading_memory(patterns=n_rows), self._reading_memory(images=n_rows)
        )

    def _held(self) -> int:
        """Return what is kept all the time: sketch and inspection."""
        n, m, f = self._sizes()
        return (n + m) * ((self.rank or 0) * f + 2 * _DOUBLE)

    def _reading_time(self, passes: int, n_rows: int) -> float:
        """Return the seconds of readings in which products of so many rows are formed.

        With a limit of memory fewer threads read at the same time.
        """
        if not passes:
            return 0.0
        machine, layout = self.machine, self.layout
        readers = self._readers(images=n_rows // passes)
        readers = min(readers, self._readers(patterns=n_rows // passes))
        values = float(layout.n_positions) * layout.n_pixels
        seconds = passes * values / machine.convert / readers
        # Data in memory are multiplied with by one block at a time, in many threads.
        n_threads = readers if layout.lazy else machine.n_threads
        seconds += 2 * n_rows * values / machine.product / n_threads
        if layout.lazy:
            seconds += passes * layout.n_bytes / machine.read
        return seconds / self.workers
