"""Model of a decomposition's cost: readings, memory and time by part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log2, prod
from typing import Any

import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf.decomposition.machine import Machine, iteration_flops
from hspy_cnmf.decomposition.plan import Plan
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.blocks import extents
from hspy_cnmf.operators.memory import block_room, blocks_at_once, memory_limit
from hspy_cnmf.operators.range_finder import (
    automatic_rank,
    fitted_rows,
    refinements,
    sketch_readings,
)
from hspy_cnmf.operators.slabs import FEW
from hspy_cnmf.solver.coarse import cell_sizes
from hspy_cnmf.solver.last_iteration import readings_of_end
from hspy_cnmf.solver.stages import LEADING, most_iterations

#: Bytes of a value in double precision.
_DOUBLE = 8

#: Matrices in double precision that are alive in a QR decomposition: argument, copy,
#: what LAPACK works on and writes to, result.
_QR_COPIES = 5

#: A product with one count of a sparse block takes as long as with so many values of a
#: dense one, and to find counts takes such a part of the time that conversion takes.
_SPARSE_PRODUCT, _FINDING = 6.0, 0.5

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


@dataclass(frozen=True, eq=False)
class Model:
    """Costs of the parts of a run.

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
    N positions and M pixels take part, k components, S starts of at most T iterations,
    a sketch of rank r; f bytes hold a value (4 for data of up to 16 bits, else 8).
    Readings and operations:

    - sketch: 2 + q, twice as many where chunks divide patterns; q up to 2;
      (7 + 4 q) r N M for the products, 4 (1 + q) r² M for QR decompositions;
    - iterations on it: 0; s t (4 r k + 24 k²) (n + M) for each stage of s starts on n
      cells with t iterations;
    - iterations on the data: 1 + 2 T; S T (4 k N M + 24 k² (N + M));
    - last iteration: 0 or 1, as noise demands; 4 k N M and 2 k² (200 N + 10 M);
    - each mask that is reprojected: 2; 2 k N M.

    The memory is the largest of what these keep:

    - sketch: r N f + r M (8 + 2 f) while images are formed, 40 r M in the QR
      decomposition; where chunks divide patterns, 2 r N f while patterns are summed;
    - iterations: r (N + M) f and r n f for the sketch and that on cells,
      S k (2 n + M) f for what starts begin and end with, and for each that is worked
      on at a time 2 k (n + M) f and k max(n, M) (8 + 2 f);
    - last iteration: the sketch, S k (n + M) f, and k (N + M) f while data are read,
      or 4 k (N + M) f while loadings are solved for;

    and, while data are read, two chunks and 24 MiB a thread. Workers divide the time of
    readings and products with the data, which are those of few counts alone where the
    machine was measured with such data; all else is done by the process that calls.
    """

    plan: Plan
    data: Any
    workers: int
    machine: Machine

    def parts(self, has_sketch: bool) -> tuple[Part, ...]:
        """Return the parts of the run, with a kept sketch or without."""
        plan, first = self.plan, []
        if plan.negative.negative == "shift":
            memory = self._reading_memory(inspect=True)
            first = [self._part("lowest value", 1, memory, 0.0)]
        if plan.rank is None:
            first += [self.inspection()]
            if plan.estimator.prune:
                first += [
                    self.sketch(min(automatic_rank(plan.n_components), *plan.shape))
                ]
        elif not has_sketch:
            first += [self.sketch(plan.rank)]
        return (*first, self.iterations(), self.last_iteration(), *self.reprojection())

    def inspection(self) -> Part:
        """Return the reading that checks data of which no sketch is made."""
        return self._part("inspection", 1, self._reading_memory(inspect=True), 0.0)

    def sketch(self, rank: int) -> Part:
        """Return the readings, twice as many if chunks divide patterns, and the QRs."""
        n, m, f = self._sizes()
        n_pixel_blocks = prod(map(len, self._chunks[self._split :]))
        image_bytes = rank * n * f
        drawn = rank * m * (_DOUBLE + 2 * f)
        refining = refinements((n, m))
        divides = n_pixel_blocks > 1
        passes = sketch_readings((n, m)) * (2 if divides else 1)
        memory = max(
            drawn + self._reading_memory(patterns=rank, images=rank, inspect=True),
            rank * m * _DOUBLE * _QR_COPIES + self._reading_memory(),
            3 * rank * m * f
            + image_bytes
            + self._reading_memory(images=rank, patterns=fitted_rows(rank)),
        )
        if divides:
            memory = max(
                memory,
                drawn + image_bytes + self._reading_memory(images=rank, inspect=True),
                2 * rank * n * f + self._reading_memory(patterns=rank),
            )
        seconds = 4 * (1 + refining) * m * rank**2 / self.machine.iterate
        memory += _DOUBLE * (n + m)
        rows = (3 + 2 * refining) * rank + fitted_rows(rank)
        return self._part("sketch", passes, memory, seconds, rows, rank)

    def stages(self) -> list[tuple[int, int, int]]:
        """Return starts, positions or cells, and iterations of each stage of a run."""
        (n, *_), (_, s, left) = self._sizes(), self._run()
        sizes = [] if self.plan.rank is None else cell_sizes(self.plan.keep_positions)
        stages = []
        for i, size in enumerate([*sizes, (1,)]):
            is_last = i == len(sizes)
            n_starts = s if i == 0 else 1 if is_last else min(s, LEADING)
            steps = most_iterations(left, is_last)
            stages.append((n_starts, n // prod(size), steps))
            left -= steps
        return stages

    def iterations(self) -> Part:
        """Return all iterations of all starts: what none that converges early needs."""
        if self.plan.rank is None:
            return self._iterations_on_data()
        _, m, f = self._sizes()
        k, *_ = self._run()
        stages = self.stages()
        first, n_first, _ = stages[0]
        seconds = memory = 0.0
        for n_starts, n, steps in stages:
            at_once = min(n_starts, self.machine.n_threads)
            flops = n_starts * steps * iteration_flops(n + m, k, self.plan.rank)
            seconds += flops / self.machine.iterate / at_once
            # What all begin with and end with, and what those under way need.
            states = first * (2 * n_first + m) + (n != n_first) * n_starts * (2 * n + m)
            advancing = 2 * (n + m) * f + max(n, m) * (_DOUBLE + 2 * f)
            held = (n != self.plan.shape[0]) * self.plan.rank * n * f
            memory = max(memory, k * (states * f + at_once * advancing) + held)
        return self._part("iterations", 0, memory + self._held(), seconds)

    def _iterations_on_data(self) -> Part:
        n, m, f = self._sizes()
        k, s, max_iter = self._run()
        at_once = min(s, self.machine.n_threads)
        steps = s * max_iter * iteration_flops(n + m, k, 0)
        seconds = steps / self.machine.iterate / at_once
        states = float(s * k * (2 * n + m) * f)  # what all begin with and end with
        states += at_once * k * max(n, m) * (_DOUBLE + 2 * f)
        memory = states + s * 2 * k * (n + m) * f + 2 * s * k * n * f + self._held()
        memory += self._products_memory(s * k)
        rows = 2 * max_iter * s * k
        return self._part("iterations", 2 * max_iter, memory, seconds, rows, s * k)

    def last_iteration(self) -> Part:
        """Return the iteration that ends a run, on the data or the sketch."""
        n, m, f = self._sizes()
        k, *_ = self._run()
        seconds = 2.0 * k**2 * (_LAST_SWEEPS * n + 10 * m) / self.machine.iterate
        first, n_first, _ = self.stages()[0]
        memory = 1.0 * first * k * (n_first + m) * f + (n_first != n) * k * n * f
        memory += self._held()
        settling = 4 * k * (n + m) * f  # maps to start from, images, maps, smoothed
        if self.plan.last_iteration == "sketch" and self.plan.rank is not None:
            return self._part("last iteration", 0, memory + settling, seconds)
        reading = k * (n + m) * f + self._reading_memory(patterns=k, images=k)
        passes = readings_of_end(self.plan.rank, n)
        memory += max(settling, reading)
        rows = 2 * k * (passes > 0)
        return self._part("last iteration", passes, memory, seconds, rows, k)

    def reprojection(self) -> list[Part]:
        """Return what it costs to fill in what masks left out; two readings each."""
        parts = self.plan.parts_to_fill()
        n_bytes = [n for keeps in parts if (n := self._bytes(*keeps))]
        if not n_bytes:
            return []
        k, n_masks = self.plan.n_components, len(n_bytes)
        _, m, f = self._sizes()
        memory = 1.0 * self._held() + k * m * f
        memory += max(
            self._reading_memory(inspect=True), self._reading_memory(patterns=k)
        )
        seconds = self._reading_time(2 * n_masks, n_masks * k, k)
        return [
            Part("reprojection", 2 * n_masks, 2 * sum(n_bytes), float(memory), seconds)
        ]

    def _sizes(self) -> tuple[int, int, int]:
        """Return the numbers of positions, of pixels, and of bytes of a product."""
        one = np.zeros((1, 1), self.data.dtype), np.ones(1, bool), np.ones(1, bool)
        return *self.plan.shape, StreamedOperator(*one).dtype.itemsize

    def _run(self) -> tuple[int, int, int]:
        estimator = self.plan.estimator
        return estimator.n_components, estimator.n_init, estimator.max_iter

    @property
    def _lazy(self) -> bool:
        return is_dask_collection(self.data)

    @property
    def _chunks(self) -> tuple[tuple[int, ...], ...]:
        return self.data.chunks if self._lazy else tuple((n,) for n in self.data.shape)

    @property
    def _split(self) -> int:
        """Number of navigation axes."""
        return self.plan.keep_positions.ndim

    @property
    def _largest(self) -> tuple[int, ...]:
        """Shape of the largest chunk."""
        return tuple(map(max, self._chunks))

    @cached_property
    def _n_bytes(self) -> int:
        """Size of the chunks that a reading reads."""
        return self._bytes(self.plan.keep_positions, self.plan.keep_pixels)

    def _bytes(self, keep_positions: np.ndarray, keep_pixels: np.ndarray) -> int:
        """Return the size of the chunks of which masks leave anything."""
        split, itemsize = self._split, self.data.dtype.itemsize
        sides = (
            (self._chunks[:split], keep_positions),
            (self._chunks[split:], keep_pixels),
        )
        return itemsize * prod(
            sum(e.full_size for e in extents(chunks, keep) if e.size)
            for chunks, keep in sides
        )

    def _part(
        self,
        name: str,
        passes: int,
        memory: float,
        seconds: float,
        n_rows: int = 0,
        at_a_time: int = 0,
    ) -> Part:
        """Return a part with its readings, in which products of rows are formed."""
        seconds += self._reading_time(passes, n_rows, at_a_time)
        n_bytes = passes * self._n_bytes if passes else 0
        return Part(name, passes, n_bytes, float(memory), seconds)

    def _readers(self, images: int = 0, patterns: int = 0) -> int:
        """Return how many blocks are read at the same time in this process."""
        if not self._lazy:
            return 1
        if self.plan.max_memory is None or self.workers > 1:
            return self.machine.n_threads
        largest, split = self._largest, self._split
        values = images * prod(largest[:split]) + patterns * prod(largest[split:])
        limit = memory_limit(self.plan.max_memory)
        dtype = self.data.dtype
        fit = blocks_at_once(limit, _DOUBLE * values, largest, dtype, split)
        return min(self.machine.n_threads, fit)

    def _reading_memory(
        self, *, images: int = 0, patterns: int = 0, inspect: bool = False
    ) -> float:
        """Return the room for blocks, slabs of them, and sums in double precision.

        Asked for are the number of images and of patterns that a reading forms, and
        whether it checks the data.
        """
        readers, (n, m) = self._readers(images, patterns), self.plan.shape
        # Terms of a sum over blocks that are alive in this process.
        alive = readers + log2(prod(map(len, self._chunks))) + 1
        values = patterns * (min(prod(self._largest[self._split :]), m) * alive + m)
        values += inspect * (n + m) * alive
        # Blocks in memory are views: only those read from elsewhere need room.
        block = prod(self._largest) * self.data.dtype.itemsize if self._lazy else 0
        pattern = prod(self._largest[self._split :]) * self._sizes()[2]
        n_patterns = prod(self._largest[: self._split])
        return readers * block_room(block, 0, pattern, n_patterns) + _DOUBLE * values

    def _products_memory(self, n_rows: int) -> float:
        """Return the memory of a reading for patterns or for images."""
        return max(
            self._reading_memory(patterns=n_rows), self._reading_memory(images=n_rows)
        )

    def _held(self) -> int:
        """Return what is kept all the time: sketch, inspection, data without negatives.

        These are a copy where the data are in memory.
        """
        n, m, f = self._sizes()
        is_copied = not self._lazy and self.plan.negative.negative != "refuse"
        copy = is_copied * prod(self.data.shape) * self.data.dtype.itemsize
        return (n + m) * ((self.plan.rank or 0) * f + 2 * _DOUBLE) + copy

    def _reading_time(self, passes: int, n_rows: int, at_a_time: int) -> float:
        """Return the seconds of readings in which products of so many rows are formed.

        With a limit of memory fewer threads read at the same time, the fewer the more
        rows there are of one product.
        """
        if not passes:
            return 0.0
        machine = self.machine
        readers = self._readers(images=at_a_time, patterns=at_a_time)
        values = float(prod(self.plan.shape))
        seconds = passes * values / machine.convert / readers
        if machine.counts <= FEW:
            seconds *= _FINDING
            values *= _SPARSE_PRODUCT * machine.counts
        # Data in memory are multiplied with by one block at a time, in many threads.
        n_threads = readers if self._lazy else machine.n_threads
        seconds += 2 * n_rows * values / machine.product / n_threads
        if self._lazy:
            seconds += passes * self._n_bytes / machine.read
        return seconds / self.workers
