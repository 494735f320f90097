"""All starts, at once or in stages, and the one of them that is followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.solver.coarse import (
    CoarseScan,
    Grid,
    cell_sizes,
    coarse_smoothing,
    smoothing_of_pairs,
)
from hspy_cnmf.solver.configuring import configuration_of
from hspy_cnmf.solver.copies import compared_factors, order_of
from hspy_cnmf.solver.fixed import Fixed
from hspy_cnmf.solver.iteration import Configuration, State
from hspy_cnmf.solver.loop import go_on, run
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.resolution import changed
from hspy_cnmf.solver.smoothing import smoothing_of, with_wider_smoothing
from hspy_cnmf.solver.stages import Stage, run_in_stages
from hspy_cnmf.solver.starts import starts_of


@dataclass(frozen=True, eq=False)
class Followed:
    """What starts ended with, and which of them is the best.

    Parameters
    ----------
    states : list of State
        The best one after it went on.
    best : int
    compared : list of numpy.ndarray
        Factors of each start, for their agreement.
    told : dict
        What the result remembers of how maps were smoothed.
    """

    states: list[State]
    best: int
    compared: list[np.ndarray]
    told: dict[str, Any]


def follow(
    problem: Problem,
    seeds: list[int],
    progress: Callable[[int], object],
    share_pixels: bool = False,
) -> Followed:
    """Run a start for each seed, and go on with the best.

    Parameters
    ----------
    problem : Problem
    seeds : list of int
    progress : callable
        See `hspy_cnmf.solver.loop.run`.
    share_pixels : bool, default False
        Whether patterns share most of their pixels, as spectra do and discs that
        overlap.
    """
    sketch, source = problem.iterated, problem.source
    # Only while factors are sought: the last maps are no smoother than asked for.
    wide, width = with_wider_smoothing(problem)
    told: dict[str, Any] = {"smoothing_width": width}
    cells = _cell_sizes(problem)
    if cells and sketch is not None:
        return Followed(*_in_stages(wide, sketch, cells, seeds, progress), told)
    loop = configuration_of(wide)
    states = run(source, starts_of(wide, seeds), loop, progress)
    best = order_of(states, problem.operator.shape, loop.revise)[0]
    compared = compared_factors(states)
    states[best] = go_on(source, states[best], loop)
    is_tentative = getattr(smoothing_of(problem.estimator), "tentative", False)
    share_pixels |= problem.operator.keep_pixels.ndim == 1
    if is_tentative and sketch is not None and share_pixels:
        # One more start, taken only if it errs less. Of other patterns, crystals lie
        # over others, and the published iteration is what takes them apart.
        (begin,) = starts_of(wide, seeds[:1])
        last, ended = _weighted(sketch, begin, loop)
        is_better = _errs_less(last, states[best], loop)
        if is_better:
            states[best], compared[best] = last, ended
        told["smoothing_weighted"] = is_better
    return Followed(states, best, compared, told)


def _weighted(
    sketch: LowRankOperator, begin: State, loop: Configuration
) -> tuple[State, np.ndarray]:
    """Return a start fitted with the weights of smoothing, and its first factors."""
    (ended,) = run(sketch, [replace(begin, weighted=True)], loop)
    return go_on(sketch, ended, loop), ended.factors


def _errs_less(state: State, other: State, loop: Configuration) -> bool:
    """Return whether a start errs less than another, of no more components.

    What only the first finds may be noise that pruning does not tell in it.
    """
    found, of_other = (np.count_nonzero(s.factors.any(axis=1)) for s in (state, other))
    shape = other.loadings.shape[1], other.factors.shape[1]
    return bool(found <= of_other and order_of([other, state], shape, loop.revise)[0])


def _cell_sizes(problem: Problem) -> list[tuple[int, ...]]:
    """Return the cells that starts begin on: none where maps are known or small."""
    estimator, operator = problem.estimator, problem.operator
    constraint = estimator.loading_constraint
    if not (constraint is None or isinstance(constraint, GaussianSmoothing)):
        return []
    if not isinstance(operator, StreamedOperator):
        return []  # Positions of several scans are not side by side.
    if not isinstance(estimator.init, str) or problem.fixed.held.n:
        return []
    pairs = smoothing_of_pairs(estimator, operator.keep_pixels)
    return cell_sizes(operator.keep_positions, pairs)


def _in_stages(
    problem: Problem,
    sketch: LowRankOperator,
    cells: list[tuple[int, ...]],
    seeds: list[int],
    progress: Callable[[int], object],
) -> tuple[list[State], int, list[np.ndarray]]:
    """Run the starts on coarse maps, and the best ones on finer ones.

    What is missing is sought on the coarsest, where noise is least. Nothing is fixed.
    """
    constraint = problem.estimator.loading_constraint
    keep, keep_pixels = problem.operator.keep_positions, problem.operator.keep_pixels

    def on_grid(size: tuple[int, ...]) -> tuple[CoarseScan, Problem]:
        grid = Grid.from_size(keep, size)
        scan = CoarseScan.from_sketch(sketch, grid, keep_pixels)
        smoothing = coarse_smoothing(constraint, grid, keep.shape)
        estimator = changed(problem.estimator, loading_constraint=smoothing)
        scales = grid.scale(problem.scales[0]), problem.scales[1]
        nothing = Fixed.of_nothing(*scan.shape)
        return scan, Problem(scan, estimator, scales, scan.sketch, nothing)

    def stage(i: int) -> Stage:
        if i == len(cells):
            return Stage(sketch, configuration_of(problem), None)
        scan, coarse = on_grid(cells[i])
        return Stage(scan.sketch, configuration_of(coarse), scan.grid)

    return run_in_stages(
        [partial(stage, i) for i in range(len(cells) + 1)],
        starts_of(on_grid(cells[0])[1], seeds),
        lambda states, made: order_of(
            states, made.sketch.shape, made.configuration.revise
        ),
        problem.operator.shape[0],
        progress,
    )
