"""Cost of a decomposition, told before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dask.utils import format_bytes

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.arguments import with_shared_parameters
from hspy_cnmf.decomposition.cost_model import Model
from hspy_cnmf.decomposition.kept_sketch import check_compression
from hspy_cnmf.decomposition.machine import Machine
from hspy_cnmf.decomposition.options import select
from hspy_cnmf.decomposition.plan import make_plan
from hspy_cnmf.decomposition.reading_cost import Part, Readings

if TYPE_CHECKING:
    from hspy_cnmf._hyperspy.types import BaseSignal


@dataclass(frozen=True)
class Cost:
    """What a decomposition costs at most: starts that converge early cost less.

    Parameters
    ----------
    parts : tuple of Part
        In the order in which they run.
    n_positions, n_pixels : int
        What takes part.
    rank : int or None
        Rank of the sketch.
    workers : int
        Number of workers that share the readings.
    """

    parts: tuple[Part, ...]
    n_positions: int
    n_pixels: int
    rank: int | None
    workers: int

    @property
    def passes(self) -> int:
        """How often the data are read."""
        return sum(part.passes for part in self.parts)

    @property
    def bytes_read(self) -> int:
        """Bytes read: all of the chunks of which masks leave anything."""
        return sum(part.bytes_read for part in self.parts)

    @property
    def peak_memory(self) -> float:
        """Bytes beside those of the program, and of data that are in memory."""
        return max(part.memory for part in self.parts)

    @property
    def seconds(self) -> float:
        """Estimated time; take it for the order of magnitude."""
        return sum(part.seconds for part in self.parts)

    def __str__(self) -> str:
        total = Part(
            "together", self.passes, self.bytes_read, self.peak_memory, self.seconds
        )
        lines = [
            f"{part.name:14}  {part.passes:8}  {format_bytes(part.bytes_read):>10}  "
            f"{format_bytes(int(part.memory)):>10}  {in_time(part.seconds):>8}"
            for part in (*self.parts, total)
        ]
        head = f"{'':14}  {'readings':>8}  {'read':>10}  {'memory':>10}  {'time':>8}"
        rank = "no sketch" if self.rank is None else f"sketch of rank {self.rank}"
        title = (
            f"{self.n_positions} positions x {self.n_pixels} pixels, {rank}, "
            f"{self.workers} worker{'s' if self.workers > 1 else ''}; at most:"
        )
        return "\n".join([title, head, *lines])


def in_time(seconds: float) -> str:
    """Return a time in words."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7200:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h"


@with_shared_parameters(
    select(
        "n_init",
        "max_iter",
        "prune",
        "compression",
        "last_iteration",
        "navigation_mask",
        "signal_mask",
        "negative",
        "reproject",
        "max_memory",
        "solver",
    )
)
def estimate_cost(
    signal: BaseSignal,
    output_dimension: int,
    *,
    sketch: bool = False,
    workers: int = 1,
    machine: Machine | None = None,
    **shared: Any,
) -> Cost:
    """Estimate what ``s.decomposition`` will cost, without reading any data.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Its shape, type and chunks are looked at.
    output_dimension : int
        Number of components.
    **shared
        See `hspy_cnmf.decomposition.options`.
    sketch : bool, default False
        Whether there is a kept sketch to be used.
    workers : int, default 1
        Number of Dask workers that share the readings, each a `machine` of its own.
        All else is done by the process that calls, and so is its memory counted.
    machine : Machine, optional
        Rates; `hspy_cnmf.measure_machine` finds those of this one.

    Returns
    -------
    Cost
        ``print`` it. Readings are those of a run in which no start converges early
        and no component is left out, memory and time an estimate, which
        ``docs/scale.md`` compares with measurements.

    Raises
    ------
    ValueError, TypeError
        If the decomposition would refuse the arguments, there is no worker, or
        `max_memory` has no room for a chunk.

    Notes
    -----
    `max_memory` bounds what readings take, not what is kept between them. Left out,
    there is room for as many chunks as there are threads.

    What only the data tell is not counted: a reading for bad pixels that no sample
    shows, and where ``normalize_poissonian_noise="auto"`` finds that other weights than
    equal ones tell more, the sketch is made once more of the same span, with one
    reading and those that refine it.

    Examples
    --------
    >>> import dask.array as da, hyperspy.api as hs, hspy_cnmf
    >>> data = da.zeros((1024, 1024, 256, 256), dtype="uint16", chunks=(32, 32, -1, -1))
    >>> s = hs.signals.Signal2D(data).as_lazy()
    >>> hspy_cnmf.estimate_cost(s, 20).passes
    3
    """
    _check(sketch, workers, machine)
    if sketch:
        check_compression(shared["compression"])
    # The constraints take no part in the estimate: those of the user may not be known.
    constraints = {"factor_constraint": None, "loading_constraint": None}
    plan = make_plan(
        signal, output_dimension, needs_sketch=sketch, **shared, **constraints
    )
    readings = Readings(plan, aligned_data(signal), workers, machine or Machine())
    return Cost(Model(readings).parts(sketch), *plan.shape, plan.rank, workers)


def _check(sketch: bool, workers: int, machine: Machine | None) -> None:
    if not isinstance(sketch, bool):
        raise TypeError(
            f"sketch must be True or False, got {sketch!r}: whether there is one kept."
        )
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ValueError(f"workers must be an integer of at least 1, got {workers!r}.")
    if machine is not None and not isinstance(machine, Machine):
        raise TypeError(f"machine must be a hspy_cnmf.Machine, got {machine!r}.")
