"""Run the tasks of a reading under whichever Dask scheduler is active."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib.util import find_spec
from math import inf
from weakref import WeakSet

import dask
import numpy as np
from dask.base import get_scheduler
from dask.callbacks import Callback
from dask.system import CPU_COUNT
from dask.utils import parse_bytes
from tqdm.auto import tqdm

_LARGE_GRAPH = "distributed.admin.large-graph-warning-threshold"

#: What workers must have.
_PACKAGE = __name__.partition(".")[0]

#: Clusters whose workers were seen to have this package.
_checked = WeakSet()


def cluster_client():
    """Return the client of the `dask.distributed` cluster that is active, or None."""
    client = getattr(get_scheduler(), "__self__", None)
    return client if hasattr(client, "scheduler_info") else None


def worker_memory():
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


def run(reading, label, show_progressbar, at_once):
    """Run a reading.

    Parameters
    ----------
    reading : reading.Reading
    label : str
        What the progress bar says.
    show_progressbar : bool
        Whether to draw one.
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
    # Imported here: the solver's package needs this one.
    from hspy_cnmf.operators.threads import single_threaded_blas

    keys = [*reading.kept.flat, *reading.sums]
    progressbar = tqdm(
        total=reading.kept.size, desc=label, unit="chunk", disable=not show_progressbar
    )
    # Threads share the blocks already, and how BLAS shares its work decides on bits.
    # Workers of a cluster are set to one thread by Dask.
    with single_threaded_blas(), progressbar as bar:
        client = cluster_client()
        if client is None:
            results = _run_here(reading, keys, bar, at_once)
        else:
            results = _run_on_cluster(client, reading, keys, bar)
    kept = np.empty(reading.kept.shape, dtype=object)
    for index, key in np.ndenumerate(reading.kept):
        kept[index] = results[key]
    return kept, [results[key] for key in reading.sums]


def _run_here(reading, keys, bar, at_once):
    """Run a reading under a scheduler of this process, threads by default."""
    get = get_scheduler() or dask.threaded.get
    pool, arguments = nullcontext(), {}
    if get is dask.threaded.get:
        n_threads = min(_n_threads(), at_once)
        pool = ThreadPoolExecutor(n_threads, thread_name_prefix="hspy_cnmf_reading")
        arguments = {"pool": pool}
    with pool, _Progress(bar, set(reading.kept.flat)):
        return dict(zip(keys, get(reading.graph, keys, **arguments), strict=True))


def _n_threads():
    """Return how many threads Dask is set to have."""
    pool = dask.config.get("pool", None)
    n_threads = getattr(pool, "_max_workers", None) or getattr(pool, "_processes", None)
    return n_threads or dask.config.get("num_workers", None) or CPU_COUNT


class _Progress(Callback):
    """Tells a progress bar which blocks are done."""

    def __init__(self, bar, blocks):
        super().__init__()
        self._bar, self._blocks = bar, blocks

    def _posttask(self, key, result, dsk, state, worker_id):
        self._bar.update(key in self._blocks)


def _run_on_cluster(client, reading, keys, bar):
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
            bar.update(future.key in blocks)
    except BaseException:
        client.cancel(list(pending.values()), force=True)
        raise
    return results


def _check_workers(client):
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
