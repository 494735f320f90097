"""Costs of readings of the data, and of what they are parts of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf.decomposition.machine import Machine
from hspy_cnmf.decomposition.plan import Plan
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.blocks import extents, slab_rows
from hspy_cnmf.operators.grouped_chunks import block_chunks
from hspy_cnmf.operators.memory import block_room, blocks_at_once, memory_limit
from hspy_cnmf.operators.slabs import FEW

#: Bytes of a value in double precision.
DOUBLE = 8

#: An image with one count of a sparse block takes as long as with so many values of a
#: dense one, and a sum, which is in double precision.
_SPARSE_IMAGE, _SPARSE_SUM = 5.0, 10.0

#: To find counts among values takes so many times as long as to convert these, and to
#: inspect counts such a part of what it takes to inspect all values.
_FINDING, _TELLING = 1.2, 0.5

#: Arrays of an addition: both terms and their sum.
_ADDED = 3


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


@dataclass(frozen=True, eq=False)
class Readings:
    """Costs of readings of the data that a plan decomposes.

    Parameters
    ----------
    plan : Plan
    data : numpy.ndarray or dask.array.Array
        Navigation axes first; its shape, type and chunks are looked at.
    workers : int
        Number of workers that share the readings.
    machine : Machine

    Notes
    -----
    While data are read, two chunks and 24 MiB a thread are in memory. Workers divide
    the time of readings and of products with the data, which are those of few counts
    alone where the machine was measured with such data. Sums of patterns are added up
    in double precision once a slab and once a chunk, which counts where chunks hold few
    patterns of many pixels.
    """

    plan: Plan
    data: Any
    workers: int
    machine: Machine

    def sizes(self) -> tuple[int, int, int]:
        """Return the numbers of positions, of pixels, and of bytes of a product."""
        one = np.zeros((1, 1), self.data.dtype), np.ones(1, bool), np.ones(1, bool)
        return *self.plan.shape, StreamedOperator(*one).dtype.itemsize

    @property
    def is_lazy(self) -> bool:
        """Whether data are read from elsewhere, not views of memory."""
        return is_dask_collection(self.data)

    @property
    def chunks(self) -> tuple[tuple[int, ...], ...]:
        """Sizes of what is read at a time along each axis; of data in memory one."""
        if not self.is_lazy:
            return tuple((n,) for n in self.data.shape)
        return block_chunks(self.data.chunks, self.data.dtype)

    @property
    def signal_chunks(self) -> tuple[tuple[int, ...], ...]:
        """Sizes of the chunks along each axis of a pattern."""
        return self.chunks[self._split :]

    @property
    def _split(self) -> int:
        """Number of navigation axes."""
        return self.plan.keep_positions.ndim

    @property
    def _largest(self) -> tuple[int, ...]:
        """Shape of the largest chunk."""
        return tuple(map(max, self.chunks))

    @cached_property
    def n_bytes(self) -> int:
        """Size of the chunks that a reading reads."""
        return self.bytes_of(self.plan.keep_positions, self.plan.keep_pixels)

    def bytes_of(self, keep_positions: np.ndarray, keep_pixels: np.ndarray) -> int:
        """Return the size of the chunks of which masks leave anything."""
        split, itemsize = self._split, self.data.dtype.itemsize
        sides = (
            (self.chunks[:split], keep_positions),
            (self.signal_chunks, keep_pixels),
        )
        return itemsize * prod(
            sum(e.full_size for e in extents(chunks, keep) if e.size)
            for chunks, keep in sides
        )

    def _readers(self, images: int = 0, patterns: int = 0, in_cell: int = 1) -> int:
        """Return how many blocks are read at the same time in this process."""
        if not self.is_lazy:
            return 1
        if self.plan.max_memory is None or self.workers > 1:
            return self.machine.n_threads
        largest, split = self._largest, self._split
        values = images * prod(largest[:split])
        values += patterns * prod(largest[split:]) // in_cell
        limit = memory_limit(self.plan.max_memory)
        dtype = self.data.dtype
        fit = blocks_at_once(limit, DOUBLE * values, largest, dtype, split)
        return min(self.machine.n_threads, fit)

    def memory(
        self,
        *,
        images: int = 0,
        patterns: int = 0,
        inspect: bool = False,
        in_cell: int = 1,
    ) -> float:
        """Return the room for blocks, slabs of them, and sums in double precision.

        Asked for are the number of images and of patterns that a reading forms, whether
        it checks the data, and how many pixels are summed as it reads them.
        """
        readers, (n, m) = self._readers(images, patterns, in_cell), self.plan.shape
        # Terms of a sum over blocks that are alive: those under way, and what is added.
        alive = readers + min(_ADDED, prod(map(len, self.chunks)))
        values = patterns * (min(prod(self._largest[self._split :]), m) * alive + m)
        values //= in_cell
        values += inspect * (n + m) * alive
        # Blocks in memory are views: only those read from elsewhere need room.
        block = prod(self._largest) * self.data.dtype.itemsize if self.is_lazy else 0
        pattern = prod(self._largest[self._split :]) * self.sizes()[2]
        n_patterns = prod(self._largest[: self._split])
        return readers * block_room(block, 0, pattern, n_patterns) + DOUBLE * values

    def products_memory(self, n_rows: int) -> float:
        """Return the memory of a reading for patterns or for images."""
        return max(self.memory(patterns=n_rows), self.memory(images=n_rows))

    def seconds(
        self,
        passes: int,
        *,
        images: int = 0,
        sums: int = 0,
        at_a_time: int = 0,
        inspects: bool = False,
        in_cell: int = 1,
    ) -> float:
        """Return the seconds of readings in which so many products are formed.

        With a limit of memory fewer threads read at the same time, the fewer the more
        rows there are of one product.

        Parameters
        ----------
        passes : int
        images, sums : int
            Images, and sums of patterns, that all these readings form. Sums are added
            up in double precision.
        at_a_time : int
            How many of either one of the readings forms at the most.
        inspects : bool
            Whether one of them checks the data.
        in_cell : int
            Pixels that are summed as they are read.
        """
        if not passes:
            return 0.0
        machine = self.machine
        readers = self._readers(at_a_time, at_a_time, in_cell)
        values = float(prod(self.plan.shape))
        conversion = passes / machine.convert
        checks = inspects / machine.inspect
        products = 2.0 * (images + sums) / in_cell
        if machine.counts <= FEW:
            conversion, checks = _FINDING * conversion, _TELLING * checks
        if machine.counts <= FEW and in_cell == 1:
            products = _SPARSE_IMAGE * images + _SPARSE_SUM * sums
            products *= 2 * machine.counts
        additions = sums * self._n_additions * self.plan.shape[1] / in_cell
        time = (values * (conversion + checks) + additions / machine.add) / readers
        # Data in memory are multiplied with by one block at a time, in many threads.
        n_threads = readers if self.is_lazy else machine.n_threads
        time += products * values / machine.product / n_threads
        if self.is_lazy:
            time += passes * self.n_bytes / machine.read
        return time / self.workers

    @property
    def _n_additions(self) -> int:
        """How often sums of whole patterns are added up: of slabs, and of blocks."""
        pattern_bytes = prod(self._largest[self._split :]) * self.sizes()[2]
        n_patterns = prod(self._largest[: self._split])
        n_blocks = prod(map(len, self.chunks[: self._split]))
        if self.machine.counts <= FEW:
            return 2 * n_blocks
        return n_blocks * (1 + -(-n_patterns // slab_rows(pattern_bytes)))
