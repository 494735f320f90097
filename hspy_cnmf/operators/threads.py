"""One thread inside BLAS, where threads outside it share the work already."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Lock

from threadpoolctl import threadpool_limits

_lock = Lock()
_n_users = 0
_limits = None

#: threadpoolctl lets only one thread at a time set limits, so one does it for all.
_controller = ThreadPoolExecutor(1, thread_name_prefix="hspy_cnmf_blas_limits")


def n_processors():
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def single_threaded_blas():
    """Limit BLAS to one thread while any caller, in any thread, is inside.

    The limit holds for the whole process, so the first to enter sets it and the last
    to leave lifts it: were each to restore what it found, factorisations that run at
    the same time would leave the limit of one another behind.
    """
    global _n_users, _limits
    with _lock:
        if _n_users == 0:
            _limits = _controller.submit(_enter_limits).result()
        _n_users += 1
    try:
        yield
    finally:
        with _lock:
            _n_users -= 1
            if _n_users == 0:
                _controller.submit(_limits.close).result()


def _enter_limits():
    """Limit BLAS; to leave the context also lets other threads set limits again."""
    limits = ExitStack()
    limits.enter_context(threadpool_limits(limits=1, user_api="blas"))
    return limits
