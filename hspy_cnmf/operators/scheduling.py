"""Run the tasks of a reading under whichever Dask scheduler is active."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from importlib.util import find_spec
from math import inf
from typing import Any
from weakref import WeakSet

import dask
import dask.multiprocessing
import numpy as np
from dask.base import get_scheduler
from dask.callbacks import Callback
from dask.system import CPU_COUNT
from dask.typing import Key
from dask.utils import parse_bytes

from hspy_cnmf.operators.memory import give_back
from hspy_cnmf.operators.reading import Reading
from hspy_cnmf.operators.threads import single_threaded_blas
from hspy_cnmf.progress import Advance

_LARGE_GRAPH = "distributed.admin.large-graph-warning-threshold"

#: What workers must have.
_PACKAGE = __name__.partition(".")[0]

#: Clusters whose workers were seen to have this package.
_checked: WeakSet = WeakSet()


@contextmanager
def scheduler(given: Any = None) -> Iterator[None]:
    """Make a scheduler the active one for a whole call, with its pool of processes.

    Parameters
    ----------
    given : str, callable, dask.distributed.Client or None
        As Dask takes it; None for the one that is active.

    Notes
    -----
    Dask's scheduler of processes would start them again for every reading. A pool that
    the user has set is used, and left as it is.
    """
    with dask.config.set(scheduler=given) if given else nullcontext():
        try:
            in_processes = get_scheduler() is dask.multiprocessing.get
        except ValueError as error:
            raise ValueError(
                f"scheduler={given!r} is none that Dask knows: give 'threads', "
                "'processes', 'synchronous', a function or a dask.distributed.Client."
            ) from error
        if not in_processes or dask.config.get("pool", None) is not None:
            yield
            return
        with _ended(_process_pool()) as pool, dask.config.set(pool=pool):
            yield


def _process_pool() -> ProcessPoolExecutor:
    initializer = partial(
        dask.multiprocessing.initialize_worker_process,
        user_initializer=dask.config.get("multiprocessing.initializer", None),
    )
    return ProcessPoolExecutor(
        dask.config.get("num_workers", None) or CPU_COUNT,
        mp_context=dask.multiprocessing.get_context(),
        initializer=initializer,
    )


@contextmanager
def _ended(pool: Executor) -> Iterator[Executor]:
    """End a pool with the block; what has not begun by then never does."""
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def cluster_client() -> Any:
    """Return the client of the `dask.distributed` cluster that is active, or None."""
    client = getattr(get_scheduler(), "__self__", None)
    return client if hasattr(client, "scheduler_info") else None


def worker_memory() -> float | None:
    """Return the bytes for a thread of the cluster's workers, of the least.

    Without a cluster, None; without a limit, infinity.
    """
    client = cluster_client()
    if client is None:
        return None
    workers = client.scheduler_info()["workers"].values()
    return min(
        (w["memory_limit"] // w["nthreads"] for w in workers if w["memory_limit"]),
        default=inf,
    )


def shares_memory() -> bool:
    """Return whether what deals with blocks can put results where this process is."""
    return cluster_client() is None and get_scheduler() in (
        None,
        dask.threaded.get,
        dask.local.get_sync,
    )


def run(reading: Reading, advance: Advance, at_once: int) -> tuple[np.ndarray, list]:
    """Run a reading.

    Parameters
    ----------
    reading : reading.Reading
    advance : callable
        Called when blocks are done.
    at_once : int
        How many blocks may be in this process's memory at a time. Workers of a cluster
        deal with as many as they have threads.

    Returns
    -------
    kept : numpy.ndarray of object
        What belongs to each block alone.
    sums : list
        The sum of each column of blocks.
    """
    keys = [*reading.kept.flat, *reading.sums]
    # Threads share the blocks already, and how BLAS shares its work decides on bits.
    # Workers of a cluster are set to one thread by Dask.
    with single_threaded_blas():
        client = cluster_client()
        if client is None:
            results = _run_here(reading, keys, advance, at_once)
            give_back()  # what threads had of blocks
        else:
            results = _run_on_cluster(client, reading, keys, advance)
    kept = np.empty(reading.kept.shape, dtype=object)
    for index, key in np.ndenumerate(reading.kept):
        kept[index] = results[key]
    return kept, [results[key] for key in reading.sums]


def _run_here(
    reading: Reading, keys: list[Key], advance: Advance, at_once: int
) -> dict[Key, Any]:
    """Run a reading under a scheduler of this process, threads by default."""
    get = get_scheduler() or dask.threaded.get
    with _Progress(advance, set(reading.kept.flat)):
        if get is not dask.threaded.get:
            return dict(zip(keys, get(reading.graph, keys), strict=True))
        with _ended(reading_threads(at_once)) as pool:
            results = get(reading.graph, keys, pool=pool)
            return dict(zip(keys, results, strict=True))


def reading_threads(at_once: int) -> ThreadPoolExecutor:
    """Return as many threads as Dask is set to have, if so many blocks fit."""
    n = min(n_threads(), at_once)
    return ThreadPoolExecutor(n, thread_name_prefix="hspy_cnmf_reading")


def n_threads() -> int:
    """Return how many threads Dask is set to have."""
    pool = dask.config.get("pool", None)
    n = getattr(pool, "_max_workers", None) or getattr(pool, "_processes", None)
    return n or dask.config.get("num_workers", None) or CPU_COUNT


def run_in_memory(
    tasks: Sequence[Callable[[], tuple[Any, Any]]], advance: Advance = lambda: None
) -> tuple[list, Any]:
    """Do what is to be done to blocks in memory, by threads where there are several.

    Parameters
    ----------
    tasks : sequence of callable
        Return what belongs to a block, and a term of the sum, or None.
    advance : callable, optional
        Called when blocks are done.

    Returns
    -------
    kept : list
    total : object
        The sum of the terms, in the order of the blocks.
    """
    kept, total = [], None
    with closing(_in_order(tasks)) as done:
        for own, term in done:
            advance()
            kept.append(own)
            total = term if total is None else total + term
    return kept, total


def _in_order(tasks: Sequence[Callable[[], Any]]) -> Generator[Any, None, None]:
    """Yield what tasks return, in their order; two for each thread are on the way."""
    if len(tasks) == 1:
        yield tasks[0]()
        return
    n = min(n_threads(), len(tasks))
    with single_threaded_blas(), _ended(reading_threads(n)) as pool:
        ahead = 2 * n
        futures = [pool.submit(task) for task in tasks[:ahead]]
        for task in [*tasks[ahead:], *[None] * len(futures)]:
            yield futures.pop(0).result()
            if task is not None:
                futures.append(pool.submit(task))


class _Progress(Callback):
    """Tells when blocks are done."""

    def __init__(self, advance: Advance, blocks: set[Key]) -> None:
        super().__init__()
        self._advance, self._blocks = advance, blocks

    def _posttask(
        self, key: Key, result: Any, dsk: Any, state: Any, worker_id: Any
    ) -> None:
        if key in self._blocks:
            self._advance()


class Tasks(Callback):
    """Tells which part of all tasks of a computation is done, in this process."""

    def __init__(self, advance: Advance) -> None:
        super().__init__()
        self._advance, self._n_tasks = advance, 1

    def _start_state(self, dsk: Any, state: Any) -> None:
        self._n_tasks = max(len(state["dependencies"]), 1)

    def _posttask(
        self, key: Key, result: Any, dsk: Any, state: Any, worker_id: Any
    ) -> None:
        self._advance(1 / self._n_tasks)


def _run_on_cluster(
    client: Any, reading: Reading, keys: list[Key], advance: Advance
) -> dict[Key, Any]:
    """Run a reading on a cluster; only what is asked for comes here."""
    from distributed import as_completed

    _check_workers(client)
    # Distributed warns of graphs that hold data: these matrices have to travel.
    limit = parse_bytes(dask.config.get(_LARGE_GRAPH)) + reading.nbytes
    with dask.config.set({_LARGE_GRAPH: limit}):
        futures = client.get(reading.graph, keys, sync=False)
    pending = {future.key: future for future in futures}
    del futures
    blocks, results = set(reading.kept.flat), {}
    try:
        for future, result in as_completed(list(pending.values()), with_results=True):
            del pending[future.key]
            results[future.key] = result
            if future.key in blocks:
                advance()
    except BaseException:
        client.cancel(list(pending.values()), force=True)
        raise
    return results


def _check_workers(client: Any) -> None:
    """Raise a RuntimeError if a worker does not have this package."""
    if client in _checked:
        return
    found = client.run(find_spec, _PACKAGE, on_error="return")
    without = sorted(worker for worker, spec in found.items() if spec is None)
    if without:
        raise RuntimeError(
            f"There is no {_PACKAGE} on these workers of the cluster: "
            f"{', '.join(without)}. Install it where they start, with the versions "
            "that are installed here."
        )
    if found:
        _checked.add(client)
