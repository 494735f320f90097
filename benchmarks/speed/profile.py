"""Where the time of a run goes: its parts, watched on one processor.

What counts is the time that the processor worked for this process, so that others do
not disturb; waiting for a disk does not count. With one thread after the other at work,
times of parts add up to that of the run. A part does not include the parts within it,
unless it is one of `WHOLE`. To watch a call takes some microseconds, which matters only
where data are little.
"""

import os
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from functools import wraps
from time import process_time
from unittest.mock import patch

import dask
from threadpoolctl import threadpool_limits

from hspy_cnmf import solver
from hspy_cnmf.constraints import GaussianSmoothing, RadialFloor
from hspy_cnmf.decomposition import first_reading
from hspy_cnmf.operators import LowRankOperator, StreamedOperator, products
from hspy_cnmf.operators import range_finder as compression
from hspy_cnmf.solver import factorise, floor, half_steps

#: Functions by where they are called from, and the stage of a run that they are.
STAGES = (
    (first_reading, "sketch_data", "sketch"),
    (floor, "follow", "iterations"),
    (factorise, "end_on_data", "last iteration"),
)

#: The same for parts of a stage.
PARTS = (
    *(
        (StreamedOperator, name, "reading")
        for name in ("inspect_and_span", "images", "products", "compress")
    ),
    (products, "span_block", "products with the data"),
    (products, "block_span", "products with the data"),
    (products, "block_images", "products with the data"),
    (products, "block_products", "products with the data"),
    (products, "block_compressed", "products with the data"),
    (products.Inspection, "add_counts", "checks and sums of the data"),
    (compression, "orthonormal_rows", "QR decompositions"),
    (LowRankOperator, "patterns", "products with the sketch"),
    (LowRankOperator, "images", "products with the sketch"),
    (half_steps, "nonnegative_least_squares", "half steps"),
)

#: Functions of the solver that are parts, wherever in it they are called from.
SOLVER_PARTS = {
    "gram": "Gram matrices",
    "mean_squared_error": "error",
    "revised": "revision",
}

#: Constraints by the part that what they prepare is.
CONSTRAINTS = (
    (RadialFloor, "projection of factors"),
    (GaussianSmoothing, "projection of maps"),
)

#: The stage that is none of the others, and what is left of others beside their parts.
AROUND = "around them"
REST = {AROUND: "all", "iterations": "normalisation, changes"}

#: Parts that are counted as they are, with products and projections of their own.
WHOLE = ("revision", REST[AROUND])


class Stopwatch:
    """Seconds of the parts of each stage; calls come one after the other.

    Attributes
    ----------
    seconds : collections.Counter
        By stage and part.
    """

    def __init__(self):
        self.seconds = Counter()
        self._inside = []
        self._since = process_time()

    def stage(self, name):
        """Return a context whose time is counted as that of a stage."""
        return self._counted(name, REST.get(name, "the rest"))

    def part(self, name):
        """Return a context whose time is counted as that of a part of the stage."""
        stage, around = self._inside[-1]
        return self._counted(stage, around if around in WHOLE else name)

    @contextmanager
    def _counted(self, *names):
        self._lap()
        self._inside.append(names)
        try:
            yield
        finally:
            self._lap()
            self._inside.pop()

    def _lap(self):
        now = process_time()
        if self._inside:
            self.seconds[self._inside[-1]] += now - self._since
        self._since = now


def print_profile(run):
    """Call a function that decomposes a scan and print where its time went.

    Parameters
    ----------
    run : callable
        Without arguments.
    """
    stopwatch = Stopwatch()
    with _one_processor(), _watched(stopwatch), stopwatch.stage(AROUND):
        run()
    total = stopwatch.seconds.total()
    print("| stage | part | processor time | share |\n|---|---|---|---|")
    for (stage, part), seconds in stopwatch.seconds.items():
        share = f"{100 * seconds / total:.1f} %"
        print(f"| {stage} | {part} | {seconds:.3g} s | {share} |")
    print(f"| all | | {total:.3g} s | 100 % |", flush=True)


@contextmanager
def _one_processor():
    """Let one thread at a time do the work."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        with threadpool_limits(1), dask.config.set(num_workers=1):
            yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextmanager
def _watched(stopwatch):
    """Let a stopwatch see the calls of all stages and parts."""
    parts = (*PARTS, *_in_solver())
    with ExitStack() as stack:
        for count, functions in ((stopwatch.stage, STAGES), (stopwatch.part, parts)):
            for owner, name, label in functions:
                seen = _seen(getattr(owner, name), count, label)
                stack.enter_context(patch.object(owner, name, seen))
        solvers = {
            name: _seen(solve, stopwatch.part, "half steps")
            for name, solve in half_steps.SOLVERS.items()
        }
        stack.enter_context(patch.dict(half_steps.SOLVERS, solvers))
        for constraint, label in CONSTRAINTS:
            prepare = _prepared(constraint.prepare, stopwatch, label)
            stack.enter_context(patch.object(constraint, "prepare", prepare))
        slabs = _each_seen(products.read_slabs, stopwatch, "conversion of the data")
        stack.enter_context(patch.object(products, "read_slabs", slabs))
        yield


def _in_solver():
    """Yield the functions of the solver as `PARTS` has them."""
    modules = [
        module
        for name, module in sys.modules.items()
        if name.startswith(solver.__name__)
    ]
    for name, label in SOLVER_PARTS.items():
        for module in modules:
            if hasattr(module, name):
                yield module, name, label


def _seen(function, count, label):
    @wraps(function)
    def counted(*arguments, **named):
        with count(label):
            return function(*arguments, **named)

    return counted


def _prepared(prepare, stopwatch, label):
    @wraps(prepare)
    def counted(constraint, keep):
        return _seen(prepare(constraint, keep), stopwatch.part, label)

    return counted


def _each_seen(generate, stopwatch, label):
    """Count the time that a generator takes for each of its items."""

    @wraps(generate)
    def counted(*arguments):
        items, end = generate(*arguments), object()
        while True:
            with stopwatch.part(label):
                item = next(items, end)
            if item is end:
                return
            yield item

    return counted
