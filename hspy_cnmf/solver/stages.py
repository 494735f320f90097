"""Starts on coarse maps first: only what leads goes on, to the maps themselves.

Iterations on all positions cost as much as there are positions. Most of them are spent
on what does not need maps that fine: which patterns there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.memory import give_back
from hspy_cnmf.solver.coarse import Grid
from hspy_cnmf.solver.copies import compared_factors, is_copy
from hspy_cnmf.solver.iteration import Configuration, State, with_share
from hspy_cnmf.solver.loop import go_on, run
from hspy_cnmf.solver.revision import MAX_SEARCHES

#: Starts that go on to finer maps, unless one is a copy of another; to the finest goes
#: one.
LEADING = 2


@dataclass(frozen=True)
class Stage:
    """Maps of one fineness.

    Parameters
    ----------
    sketch : LowRankOperator
    configuration : Configuration
        Of as many iterations as there are altogether.
    grid : Grid or None
        None for the maps themselves.
    """

    sketch: LowRankOperator
    configuration: Configuration
    grid: Grid | None


def run_in_stages(
    stages: Sequence[Callable[[], Stage]],
    starts: list[State],
    order: Callable[[list[State], Stage], list[int]],
    n_positions: int,
    progress: Callable[[int], object],
) -> tuple[list[State], int, list[np.ndarray]]:
    """Run all starts on the coarsest maps, and what leads on finer and finer ones.

    Before the last, the best goes on with its matrix in one component.

    Parameters
    ----------
    stages : sequence of callable
        Make the stages, from the coarsest to the maps themselves.
    starts : list of State
        On the first.
    order : callable
        Sorts states by how good they are, the best first.
    n_positions : int
        Of the maps themselves.
    progress : callable
        See `hspy_cnmf.solver.loop.run`.

    Returns
    -------
    states : list of State
        Maps of the best one are the maps themselves.
    best : int
        Which that is.
    compared : list of numpy.ndarray, shape (n_components, n_pixels)
        Factors of all starts on the coarsest maps, where they are to be compared:
        noise in finer maps is not the same.
    """
    stage, begin = stages[0](), starts
    n_components, n_starts = len(starts[0].factors), len(starts)
    states, leading = list(map(_without_maps, starts)), list(range(n_starts))
    del starts  # and with them maps of all
    total = n_starts * stage.configuration.max_iter
    histories: list[list[tuple]] = [[] for _ in range(n_starts)]  # of each stage
    compared: list[np.ndarray] = []
    ended: list[State] = []
    for i in range(len(stages)):
        if i:
            on_finer, stage = partial(_on, stage), stages[i]()
            begin = [on_finer(stage, states[j]) for j in leading]
            states = list(map(_without_maps, states))
            del on_finer, ended  # and with them the coarser sketch, and its maps
            give_back()
        n_done = max(sum(map(len, histories[j])) for j in leading)
        n_left = stage.configuration.max_iter - n_done
        limit = most_iterations(n_left, i == len(stages) - 1)
        loop = replace(stage.configuration, max_iter=limit)
        advance = _progress(progress, i, len(stages), total, len(begin) * limit)
        ended = run(stage.sketch, begin, loop, advance)
        compared = compared or compared_factors(ended)
        n_next = 1 if i >= len(stages) - 2 else LEADING
        chosen = _distinct(ended, order(ended, stage), n_next)
        if i == len(stages) - 2:  # the maps themselves would need as many iterations
            ended[chosen[0]] = go_on(stage.sketch, ended[chosen[0]], loop)
        share = stage.sketch.shape[0] / n_positions
        for j, k in enumerate(leading):  # no name stays with a state, and its maps
            states[k] = ended[j]
            histories[k].append(with_share(ended[j].history, share))
        leading = [leading[j] for j in chosen]
    best = leading[0]
    states = [
        replace(state, history=history).padded(n_components)
        for state, history in zip(states, _as_on_all(histories, best), strict=True)
    ]
    return states, best, compared


def _without_maps(state: State) -> State:
    """Return a state of which only factors and history are still of use."""
    return state.replaced(state.factors, state.loadings[:, :0].copy())


def most_iterations(n_left: int, is_last: bool) -> int:
    """Return how many of the iterations that are left a stage may take."""
    return max(1, n_left if is_last else n_left // 2)


def _on(before: Stage, stage: Stage, state: State) -> State:
    """Return a state of coarser maps as the start on finer ones."""
    assert before.grid is not None  # only the last has none
    there = np.arange(len(state.factors))
    if before.configuration.revise is not None:
        there = np.flatnonzero(state.factors.any(axis=1))  # others stay left out
    loadings = before.grid.divide(state.loadings[there])
    if stage.grid is not None:
        loadings = stage.grid.combine(loadings)
    return state.begun_anew(state.factors[there], loadings, MAX_SEARCHES)


def _distinct(states: list[State], order: list[int], n: int) -> list[int]:
    """Return the first few states in an order that are no copies of one another."""
    chosen: list[int] = []
    factors = [state.factors for state in states]
    for i in order:
        copies = (is_copy(factors[i], factors[j]) for j in chosen)
        if len(chosen) < n and not any(copies):
            chosen.append(i)
    return chosen


def _as_on_all(histories: list[list[tuple]], best: int) -> list[tuple]:
    """Return the history of each start with errors that compare with the last ones.

    Cells leave out of the data what they hold no more of, whatever the model: as much
    as the error of the best start falls by from a stage to the maps themselves.
    """
    ends = np.array([history[-1][0] for history in histories[best]])
    left_out = ends - ends[-1]
    return [
        tuple(
            (max(error - less, 0.0), *changes)
            for history, less in zip(stages, left_out, strict=False)
            for error, *changes in history
        )
        for stages in histories
    ]


def _progress(
    progress: Callable[[int], object], i: int, n: int, total: int, most: int
) -> Callable[[int], object]:
    """Return what counts the iterations of one of n stages as that share of all."""
    return lambda done: progress(int(total * (i + done / most) / n))
