"""The model behind `hspy_cnmf.estimate_cost`: operations, memory and time by part."""

from dataclasses import dataclass
from math import log2

from hspy_cnmf.decomposition.cost_layout import Layout
from hspy_cnmf.decomposition.machine import Machine

#: Sweeps of a half step, by solver (ALS costs about what two do), and of the last
#: iteration's loadings.
_SWEEPS = {"hals": 10, "als": 2}
_LAST_SWEEPS = 200

_DOUBLE = 8


#: Matrices in double precision that are alive in a QR decomposition: argument, copy,
#: what LAPACK works on and writes to, result.
_QR_COPIES = 5


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
    limit : int or None
        Bytes that blocks may take while they are read in this process.
    """

    layout: Layout
    k: int
    n_starts: int
    max_iter: int
    solver: str
    rank: int | None
    workers: int
    machine: Machine
    limit: int | None = None

    def inspection(self):
        """Return the reading that checks data of which no sketch is made."""
        return self._part(
            "inspection",
            1,
            0.0,
            self._reading_memory(inspect=True),
            self._reading_time(inspect=True),
        )

    def sketch(self):
        """Return the three readings and the two QR decompositions."""
        n, m, f = self._sizes()
        r = self.rank
        orthonormalise = 4.0 * (n + m) * r**2
        image_bytes = r * n * f * (1 + self.layout.n_pixel_blocks)
        # What blocks took is not always given back at once: it counts all the time.
        blocks = self._reading_memory(images=r)
        first = r * m * (_DOUBLE + 2 * f) + image_bytes
        first += self._reading_memory(images=r, inspect=True)
        positions = r * n * (f + _DOUBLE * _QR_COPIES) + blocks
        after = r * n * (f + _DOUBLE)
        second = after + 2 * r * n * f + self._reading_memory(patterns=r)
        pixels = after + r * m * _DOUBLE * _QR_COPIES + blocks
        third = after + 3 * r * m * f + image_bytes + blocks
        seconds = self._reading_time(images=r, inspect=True)
        seconds += self._reading_time(patterns=r) + self._reading_time(images=r)
        return self._part(
            "sketch",
            3,
            3 * self._product(r) + orthonormalise,
            max(first, positions, second, pixels, third) + _DOUBLE * (n + m),
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
        states = s * k * (2 * n + m) * f  # what all begin with and end with
        states += at_once * k * max(n, m) * (_DOUBLE + 2 * f)
        advancing = 2 * k * (n + m) * f
        if self.rank is not None:
            states += at_once * advancing
            products = steps * 4.0 * self.rank * k * (n + m)
            seconds = (small + products / self.machine.product) / at_once
            memory = states + self._held()
            return self._part("iterations", 0, half_steps + products, memory, seconds)
        products = 2 * self.max_iter * self._product(s * k)
        readings_memory, readings_time = self._two_readings(s * k)
        seconds = self.max_iter * readings_time + small / at_once
        states += s * advancing + 2 * s * k * n * f
        memory = states + readings_memory + self._held()
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
        readings_memory, readings_time = self._two_readings(self.k)
        return self._part(
            "last iteration",
            2,
            2 * self._product(self.k) + half_steps,
            memory + readings_memory,
            seconds + readings_time,
        )

    def reprojection(self, n_bytes):
        """Return what it costs to fill in what masks left out; two readings each.

        What is to be read for each of the masks is given.
        """
        _, m, f = self._sizes()
        inspecting = self._reading_memory(inspect=True)
        readings_memory = max(inspecting, self._reading_memory(patterns=self.k))
        seconds = self._reading_time(patterns=self.k)
        seconds += self._reading_time(inspect=True)
        n_masks = len(n_bytes)
        return Part(
            "reprojection",
            2 * n_masks,
            2 * sum(n_bytes),
            n_masks * self._product(self.k),
            float(self._held() + self.k * m * f + readings_memory),
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

    def _two_readings(self, n_rows):
        """Return memory and seconds of a reading for patterns and one for images."""
        products = {"patterns": n_rows}, {"images": n_rows}
        memory = max(self._reading_memory(**product) for product in products)
        return memory, sum(self._reading_time(**product) for product in products)

    def _readers(self, images, patterns):
        """Return how many blocks are read at the same time in this process."""
        if not self.layout.lazy:
            return 1
        if self.limit is None:
            return self.machine.n_threads
        fit = self.layout.blocks_at_once(self.limit, images, patterns)
        return min(self.machine.n_threads, fit)

    def _reading_memory(self, *, images=0, patterns=0, inspect=False):
        """Return the room for blocks, slabs of them, and sums in double precision.

        Asked for are the number of images and of patterns that a reading forms, and
        whether it checks the data.
        """
        layout = self.layout
        readers = self._readers(images, patterns)
        # Terms of a sum over blocks that are alive in this process.
        alive = readers + log2(max(layout.n_blocks, 1)) + 1
        part = min(layout.block_pixels, layout.n_pixels)
        values = patterns * (part * alive + layout.n_pixels)
        values += inspect * (layout.n_positions + layout.n_pixels) * alive
        return readers * layout.block_room + _DOUBLE * values

    def _held(self):
        """Return what is kept all the time: sketch and inspection."""
        n, m, f = self._sizes()
        return (n + m) * ((self.rank or 0) * f + 2 * _DOUBLE)

    def _reading_time(self, *, images=0, patterns=0, inspect=False):
        """Return the seconds of a reading; see `_reading_memory`."""
        machine, layout = self.machine, self.layout
        readers = self._readers(images, patterns)
        rate = machine.inspect if inspect else machine.convert
        seconds = layout.n_positions * layout.n_pixels / rate / readers
        # Data in memory are multiplied with by one block at a time, in many threads.
        n_threads = readers if layout.lazy else machine.n_threads
        seconds += self._product(images + patterns) / machine.product / n_threads
        if layout.lazy:
            seconds += layout.n_bytes / machine.read
        return seconds / self.workers
