"""The model behind `hspy_cnmf.estimate_cost`: operations, memory and time by part."""

from dataclasses import dataclass
from math import log2, prod

import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf.machine import Machine
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.blocks import extents
from hspy_cnmf.operators.memory import block_room

#: Sweeps of a half step, by solver (ALS costs about what two do), and of the last
#: iteration's loadings.
_SWEEPS = {"hals": 10, "als": 2}
_LAST_SWEEPS = 200

_DOUBLE = 8


def product_dtype(dtype):
    """Return the floating-point type in which data of a type are multiplied."""
    empty = np.zeros((1, 1), dtype), np.ones(1, bool), np.ones(1, bool)
    return StreamedOperator(*empty).dtype


#: Matrices in double precision that are alive in a QR decomposition: argument, copy,
#: what LAPACK works on and writes to, result.
_QR_COPIES = 5


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
    n_blocks, n_pixel_blocks : int
        Number of chunks, and of those that share a pattern.
    block_pixels : int
        Pixels of a block.
    block_bytes : int
        Size of the largest chunk.
    """

    n_positions: int
    n_pixels: int
    n_bytes: int
    float_bytes: int
    lazy: bool
    n_blocks: int = 1
    n_pixel_blocks: int = 1
    block_pixels: int = 0
    block_bytes: int = 0

    @classmethod
    def of(cls, data, keep_positions, keep_pixels):
        """Return the layout of an array, navigation axes first, and masks."""
        lazy = is_dask_collection(data)
        split = keep_positions.ndim
        # Blocks in memory are views: only those read from elsewhere need room.
        chunks = data.chunks if lazy else tuple((n,) for n in data.shape)
        largest = prod(max(sizes) for sizes in chunks)
        return cls(
            int(np.count_nonzero(keep_positions)),
            int(np.count_nonzero(keep_pixels)),
            _read_values(chunks[:split], keep_positions)
            * _read_values(chunks[split:], keep_pixels)
            * data.dtype.itemsize,
            product_dtype(data.dtype).itemsize,
            lazy,
            prod(len(sizes) for sizes in chunks),
            prod(len(sizes) for sizes in chunks[split:]),
            prod(max(sizes) for sizes in chunks[split:]),
            largest * data.dtype.itemsize if lazy else 0,
        )


def _read_values(chunks, keep):
    """Return the size of the chunks, along positions or pixels, that masks leave."""
    return sum(extent.full_size for extent in extents(chunks, keep) if extent.size)


@dataclass(frozen=True)
class Part:
    """What one part of a run costs.

    Parameters
    ----------
    name : str
    passes : int
        Readings of the data.
    bytes_read : int
    flops : float
        Floating-point operations.
    memory : float
        Bytes at its peak.
    seconds : float
    """

    name: str
    passes: int
    bytes_read: int
    flops: float
    memory: float
    seconds: float


@dataclass(frozen=True)
class Model:
    """Costs of the parts of a run; ``docs/cost.md`` has them as formulas.

    Parameters
    ----------
    layout : Layout
    k, n_starts, max_iter : int
        Components, random starts and iterations of each.
    solver : str
    rank : int or None
        Of the sketch.
    workers : int
    machine : Machine
    """

    layout: Layout
    k: int
    n_starts: int
    max_iter: int
    solver: str
    rank: int | None
    workers: int
    machine: Machine

    def inspection(self):
        """Return the reading that checks data of which no sketch is made."""
        return self._part(
            "inspection",
            1,
            0.0,
            self._inspections() + self._block_memory(),
            self._reading_time(0, inspect=True),
        )

    def sketch(self):
        """Return the three readings and the two QR decompositions."""
        n, m, f = self._sizes()
        r = self.rank
        orthonormalise = 4.0 * (n + m) * r**2
        image_bytes = r * n * f * (1 + self.layout.n_pixel_blocks)
        first = r * m * (_DOUBLE + 2 * f) + image_bytes + self._inspections()
        positions = r * n * (f + _DOUBLE * _QR_COPIES)
        after = r * n * (f + _DOUBLE)
        second = after + 2 * r * n * f + self._pattern_sums(r)
        pixels = after + r * m * _DOUBLE * _QR_COPIES
        third = after + 3 * r * m * f + image_bytes
        seconds = self._reading_time(r, inspect=True) + 2 * self._reading_time(r)
        return self._part(
            "sketch",
            3,
            3 * self._product(r) + orthonormalise,
            max(first, positions, second, pixels, third)
            + self._inspections(1)
            + self._block_memory(),
            seconds + orthonormalise / self.machine.orthonormalise,
        )

    def iterations(self):
        """Return all iterations of all starts: what none that converges early needs."""
        n, m, f = self._sizes()
        s, k = self.n_starts, self.k
        steps = s * self.max_iter
        half_steps = steps * self._half_steps(_SWEEPS[self.solver])
        constrained = 2 * steps * k * (n + m)
        at_once = min(s, self.machine.n_threads)
        small = half_steps / self.machine.half_step
        small += constrained / self.machine.constrain
        states = s * k * (4 * n + 3 * m) * f
        states += at_once * k * max(n, m) * (_DOUBLE + 2 * f)
        if self.rank is not None:
            products = steps * 4.0 * self.rank * k * (n + m)
            seconds = (small + products / self.machine.product) / at_once
            memory = states + self._held()
            return self._part("iterations", 0, half_steps + products, memory, seconds)
        products = 2 * self.max_iter * self._product(s * k)
        seconds = 2 * self.max_iter * self._reading_time(s * k) + small / at_once
        memory = states + self._pattern_sums(s * k) + 2 * s * k * n * f
        memory += self._block_memory() + self._held()
        return self._part(
            "iterations", 2 * self.max_iter, half_steps + products, memory, seconds
        )

    def last_iteration(self, source):
        """Return the iteration that ends a run, on "data" or "sketch"."""
        n, m, f = self._sizes()
        half_steps = 2.0 * self.k**2 * (_LAST_SWEEPS * n + 10 * m)
        states = self.n_starts * self.k * (n + m) * f + self._held()
        memory = states + self.k * (n + m) * (3 * f + _DOUBLE)
        seconds = half_steps / self.machine.half_step
        if source == "sketch" and self.rank is not None:
            return self._part("last iteration", 0, half_steps, memory, seconds)
        return self._part(
            "last iteration",
            2,
            2 * self._product(self.k) + half_steps,
            memory + self._pattern_sums(self.k) + self._block_memory(),
            seconds + 2 * self._reading_time(self.k),
        )

    def reprojection(self, n_bytes):
        """Return what it costs to fill in what masks left out; two readings each.

        What is to be read for each of the masks is given.
        """
        _, m, f = self._sizes()
        largest = self._held() + self._inspections() + self.k * m * f
        largest += self._block_memory()
        seconds = self._reading_time(self.k) + self._reading_time(0, inspect=True)
        n_masks = len(n_bytes)
        return Part(
            "reprojection",
            2 * n_masks,
            2 * sum(n_bytes),
            n_masks * self._product(self.k),
            float(largest + self._pattern_sums(self.k)),
            n_masks * seconds,
        )

    def _sizes(self):
        layout = self.layout
        return layout.n_positions, layout.n_pixels, layout.float_bytes

    def _part(self, name, passes, flops, memory, seconds):
        return Part(
            name, passes, passes * self.layout.n_bytes, flops, float(memory), seconds
        )

    def _product(self, n_rows):
        """Return the operations of a product of a stack with the data."""
        return 2.0 * n_rows * self.layout.n_positions * self.layout.n_pixels

    def _half_steps(self, n_sweeps):
        n, m, _ = self._sizes()
        return 2.0 * self.k**2 * (n_sweeps + 2) * (n + m)

    def _readers(self):
        """Return how many blocks are read at the same time in this process."""
        return self.machine.n_threads if self.layout.lazy else 1

    def _alive(self):
        """Return how many terms of a sum over blocks are alive in this process."""
        return self._readers() + log2(max(self.layout.n_blocks, 1)) + 1

    def _block_memory(self):
        """Return the room for blocks and slabs of them, with one worker."""
        return self._readers() * block_room(self.layout.block_bytes)

    def _inspections(self, n=None):
        size = _DOUBLE * (self.layout.n_positions + self.layout.n_pixels)
        return size * (self._alive() if n is None else n)

    def _pattern_sums(self, n_rows):
        """Return the room for sums of patterns in double precision."""
        part = min(self.layout.block_pixels, self.layout.n_pixels)
        return n_rows * _DOUBLE * (part * self._alive() + self.layout.n_pixels)

    def _held(self):
        """Return what is kept all the time: sketch and inspection."""
        n, m, f = self._sizes()
        return (n + m) * ((self.rank or 0) * f + 2 * _DOUBLE)

    def _reading_time(self, n_rows, inspect=False):
        """Return the seconds of a reading that forms a product with a stack."""
        machine, layout = self.machine, self.layout
        values = layout.n_positions * layout.n_pixels
        rate = machine.inspect if inspect else machine.convert
        seconds = values / rate / self._readers()
        seconds += self._product(n_rows) / machine.product / machine.n_threads
        if layout.lazy:
            seconds += layout.n_bytes / machine.read
        return seconds / self.workers
