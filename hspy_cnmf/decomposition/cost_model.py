"""Model of a decomposition's cost: readings, memory and time by part."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from hspy_cnmf.decomposition.machine import Machine, iteration_flops
from hspy_cnmf.decomposition.plan import Plan
from hspy_cnmf.decomposition.reading_cost import DOUBLE, Part, Readings
from hspy_cnmf.operators.in_file import bytes_in_memory
from hspy_cnmf.operators.range_finder import (
    automatic_rank,
    fitted_rows,
    refinements,
    sketch_readings,
)
from hspy_cnmf.patterns.few_counts import advised_binning
from hspy_cnmf.solver.coarse import cell_sizes, smoothing_of_pairs
from hspy_cnmf.solver.last_iteration import readings_of_end
from hspy_cnmf.solver.stages import LEADING, most_iterations
from hspy_cnmf.solver.summed_pixels import sides_of_cells

#: Matrices in double precision that are alive while rows are made orthonormal: what is
#: given, and principal rows of it or, half as large, the result.
_OF_SPAN = 2

#: Operations that take as long as a pixel's share of the search for bad pixels, the
#: centre and the movement of patterns.
_SEARCH = 5e5

#: Sweeps of the last iteration's loadings.
_LAST_SWEEPS = 200


@dataclass(frozen=True, eq=False)
class Model:
    """Costs of the parts of a run.

    Parameters
    ----------
    readings : Readings
        Costs of one reading of the data that a plan decomposes.

    Notes
    -----
    N positions and M pixels take part, k components, S starts of at most T iterations,
    a sketch of rank r; f bytes hold a value (4 for data of up to 16 bits, else 8).
    Readings and operations:

    - sketch: 2 + q, twice as many where chunks divide patterns; q up to 2;
      (7 + 4 q) r N M for the products, 8 (1 + q) r² M for QR decompositions; N M values
      are inspected, and sums of M pixels searched for bad ones;
    - pixels of less than 0.15 counts, in c ways p or more summed: 1 + q, with q twice
      as large where chunks divide patterns; c (2 + 4 q) r N M / p, and c 8 (1 + q) r² M
      over p;
    - iterations on it: 0; s t (4 r k + 24 k²) (n + M) for each stage of s starts on n
      cells with t iterations;
    - iterations on the data: 1 + 2 T; S T (4 k N M + 24 k² (N + M));
    - last iteration: 1, spared where noise allows, or 2 of few counts; 4 k N M, of few
      counts 6 k N M, and 2 k² (200 N + 10 M);
    - each mask that is reprojected: 2; 2 k N M.

    The memory is the largest of what these keep:

    - sketch: 2 r M f while it is read first, then r N f + 3 r M f; r M (16 + f) while
      rows are made orthonormal; where chunks divide patterns, 2 r N f while patterns
      are summed;
    - summed pixels: the sketch, and of each way r (N + M / p) f, or r M (16 + f) / p
      while rows are made orthonormal; afterwards r (N + M) f of the one that is chosen;
    - iterations: r (N + M) f and r n f for the sketch and that on cells,
      S k (2 n + M) f for what starts begin and end with, and for each that is worked
      on at a time 2 k (n + M) f and k max(n, M) (8 + 2 f);
    - last iteration: the sketch, S k (n + M) f, and k (N + M) f while data are read,
      or 4 k (N + M) f while loadings are solved for;

    without r N f where that is more than a quarter of `max_memory`, as it is in a file
    then, and what `Readings` need while data are read. Workers divide the time of
    these; all else is done by the process that calls.
    """

    readings: Readings

    @property
    def plan(self) -> Plan:
        """What is to be run."""
        return self.readings.plan

    @property
    def machine(self) -> Machine:
        """Rates of what runs it."""
        return self.readings.machine

    def parts(self, has_sketch: bool) -> tuple[Part, ...]:
        """Return the parts of the run, with a kept sketch or without."""
        plan, first = self.plan, []
        if plan.negative.negative == "shift":
            memory = self.readings.memory(inspect=True)
            first = [self._part("lowest value", 1, memory, inspects=True)]
        if plan.rank is None:
            first += [self.inspection()]
            if plan.estimator.prune:
                first += [
                    self.sketch(min(automatic_rank(plan.n_components), *plan.shape))
                ]
        elif not has_sketch:
            first += [self.sketch(plan.rank)]
        first += self.summed_pixels()
        return (*first, self.iterations(), self.last_iteration(), *self.reprojection())

    def inspection(self) -> Part:
        """Return the reading that checks data of which no sketch is made."""
        memory = self.readings.memory(inspect=True)
        return self._part("inspection", 1, memory, inspects=True)

    def sketch(self, rank: int) -> Part:
        """Return the readings, twice as many if chunks divide patterns, and the QRs."""
        n, m, f = self.readings.sizes()
        n_pixel_blocks = prod(map(len, self.readings.signal_chunks))
        image_bytes = bytes_in_memory(rank * n * f, self.plan.max_memory)
        drawn = 2 * rank * m * f  # random patterns, and a copy without suspects
        refining = refinements((n, m))
        divides = n_pixel_blocks > 1
        passes = sketch_readings((n, m)) * (2 if divides else 1)
        memory = max(
            drawn + self.readings.memory(patterns=rank, images=rank, inspect=True),
            rank * m * DOUBLE * _OF_SPAN + rank * m * f,
            3 * rank * m * f
            + image_bytes
            + self.readings.memory(images=rank, patterns=fitted_rows(rank)),
        )
        if divides:
            memory = max(
                memory,
                drawn + image_bytes + self.readings.memory(images=rank, inspect=True),
                2 * rank * n * f + self.readings.memory(patterns=rank),
            )
        seconds = 8 * (1 + refining) * m * rank**2 + _SEARCH * m
        seconds /= self.machine.iterate
        memory += DOUBLE * (n + m)
        return self._part(
            "sketch",
            passes,
            memory,
            seconds,
            images=(2 + refining) * rank,
            sums=(1 + refining) * rank + fitted_rows(rank),
            at_a_time=rank,
            inspects=True,
        )

    def summed_pixels(self) -> list[Part]:
        """Return the readings in which sums of pixels are tried, of few counts."""
        sides = self._sides_of_cells()
        if not sides or self.plan.rank is None:
            return []
        n, m, f = self.readings.sizes()
        ways, pixels = len(sides), sides[0] ** 2
        rank, refining = ways * self.plan.rank, refinements((n, m))
        of_span = 2 if prod(map(len, self.readings.signal_chunks)) > 1 else 1
        memory = rank * n * f + self.readings.memory(images=rank, in_cell=pixels)
        memory = max(memory, self.plan.rank * (n + m) * f + rank * n * f)
        if refining:
            of_images = (of_span - 1) * rank * n * f
            sums = self.readings.memory(images=rank, patterns=rank, in_cell=pixels)
            of_rows = rank * m // pixels * DOUBLE * _OF_SPAN
            memory = max(memory, of_images + sums, of_rows)
        memory += rank * m // pixels * f + self._held(summed=False)
        seconds = 8 * (1 + refining) * m // pixels * ways * self.plan.rank**2
        return [
            self._part(
                "summed pixels",
                1 + refining * of_span,
                memory,
                seconds / self.machine.iterate,
                images=(1 + refining) * rank,
                sums=refining * rank,
                at_a_time=rank,
                in_cell=pixels,
            )
        ]

    def _sides_of_cells(self) -> list[int]:
        """Return the cells over which pixels are summed to see if that tells more."""
        plan = self.plan
        if plan.rank is None or not plan.may_sum_pixels(self.readings.data.dtype):
            return []
        shape = plan.keep_pixels.shape
        return sides_of_cells(advised_binning(self.machine.mean, shape))

    def stages(self) -> list[tuple[int, int, int]]:
        """Return starts, positions or cells, and iterations of each stage of a run."""
        (n, *_), (_, s, left) = self.readings.sizes(), self._run()
        plan, sizes = self.plan, []
        if plan.rank is not None:
            pairs = smoothing_of_pairs(plan.estimator, plan.keep_pixels)
            sizes = cell_sizes(plan.keep_positions, pairs)
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
        _, m, f = self.readings.sizes()
        k, *_ = self._run()
        stages = self.stages()
        first, n_first, _ = stages[0]
        sides = self._sides_of_cells()
        n_cells = m // sides[0] ** 2 if sides else m
        seconds = memory = 0.0
        for n_starts, n, steps in stages:
            at_once = min(n_starts, self.machine.n_threads)
            flops = n_starts * steps * iteration_flops(n + n_cells, k, self.plan.rank)
            seconds += flops / self.machine.iterate / at_once
            # What all begin with and end with, and what those under way need.
            states = first * (2 * n_first + m) + (n != n_first) * n_starts * (2 * n + m)
            advancing = 2 * (n + m) * f + max(n, m) * (DOUBLE + 2 * f)
            held = (n != self.plan.shape[0]) * self.plan.rank * n * f
            memory = max(memory, k * (states * f + at_once * advancing) + held)
        return self._part("iterations", 0, memory + self._held(), seconds)

    def _iterations_on_data(self) -> Part:
        n, m, f = self.readings.sizes()
        k, s, max_iter = self._run()
        at_once = min(s, self.machine.n_threads)
        steps = s * max_iter * iteration_flops(n + m, k, 0)
        seconds = steps / self.machine.iterate / at_once
        states = float(s * k * (2 * n + m) * f)  # what all begin with and end with
        states += at_once * k * max(n, m) * (DOUBLE + 2 * f)
        memory = states + s * 2 * k * (n + m) * f + 2 * s * k * n * f + self._held()
        memory += self.readings.products_memory(s * k)
        products = {"images": max_iter * s * k, "sums": max_iter * s * k}
        products["at_a_time"] = s * k
        return self._part("iterations", 2 * max_iter, memory, seconds, **products)

    def last_iteration(self) -> Part:
        """Return the iteration that ends a run, on the data or the sketch."""
        n, m, f = self.readings.sizes()
        k, *_ = self._run()
        seconds = 2.0 * k**2 * (_LAST_SWEEPS * n + 10 * m) / self.machine.iterate
        first, n_first, _ = self.stages()[0]
        memory = 1.0 * first * k * (n_first + m) * f + (n_first != n) * k * n * f
        memory += self._held()
        settling = 4 * k * (n + m) * f  # maps to start from, images, maps, smoothed
        if self.plan.last_iteration == "sketch" and self.plan.rank is not None:
            return self._part("last iteration", 0, memory + settling, seconds)
        reading = k * (n + m) * f + self.readings.memory(patterns=k, images=k)
        # How much noise there is only the data tell. Of few counts so much that maps
        # change again with the patterns of the first reading.
        again = bool(self._sides_of_cells())
        passes = max(1 + again, readings_of_end(self.plan.rank, n))
        memory += max(settling, reading)
        products = {"images": (1 + again) * k, "sums": k, "at_a_time": k}
        return self._part("last iteration", passes, memory, seconds, **products)

    def reprojection(self) -> list[Part]:
        """Return what it costs to fill in what masks left out; two readings each."""
        parts = self.plan.parts_to_fill()
        n_bytes = [n for keeps in parts if (n := self.readings.bytes_of(*keeps))]
        if not n_bytes:
            return []
        k, n_masks = self.plan.n_components, len(n_bytes)
        _, m, f = self.readings.sizes()
        memory = 1.0 * self._held() + k * m * f
        memory += max(
            self.readings.memory(inspect=True), self.readings.memory(patterns=k)
        )
        seconds = self.readings.seconds(2 * n_masks, sums=n_masks * k, at_a_time=k)
        return [
            Part("reprojection", 2 * n_masks, 2 * sum(n_bytes), float(memory), seconds)
        ]

    def _run(self) -> tuple[int, int, int]:
        estimator = self.plan.estimator
        return estimator.n_components, estimator.n_init, estimator.max_iter

    def _part(
        self,
        name: str,
        passes: int,
        memory: float,
        seconds: float = 0.0,
        **of_readings: Any,
    ) -> Part:
        """Return a part with its readings; see `Readings.seconds`."""
        seconds += self.readings.seconds(passes, **of_readings)
        n_bytes = passes * self.readings.n_bytes if passes else 0
        return Part(name, passes, n_bytes, float(memory), seconds)

    def _held(self, summed: bool = True) -> int:
        """Return what is kept all the time: sketch, inspection, data without negatives.

        These are a copy where the data are in memory. Of summed pixels there is another
        sketch, once they are.
        """
        n, m, f = self.readings.sizes()
        data, kept = self.readings.data, self.plan.negative.negative == "refuse"
        is_copied = not (self.readings.is_lazy or kept)
        copy = is_copied * prod(data.shape) * data.dtype.itemsize
        rank = (self.plan.rank or 0) * (1 + (summed and bool(self._sides_of_cells())))
        images = bytes_in_memory(rank * n * f, self.plan.max_memory)
        return images + rank * m * f + (n + m) * 2 * DOUBLE + copy
