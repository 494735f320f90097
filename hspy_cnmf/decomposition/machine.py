"""What a machine does in a second, for the estimate of a run's time."""

from dataclasses import dataclass
from time import perf_counter

import dask
import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.constraints import GaussianSmoothing, RadialFloor
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.threads import single_threaded_blas
from hspy_cnmf.solver.half_steps import hals

#: Positions and pixels of the block that is measured with.
_SHAPE = 512, 4096


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
    convert : float, default 2e9
        Values of the data converted to floating point and masked per second and thread.
    inspect : float, default 4e8
        Values summed, squared and checked per second and thread.
    product : float, default 4e10
        Floating-point operations per second and thread of a product of matrices.
    orthonormalise : float, default 2e9
        The same of a QR decomposition in double precision, by all threads.
    half_step : float, default 2e10
        The same of the updates of factors and loadings, per thread.
    constrain : float, default 9e7
        Values of factors or loadings constrained per second and thread.
    """

    n_threads: int = 8
    read: float = 1e9
    convert: float = 2e9
    inspect: float = 4e8
    product: float = 4e10
    orthonormalise: float = 2e9
    half_step: float = 2e10
    constrain: float = 9e7


def measure_machine(signal=None, n_threads=None):
    """Measure this machine's rates, in a few seconds.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal, optional
        Lazy signal, of which up to four chunks are read to find the rate of reading.
        A file that was read before may come out of memory, faster than from its disk.
        Default: the rate of reading is not measured, that of `Machine` is kept.
    n_threads : int, optional
        Default: as many as processors.

    Returns
    -------
    Machine
    """
    rng = np.random.default_rng(0)
    n_threads = n_threads or dask.system.CPU_COUNT
    with single_threaded_blas():
        convert, inspect, product = _rates_of_reading(rng)
        tall = rng.standard_normal((65536, 64))
        qr = 4 * tall.size * 64 / _seconds(lambda: np.linalg.qr(tall))
        half_step = _rate_of_half_steps(rng)
    rates = {} if signal is None else {"read": _rate_of_storage(signal)}
    return Machine(
        n_threads=n_threads,
        convert=convert,
        inspect=inspect,
        product=product,
        orthonormalise=qr,
        half_step=half_step,
        constrain=_rate_of_constraints(rng),
        **rates,
    )


def _seconds(function):
    """Return how long a call takes, the shortest of a few after one to warm up."""
    function()
    times = []
    for _ in range(3):
        start = perf_counter()
        function()
        times.append(perf_counter() - start)
    return min(times)


def _rates_of_reading(rng):
    """Return the rates at which values are converted and inspected, and multiplied."""
    data = rng.poisson(3.0, _SHAPE).astype(np.uint16)
    operator = StreamedOperator(data, *(np.ones(n, dtype=bool) for n in _SHAPE))
    few, many = (rng.random((n, _SHAPE[1]), np.float32) for n in (1, 129))
    operator.images(few)  # takes the norm, which is not taken again
    one = _seconds(lambda: operator.images(few))
    products = max(_seconds(lambda: operator.images(many)) - one, 1e-9)
    inspection = _seconds(lambda: operator.inspect(few))
    flops = 2 * data.size * (len(many) - len(few))
    return data.size / one, data.size / inspection, flops / products


def _rate_of_half_steps(rng):
    """Return the rate of the solver at ten components."""
    fixed, products = rng.random((10, 500)), rng.random((10, 20000), np.float32)
    gram = fixed @ fixed.T
    seconds = _seconds(lambda: hals(products, gram, products))
    return 10 * 2 * 10 * products.size / seconds


def _rate_of_constraints(rng):
    """Return the values that the two constraints deal with, together, per second."""
    keep = np.ones((256, 256), dtype=bool)
    images = rng.random((10, keep.size), np.float32)
    smooth, floor = GaussianSmoothing().prepare(keep), RadialFloor().prepare(keep)
    return 2 * images.size / _seconds(lambda: floor(smooth(images)))


def _rate_of_storage(signal):
    """Return the bytes per second of the first chunks, each read once."""
    data = aligned_data(signal)
    if not dask.is_dask_collection(data):
        raise ValueError(
            "The rate of reading is that of a lazy signal: load it lazily."
        )
    chunks = [data.blocks[index] for index in list(np.ndindex(data.numblocks))[:4]]
    start = perf_counter()
    arrays = dask.compute(*chunks)
    return sum(array.nbytes for array in arrays) / (perf_counter() - start)
