"""Rates of a machine, for the estimate of a run's time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import dask
import dask.array as da
import dask.system
import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.arguments import with_plain_arguments
from hspy_cnmf.constraints import GaussianSmoothing, RadialFloor
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.threads import single_threaded_blas
from hspy_cnmf.solver.half_steps import hals

if TYPE_CHECKING:
    from hspy_cnmf._hyperspy.types import BaseSignal

#: Positions and pixels of the block that is measured with: as large as a chunk, so that
#: what is read, converted and summed does not stay in the processor's cache.
_SHAPE = 256, 16384

#: Rows of a product, and calls of which the median is taken.
_ROWS, _CALLS = 64, 5

#: Sweeps of a half step.
_SWEEPS = 10


@dataclass(frozen=True)
class Machine:
    """The rates of one worker: those of one that was measured, rounded down.

    Of reading, and the number of threads, they are assumptions.

    Parameters
    ----------
    n_threads : int, default 8
        Threads that share the work.
    read : float, default 1e9
        Bytes read per second from where the data are, by all threads.
    convert : float, default 1e9
        Values of the data converted to floating point and masked per second and thread.
    inspect : float, default 3e8
        Values that are checked and summed in double precision, likewise, once a run.
    add : float, default 5e8
        Sums in double precision that are added to others, likewise.
    product : float, default 4e10
        Floating-point operations per second and thread of a product with the data.
    iterate : float, default 1e10
        Floating-point operations per second and thread of iterations on a sketch, in
        which constraints take their share of the time.
    counts : float, default 1
        Share of the values of the data that are not zero: products of few are formed
        with these alone.
    mean : float, default 1
        Mean of the values of the data: where counts are few, it is tried to sum pixels,
        which takes more readings.
    """

    n_threads: int = 8
    read: float = 1e9
    convert: float = 1e9
    inspect: float = 3e8
    add: float = 5e8
    product: float = 4e10
    iterate: float = 1e10
    counts: float = 1.0
    mean: float = 1.0


def iteration_flops(n: int, k: int, rank: int) -> float:
    """Return the operations of an iteration of k components on a sketch.

    The sum n of positions and pixels counts, as both half steps are alike.
    """
    return 4.0 * rank * k * n + 2.0 * k**2 * (_SWEEPS + 2) * n


@with_plain_arguments
def measure_machine(
    signal: BaseSignal | None = None, n_threads: int | None = None
) -> Machine:
    """Measure this machine's rates, in a few seconds.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal, optional
        Lazy signal, of which up to four chunks are read to find the rate of reading,
        how many values are zero, and their mean. A file that was read before may come
        out of memory, faster than from its disk. Default: none is measured, those of
        `Machine` are kept.
    n_threads : int, optional
        Default: as many as processors.

    Returns
    -------
    Machine

    Raises
    ------
    ValueError
        If the signal is not lazy, or there is no thread.
    """
    if n_threads is None:
        n_threads = dask.system.CPU_COUNT
    if isinstance(n_threads, bool) or not isinstance(n_threads, int) or n_threads < 1:
        raise ValueError(
            f"n_threads must be an integer of at least 1, got {n_threads!r}."
        )
    read, counts, mean = Machine.read, Machine.counts, Machine.mean
    if signal is not None:
        read, counts, mean = _rate_of_storage(signal)
    rng = np.random.default_rng(0)
    with single_threaded_blas():
        rates = _rates_of_reading(rng)
        iterate = _rate_of_iterations(rng)
    return Machine(n_threads, read, *rates, iterate, counts, mean)


def _seconds(function: Callable[[], object]) -> float:
    """Return a call's processor time, the median of a few after one to warm up.

    Others that work on the same processors do not count, but for the memory and the
    caches that they share: in the quickest of all calls least, in a run as in most.
    """
    function()
    times = []
    for _ in range(_CALLS):
        start = process_time()
        function()
        times.append(process_time() - start)
    return median(times)


def _rates_of_reading(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Return the rates of conversion, inspection, additions and products."""
    data = rng.poisson(3.0, _SHAPE).astype(np.uint16)
    operator = StreamedOperator(data, *(np.ones(n, dtype=bool) for n in _SHAPE))
    few, many = (rng.random((n, _SHAPE[1]), np.float32) for n in (1, 1 + _ROWS))
    operator.images(few)  # takes the norm, which is not taken again
    one = _seconds(lambda: operator.images(few))
    told, products = (
        max(_seconds(function) - one, 1e-9)
        for function in (lambda: operator.inspect(few), lambda: operator.images(many))
    )
    total = np.zeros(many.shape)
    adding = _seconds(lambda: np.add(total, many.copy(), out=total))  # as of a product
    return (
        data.size / one,
        data.size / told,
        many.size / adding,
        2 * data.size * _ROWS / products,
    )


def _rate_of_iterations(rng: np.random.Generator) -> float:
    """Return the rate of products, half steps and constraints at ten components."""
    k, rank, keep = 10, 64, np.ones((256, 256), dtype=bool)
    basis = rng.random((rank, keep.size), np.float32)
    images, mixture = (
        rng.random((k, keep.size), np.float32),
        rng.random((k, rank), np.float32),
    )
    gram = (images @ images.T).astype(np.float64)
    smooth, floor = GaussianSmoothing().prepare(keep), RadialFloor().prepare(keep)

    def iterate() -> None:
        """Take both half steps, with their constraints."""
        for project in (smooth, floor):
            basis @ images.T
            project(hals(mixture @ basis, gram, images))

    return iteration_flops(2 * keep.size, k, rank) / _seconds(iterate)


def _rate_of_storage(signal: BaseSignal) -> tuple[float, float, float]:
    """Return the bytes per second of the first chunks, each read once.

    With it go the share of values that are not zero, and the mean of all.
    """
    data = aligned_data(signal)
    if not isinstance(data, da.Array):
        raise ValueError(
            "The rate of reading is that of a lazy signal: load it lazily."
        )
    chunks = [data.blocks[index] for index in list(np.ndindex(data.numblocks))[:4]]
    start = perf_counter()
    arrays = dask.compute(*chunks)
    rate = sum(array.nbytes for array in arrays) / (perf_counter() - start)
    n_values = sum(array.size for array in arrays)
    n_counts = sum(map(np.count_nonzero, arrays))
    total = sum(float(array.sum(dtype=np.float64)) for array in arrays)
    return rate, float(n_counts / n_values), total / n_values
