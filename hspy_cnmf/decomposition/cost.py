"""What a decomposition will cost, told before anything is read."""

from dataclasses import dataclass, replace

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.checks import check_signal
from hspy_cnmf._hyperspy.masks import kept_pixels, kept_positions
from hspy_cnmf.decomposition.cost_layout import Layout
from hspy_cnmf.decomposition.cost_model import Model, Part
from hspy_cnmf.decomposition.machine import Machine
from hspy_cnmf.decomposition.sketching import check_choices, check_compression
from hspy_cnmf.operators.memory import memory_limit
from hspy_cnmf.operators.range_finder import automatic_rank, rank_of
from hspy_cnmf.solver import ConstrainedNMF
from hspy_cnmf.solver.parameters import check_parameters

_UNITS = "B", "KiB", "MiB", "GiB", "TiB", "PiB"


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

    parts: tuple
    n_positions: int
    n_pixels: int
    rank: int | None
    workers: int

    @property
    def passes(self):
        """How often the data are read."""
        return sum(part.passes for part in self.parts)

    @property
    def bytes_read(self):
        """Bytes read: all of the chunks of which masks leave anything."""
        return sum(part.bytes_read for part in self.parts)

    @property
    def flops(self):
        """Floating-point operations by part."""
        return {part.name: part.flops for part in self.parts}

    @property
    def peak_memory(self):
        """Bytes beside those of the program, and of data that are in memory."""
        return max(part.memory for part in self.parts)

    @property
    def seconds(self):
        """Estimated time."""
        return sum(part.seconds for part in self.parts)

    def __str__(self):
        total = Part(
            "together",
            self.passes,
            self.bytes_read,
            sum(self.flops.values()),
            self.peak_memory,
            self.seconds,
        )
        head = ("", "readings", "read", "operations", "memory", "time")
        rows = [head, *map(_row, (*self.parts, total))]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                text.rjust(width) if i else text.ljust(width)
                for i, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        rank = "no sketch" if self.rank is None else f"sketch of rank {self.rank}"
        title = (
            f"{self.n_positions} positions x {self.n_pixels} pixels, {rank}, "
            f"{self.workers} worker{'s' if self.workers > 1 else ''}; at most:"
        )
        return "\n".join([title, *lines])


def _row(part):
    return (
        part.name,
        str(part.passes),
        in_bytes(part.bytes_read),
        f"{part.flops:.2g} flop",
        in_bytes(part.memory),
        in_time(part.seconds),
    )


def in_bytes(n):
    """Return a number of bytes in words."""
    power = min(int(max(n, 1)).bit_length() // 10, len(_UNITS) - 1)
    return f"{n / 1024**power:.3g} {_UNITS[power]}"


def in_time(seconds):
    """Return a time in words."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7200:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h"


def estimate_cost(
    signal,
    output_dimension,
    *,
    n_init=10,
    max_iter=500,
    solver="hals",
    prune=True,
    compression="auto",
    sketch=False,
    last_iteration="data",
    navigation_mask=None,
    signal_mask=None,
    reproject=None,
    workers=1,
    machine=None,
    max_memory=None,
):
    """Estimate what ``s.decomposition`` will cost, without reading any data.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Its shape, type and chunks are looked at.
    output_dimension : int
        Number of components.
    n_init, max_iter, solver, prune, compression, last_iteration
        See `hspy_cnmf.decompose`.
    sketch : bool, default False
        Whether there is a kept sketch to be used.
    navigation_mask, signal_mask, reproject
        See `hspy_cnmf.decompose`.
    workers : int, default 1
        Number of Dask workers that share the readings, each a `machine` of its own.
        All else is done by the process that calls, and so is its memory counted.
    machine : Machine, optional
        Rates; `hspy_cnmf.measure_machine` finds those of this one.
    max_memory : int or str, optional
        What the decomposition will be given, in bytes or as "2 GB": as many chunks of
        a lazy signal are read at a time as fit. It bounds what readings take, not what
        is kept between them. Default: room for as many as there are threads. With
        more than one worker, the workers' own limits hold instead.

    Returns
    -------
    Cost
        ``print`` it. Readings are those of a run in which no start converges early
        and no component is left out, memory and time an estimate: ``docs/cost.md``
        states the model and compares it with measurements.

    Raises
    ------
    ValueError, TypeError
        If the decomposition would refuse the arguments, there is no worker, or
        `max_memory` has no room for a chunk.

    Examples
    --------
    >>> import dask.array as da, hyperspy.api as hs, hspy_cnmf
    >>> data = da.zeros((1024, 1024, 256, 256), dtype="uint16", chunks=(32, 32, -1, -1))
    >>> s = hs.signals.Signal2D(data).as_lazy()
    >>> hspy_cnmf.estimate_cost(s, 20).passes
    5
    """
    check_signal(signal)
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ValueError(f"workers must be an integer of at least 1, got {workers!r}.")
    limit = None if max_memory is None else memory_limit(max_memory)
    estimator = ConstrainedNMF(
        output_dimension,
        solver=solver,
        n_init=n_init,
        max_iter=max_iter,
        prune=prune,
        compression=compression,
    )
    keeps = kept_positions(signal, navigation_mask), kept_pixels(signal, signal_mask)
    check_parameters(estimator, *keeps)
    check_choices(reproject, last_iteration)
    if sketch:
        check_compression(compression)
    data = aligned_data(signal)
    layout = Layout.of(data, *keeps)
    shape = layout.n_positions, layout.n_pixels
    rank = rank_of(compression, output_dimension, shape)
    own_rank = min(automatic_rank(output_dimension), *shape)
    if sketch and rank is None:
        rank = own_rank
    model = Model(
        layout, output_dimension, n_init, max_iter, solver, rank, workers,
        machine or Machine(), limit if workers == 1 else None,
    )  # fmt: skip
    parts = [model.iterations(), model.last_iteration(last_iteration)]
    if rank is None:
        needed = [replace(model, rank=own_rank).sketch()] if prune else []
        parts = [model.inspection(), *needed, *parts]
    elif not sketch:
        parts.insert(0, model.sketch())
    masked = {"navigation": (~keeps[0], keeps[1]), "signal": (keeps[0], ~keeps[1])}
    sides = masked if reproject == "both" else masked.keys() & {reproject}
    filled = (Layout.of(data, *masked[side]) for side in sides)
    if n_bytes := [layout.n_bytes for layout in filled if layout.n_bytes]:
        parts.append(model.reprojection(n_bytes))
    return Cost(tuple(parts), *shape, rank, workers)
