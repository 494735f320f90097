"""The one loop: random starts go on until each has converged, or is a copy."""

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
from hspy_cnmf.solver.copies import with_copies
from hspy_cnmf.solver.iteration import Configuration, State, iterate
from hspy_cnmf.solver.revision import INTERVAL, MAX_SEARCHES


def run(
    operator: StreamedOperator | LowRankOperator,
    starts: list[State],
    configuration: Configuration,
    progress: Callable[[int], object] = lambda n: None,
) -> list[State]:
    """Iterate until every start has converged or reached ``max_iter``.

    Where components are pruned, a start ends, too, once it is a copy of a better one.

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
        starts; those that a start which has ended does not need count as done.

    Returns
    -------
    list of State
        Components that were left out as noise are zero.
    """
    sizes = [len(start.factors) for start in starts]
    on_sketch = isinstance(operator, LowRankOperator)
    if configuration.on_gpu and on_sketch:
        advance: Callable[..., list[State]] = _on_gpu
    elif configuration.cells is not None and not configuration.on_cells and on_sketch:
        advance = _on_cells
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
            progress(_all_done(states, configuration))
    return states


def _on_cells(
    operator: LowRankOperator,
    starts: list[State],
    configuration: Configuration,
    progress: Callable[[int], object],
) -> list[State]:
    """Advance all starts on cells of pixels; see `PixelCells`."""
    cells = configuration.cells
    begin = [cells.on_cells(start) for start in starts]
    starts.clear()
    own = cells.configuration(configuration)
    return list(map(cells.ended, run(cells.sketch(operator), begin, own, progress)))


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
            progress(_all_done(states, configuration))
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
    """Advance each start in a thread, as far as to where they are compared.

    Only the calling thread calls `progress`. What that raises, or an interrupt, ends
    the threads within an iteration.
    """
    stopped = Event()
    news: SimpleQueue[Any] = SimpleQueue()

    states = list(starts)
    starts.clear()

    def advance(i: int, n: int) -> None:
        alone = [states[i]]
        for (states[i],) in _iterations(operator, alone, configuration, n=n):
            news.put(i)
            if stopped.is_set():
                break

    with (
        single_threaded_blas(),
        # More threads than processors would only displace each other's cache.
        ThreadPoolExecutor(n_processors()) as pool,
    ):
        try:
            for n in _legs(configuration):
                running = [i for i, s in enumerate(states) if s.status == "running"]
                runs = [pool.submit(advance, i, n) for i in running]
                for run in runs:
                    run.add_done_callback(news.put)
                n_running = len(runs)
                while n_running:
                    item = news.get()
                    if isinstance(item, Future):
                        item.result()  # raises what the thread has raised
                        n_running -= 1
                    else:
                        progress(_all_done(states, configuration))
                states = _compared(operator, states, configuration)
                progress(_all_done(states, configuration))
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
    return states


def _iterations(
    operator: StreamedOperator | LowRankOperator,
    starts: list[State],
    configuration: Configuration,
    each: Callable = map,
    each_revised: Callable = map,
    n: int | None = None,
) -> Iterator[list[State]]:
    """Yield the states of starts after each of n iterations, until all have ended."""
    states = list(starts)
    starts.clear()
    for _ in range(configuration.max_iter if n is None else n):
        running = [state for state in states if state.status == "running"]
        if not running:
            return
        advanced = iter(iterate(operator, running, configuration, each, each_revised))
        states = [
            next(advanced) if state.status == "running" else state for state in states
        ]
        states = _compared(operator, states, configuration)
        yield states


def _legs(configuration: Configuration) -> Iterator[int]:
    """Yield after how many iterations starts are compared, again and again."""
    n, n_left = configuration.max_iter, configuration.max_iter
    if configuration.revise is not None:
        n = INTERVAL
    while n_left > 0:
        yield min(n, n_left)
        n_left -= n


def _compared(
    operator: StreamedOperator | LowRankOperator,
    states: list[State],
    configuration: Configuration,
) -> list[State]:
    """Return starts of which copies have ended, if it is time and components pruned."""
    done = [len(state.history) for state in states if state.status == "running"]
    if configuration.revise is None or not done or done[0] % INTERVAL:
        return states
    return with_copies(states, operator.shape, configuration.revise)


def _all_done(states: list[State], configuration: Configuration) -> int:
    """Return the iterations done, with those that starts that have ended spare."""
    return sum(
        len(state.history) if state.status == "running" else configuration.max_iter
        for state in states
    )


def _ended(state: State, n_components: int) -> State:
    """Return a start with its last status, and empty components in place of noise."""
    status = "max_iter" if state.status == "running" else state.status
    return replace(state.padded(n_components), status=status)
