"""The one loop: random starts go on until each has converged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue
from threading import Event
from typing import Any

import numpy as np

from hspy_cnmf.device.arrays import give_back, to_gpu
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.threads import n_processors, single_threaded_blas
from hspy_cnmf.solver.iteration import Configuration, State, iterate
from hspy_cnmf.solver.revision import MAX_SEARCHES


def run(
    operator: StreamedOperator | LowRankOperator,
    starts: list[State],
    configuration: Configuration,
    progress: Callable[[int], object] = lambda n: None,
) -> list[State]:
    """Iterate until every start has converged or reached ``max_iter``.

    Parameters
    ----------
    operator : StreamedOperator or LowRankOperator
        The data.
    starts : list of State
        Loadings of each start; factors need not be set to anything meaningful. The list
        is emptied: maps to start from are as large as those they become.
    configuration : Configuration
        The same for all starts.
    progress : callable, optional
        Called after each iteration with the number of iterations done, over all
        starts; those that a converged start does not need count as done.

    Returns
    -------
    list of State
        Components that were left out as noise are zero.
    """
    sizes = [len(start.factors) for start in starts]
    if configuration.on_gpu and isinstance(operator, LowRankOperator):
        advance: Callable[..., list[State]] = _on_gpu
    else:
        each_alone = operator.in_cache and len(starts) > 1
        advance = _each_alone if each_alone else _together
    ended = advance(operator, starts, configuration, progress)
    return [_ended(state, size) for state, size in zip(ended, sizes, strict=True)]


def go_on(
    operator: StreamedOperator | LowRankOperator,
    state: State,
    configuration: Configuration,
) -> State:
    """Return a start that has ended after iterations with its matrix in one component.

    What other patterns held of the matrix may have kept the start from a lower error.

    Parameters
    ----------
    operator : StreamedOperator or LowRankOperator
    state : State
    configuration : Configuration

    Returns
    -------
    State
        The very same where nothing is to be taken out, or no iteration is left.
    """
    n_left = configuration.max_iter - len(state.history)
    if configuration.purify is None or n_left < 1:
        return state
    factors, loadings = configuration.purify(state.factors, state.loadings)
    if factors is state.factors:
        return state
    there = np.arange(len(factors))
    if configuration.revise is not None:
        there = np.flatnonzero(factors.any(axis=1))  # others stay left out
    begin = state.begun_anew(factors[there], loadings[there], MAX_SEARCHES)
    (last,) = run(operator, [begin], replace(configuration, max_iter=n_left))
    history = (*state.history, *last.history)
    return replace(_ended(last, len(factors)), history=history)


def _together(
    operator: StreamedOperator | LowRankOperator,
    starts: list[State],
    configuration: Configuration,
    progress: Callable[[int], object],
) -> list[State]:
    """Advance all starts at the same time: each product reads the data."""
    states = list(starts)
    with ThreadPoolExecutor(n_processors()) as pool:
        each = pool.map, pool.map
        for states in _iterations(operator, starts, configuration, *each):
            progress(sum(_n_done(state, configuration) for state in states))
    return states


def _on_gpu(
    operator: LowRankOperator,
    starts: list[State],
    configuration: Configuration,
    progress: Callable[[int], object],
) -> list[State]:
    """Advance all starts on the GPU, in its one queue; revisions are in threads."""
    if configuration.pixel_scale is not None:
        scale = to_gpu(configuration.pixel_scale)
        configuration = replace(configuration, pixel_scale=scale)
    begin = [start.to_gpu() for start in starts]
    starts.clear()
    states: list[State] = []
    with single_threaded_blas(), ThreadPoolExecutor(n_processors()) as pool:
        there = operator.on_gpu()
        for states in _iterations(there, begin, configuration, map, pool.map):
            progress(sum(_n_done(state, configuration) for state in states))
    ended = [state.to_host() for state in states]
    del there, begin, states  # and with them their arrays
    give_back()
    return ended


def _each_alone(
    operator: StreamedOperator | LowRankOperator,
    starts: list[State],
    configuration: Configuration,
    progress: Callable[[int], object],
) -> list[State]:
    """Advance each start as a whole in a thread: they share nothing, so none waits.

    Only the calling thread calls `progress`. What that raises, or an interrupt, ends
    the threads within an iteration.
    """
    stopped = Event()
    news: SimpleQueue[Any] = SimpleQueue()

    def one(i: int, start: State) -> State:
        for (state,) in _iterations(operator, [start], configuration):
            news.put((i, _n_done(state, configuration)))
            if stopped.is_set():
                break
        return state

    with (
        single_threaded_blas(),
        # More threads than processors would only displace each other's cache.
        ThreadPoolExecutor(n_processors()) as pool,
    ):
        try:
            runs = [pool.submit(one, *item) for item in enumerate(starts)]
            for run in runs:
                run.add_done_callback(news.put)
            starts.clear()
            n_done, n_running = [0] * len(runs), len(runs)
            while n_running:
                item = news.get()
                if isinstance(item, Future):
                    item.result()  # raises what the thread has raised
                    n_running -= 1
                else:
                    i, n_done[i] = item
                    progress(sum(n_done))
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
    return [run.result() for run in runs]


def _iterations(
    operator: StreamedOperator | LowRankOperator,
    starts: list[State],
    configuration: Configuration,
    each: Callable = map,
    each_revised: Callable = map,
) -> Iterator[list[State]]:
    """Yield the states of starts after each iteration, until all have ended."""
    states = list(starts)
    starts.clear()
    for _ in range(configuration.max_iter):
        running = [state for state in states if state.status == "running"]
        if not running:
            return
        advanced = iter(iterate(operator, running, configuration, each, each_revised))
        states = [
            next(advanced) if state.status == "running" else state for state in states
        ]
        yield states


def _n_done(state: State, configuration: Configuration) -> int:
    """Return the iterations done, with those that a start that has ended spares."""
    if state.status == "running":
        return len(state.history)
    return configuration.max_iter


def _ended(state: State, n_components: int) -> State:
    """Return a start with its last status, and empty components in place of noise."""
    status = "max_iter" if state.status == "running" else state.status
    return replace(state.padded(n_components), status=status)
