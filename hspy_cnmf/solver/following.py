"""All starts, at once or in stages, and the one of them that is followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver.coarse import CoarseScan, Grid, cell_sizes, coarse_smoothing
from hspy_cnmf.solver.configuring import configuration_of
from hspy_cnmf.solver.copies import compared_factors, order_of
from hspy_cnmf.solver.fixed import Fixed
from hspy_cnmf.solver.iteration import Configuration, State
from hspy_cnmf.solver.loop import go_on, run
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
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    source: StreamedOperator | LowRankOperator,
    guide: LowRankOperator | None,
    fixed: Fixed,
    seeds: list[int],
    configuration: Configuration,
    progress: Callable[[int], object],
) -> Followed:
    """Run a start for each seed, and go on with the best.

    Parameters
    ----------
    operator : StreamedOperator
        The data.
    estimator : hspy_cnmf.ConstrainedNMF
        Resolved.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels were divided by.
    source : StreamedOperator or LowRankOperator
        What iterations work on: the data, or a sketch.
    guide : LowRankOperator or None
        The sketch on which is found where starts begin.
    fixed : Fixed
        Components that are known.
    seeds : list of int
    configuration : Configuration
        Of the maps as they are, with which starts in stages end.
    progress : callable
        See `hspy_cnmf.solver.loop.run`.
    """
    sketch = source if isinstance(source, LowRankOperator) else None
    cells = _cell_sizes(estimator, operator, fixed) if sketch is not None else []
    if cells and sketch is not None:
        return _in_stages(
            operator, estimator, scales, sketch, cells, seeds, configuration, progress
        )
    # Only while factors are sought: the last maps are no smoother than asked for.
    wide, width = with_wider_smoothing(operator, estimator, guide)
    loop = configuration_of(operator, wide, scales, guide, fixed)
    starts = starts_of(wide, operator, seeds, guide, fixed)
    states = run(source, starts, loop, progress)
    best = order_of(states, operator.shape, loop.revise)[0]
    compared = compared_factors(states)
    states[best] = go_on(source, states[best], loop)
    told: dict[str, Any] = {"smoothing_width": width}
    is_tentative = getattr(smoothing_of(estimator), "tentative", False)
    if is_tentative and sketch is not None and operator.keep_pixels.ndim == 1:
        # One more start, and the published iteration only if it errs less: spectra
        # share channels; of patterns, crystals lie over others, and come apart.
        (begin,) = starts_of(wide, operator, seeds[:1], guide, fixed)
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


def _cell_sizes(
    estimator: BaseEstimator, operator: StreamedOperator, fixed: Fixed
) -> list[tuple[int, ...]]:
    """Return the cells that starts begin on: none where maps are known or small."""
    constraint = estimator.loading_constraint
    if not (constraint is None or isinstance(constraint, GaussianSmoothing)):
        return []
    if not isinstance(operator, StreamedOperator):
        return []  # Positions of several scans are not side by side.
    if not isinstance(estimator.init, str) or fixed.held.n:
        return []
    return cell_sizes(operator.keep_positions)


def _in_stages(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator,
    cells: list[tuple[int, ...]],
    seeds: list[int],
    on_all: Configuration,
    progress: Callable[[int], object],
) -> Followed:
    """Run the starts on coarse maps, and the best ones on finer ones.

    What is missing is sought on the coarsest, where noise is least. Nothing is fixed.
    The last configuration is that of the maps themselves.
    """
    keep, constraint = operator.keep_positions, estimator.loading_constraint

    def on_grid(size: tuple[int, ...]) -> tuple[CoarseScan, BaseEstimator]:
        grid = Grid.from_size(keep, size)
        smoothing = coarse_smoothing(constraint, grid, keep.shape)
        scan = CoarseScan.from_sketch(sketch, grid, operator.keep_pixels)
        return scan, changed(estimator, loading_constraint=smoothing)

    def starts() -> list[State]:
        scan, own = on_grid(cells[0])
        return starts_of(own, scan, seeds, scan.sketch, _nothing_fixed(scan))

    def stage(i: int) -> Stage:
        if i == len(cells):
            return Stage(sketch, on_all, None)
        scan, own = on_grid(cells[i])
        own_scales = scan.grid.scale(scales[0]), scales[1]
        configuration = configuration_of(
            scan, own, own_scales, scan.sketch, _nothing_fixed(scan)
        )
        return Stage(scan.sketch, configuration, scan.grid)

    states, best, compared = run_in_stages(
        [partial(stage, i) for i in range(len(cells) + 1)],
        starts(),
        lambda states, made: order_of(
            states, made.sketch.shape, made.configuration.revise
        ),
        operator.shape[0],
        progress,
    )
    return Followed(states, best, compared, {})


def _nothing_fixed(scan: CoarseScan) -> Fixed:
    return Fixed.of_nothing(*scan.shape)
