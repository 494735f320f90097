"""One thread inside BLAS, where threads outside it share the work already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Lock

from threadpoolctl import threadpool_limits


class _Limit:
    """The limit that all callers share, and the thread that has set it.

    threadpoolctl lets only the thread lift a limit that has set it, and users enter
    and leave in threads of their own: so one thread does both, and ends with the limit.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.n_users = 0
        self._limits = ExitStack()

    def set(self) -> None:
        """Limit BLAS, in a thread that waits to lift the limit."""
        self._thread = ThreadPoolExecutor(1, "hspy_cnmf_blas_limits")
        self._thread.submit(self._enter).result()

    def lift(self) -> None:
        """Lift the limit, and end its thread."""
        try:
            self._thread.submit(self._limits.close).result()
        finally:
            self._thread.shutdown()

    def _enter(self) -> None:
        self._limits.enter_context(threadpool_limits(limits=1, user_api="blas"))


_limit = _Limit()


def _forget() -> None:
    """Begin anew in a forked process, to which no thread of its parent has come."""
    global _limit
    _limit = _Limit()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget)


def n_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Limit BLAS to one thread while any caller, in any thread, is inside.

    The limit holds for the whole process, so the first to enter sets it and the last
    to leave lifts it: were each to restore what it found, factorisations that run at
    the same time would leave the limit of one another behind.
    """
    limit = _limit
    with limit.lock:
        if limit.n_users == 0:
            limit.set()
        limit.n_users += 1
    try:
        yield
    finally:
        with limit.lock:
            limit.n_users -= 1
            if limit.n_users == 0:
                limit.lift()
