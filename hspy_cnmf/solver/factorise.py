"""From an operator to a result: sketch, random starts, the loop, the exact end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.arguments import plain
from hspy_cnmf.constraints import GaussianSmoothing, RingFloor
from hspy_cnmf.constraints.base import prepare
from hspy_cnmf.constraints.per_scan import PerScan, neighbours_mean, smooths
from hspy_cnmf.constraints.several import each, first_of
from hspy_cnmf.operators import LowRankOperator, SeriesOperator, StreamedOperator
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.agreement import agreement_with
from hspy_cnmf.solver.coarse import CoarseScan, Grid, coarse_smoothing, grids
from hspy_cnmf.solver.fixed import Fixed, fixed_of
from hspy_cnmf.solver.iteration import Configuration, State
from hspy_cnmf.solver.last_iteration import end_on_data, end_on_sketch
from hspy_cnmf.solver.loop import run
from hspy_cnmf.solver.matrix import Matrix
from hspy_cnmf.solver.parameters import (
    STARTS,
    check_parameters,
    starting_loadings,
)
from hspy_cnmf.solver.pure_positions import PurePositions
from hspy_cnmf.solver.result import Result
from hspy_cnmf.solver.revision import Revision
from hspy_cnmf.solver.smoothing_cost import DEAR, smoothing_cost
from hspy_cnmf.solver.smoothing_width import smoothing_width
from hspy_cnmf.solver.stages import Stage, run_in_stages

#: Values up to which products are in double precision: it costs nothing there, and
#: only in so few can components be so alike that rounding in single would decide.
_SMALL = 2**20


def factorise(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales = (None, None),
    sketch: LowRankOperator | None = None,
    progress: Callable[[int], object] = lambda n: None,
    last_iteration: str = "data",
) -> Result:
    """Check parameters, make the sketch, and factorise the data behind an operator.

    Parameters
    ----------
    operator : StreamedOperator
        The data.
    estimator : hspy_cnmf.ConstrainedNMF
        Holds the parameters; constraints must not be "auto" any more.
    scales : tuple of (numpy.ndarray or None), optional
        What the operator's positions and pixels were divided by. Constraints see
        factors and loadings in the units of the data, and so does the caller.
    sketch : LowRankOperator, optional
        The sketch to iterate on, if it was made before.
    progress : callable, optional
        Called after each iteration with the number of iterations done, over all
        starts; the last call has ``max_iter`` times their number.
    last_iteration : {"data", "sketch"}, default "data"
        What the last iteration of the best start reads; the data where there is no
        sketch.

    Returns
    -------
    Result
        Errors are those of the weighted data, all else is in the data's own units.

    Raises
    ------
    ValueError
        If a parameter does not fit the data.
    """
    estimator = resolve(estimator, operator.keep_positions, operator.keep_pixels)
    rank = compress.sketch_rank(
        estimator.compression, estimator.n_components, operator.shape
    )
    if sketch is None and rank is not None:
        sketch = _sketch(operator, estimator, rank)
    return factorise_resolved(
        operator, estimator, scales, sketch, progress, last_iteration
    )


def resolve(
    estimator: BaseEstimator, keep_positions: np.ndarray, keep_pixels: np.ndarray
) -> BaseEstimator:
    """Return an estimator with checked parameters, plain numbers and a seed.

    Parameters
    ----------
    estimator : hspy_cnmf.ConstrainedNMF
    keep_positions, keep_pixels : numpy.ndarray of bool
        What takes part.

    Raises
    ------
    ValueError
        If a parameter does not fit the data.
    """
    parameters = plain(estimator.get_params(deep=False))
    if parameters["n_components"] is None:
        parameters["n_components"] = int(
            min(np.count_nonzero(keep) for keep in (keep_positions, keep_pixels))
        )
    estimator = changed(estimator, **parameters)
    check_parameters(estimator, keep_positions, keep_pixels)
    return with_seed(estimator)


def factorise_resolved(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales = (None, None),
    sketch: LowRankOperator | None = None,
    progress: Callable[[int], object] = lambda n: None,
    last_iteration: str = "data",
) -> Result:
    """Factorise with an estimator that is resolved, on the sketch or, None, the data.

    See `factorise` for the parameters and `resolve` for the estimator.
    """
    seeds = _seeds(estimator)[1:]
    dtype = operator.dtype
    if estimator.solver in half_steps.IN_DOUBLE or prod(operator.shape) <= _SMALL:
        operator = operator.in_double()
        sketch = None if sketch is None else sketch.astype(operator.dtype)
    source = operator.silent() if sketch is None else sketch
    # Where starts begin, and components left over, is found on a sketch in any case.
    is_needed = sketch is None and (estimator.prune or begins_pure(estimator))
    guide = _automatic_sketch(operator, estimator) if is_needed else sketch
    estimator, smoothing = _with_smoothing_borne_out(operator, estimator, scales, guide)
    fixed = fixed_of(estimator, operator.keep_positions, operator.keep_pixels)
    fixed = fixed.divided(*scales)
    configuration = _configuration(operator, estimator, scales, guide, fixed)
    coarse = _coarse_grids(estimator, operator, fixed) if sketch is not None else []
    if coarse and sketch is not None:
        states, best, compared = _run_in_stages(
            operator, estimator, scales, sketch, coarse, seeds, progress
        )
    else:
        # Only while factors are sought: the last maps are no smoother than asked for.
        wide, width = _with_wider_smoothing(operator, estimator, guide)
        smoothing["smoothing_width"] = width
        loop = _configuration(operator, wide, scales, guide, fixed)
        starts = _starts(wide, operator, seeds, guide, fixed)
        states = run(source, starts, loop, progress)
        best = _order(states, operator.shape, loop.revise)[0]
        compared = [state.factors for state in states]
    if last_iteration == "sketch" and sketch is not None:
        end = end_on_sketch(sketch, states[best], configuration)
    else:
        end = end_on_data(operator, states[best], configuration, sketch)
    result = Result(
        factors=end.factors,
        loadings=end.loadings,
        error=end.error,
        square_norm=operator.square_norm if sketch is None else sketch.square_norm,
        best=int(best),
        status=tuple(state.status for state in states),
        n_iter=np.array([len(state.history) for state in states]),
        seeds=np.array(seeds),
        parameters=_parameters(estimator, sketch, fixed)
        | smoothing
        | {"last_iteration": last_iteration, "last_readings": end.n_readings},
        agreement=agreement_with(best, _in_units(compared, scales[1])),
        **_histories(states),
    )
    result = _without_halves(_unscaled(result, scales), fixed.held.n)
    return _of_type(_sorted(result, fixed.held.n), dtype)


def _configuration(
    operator: StreamedOperator | CoarseScan,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator | None,
    fixed: Fixed,
) -> Configuration:
    """Return what the loop needs to know; nothing is read for it."""
    project_factors, project_loadings = (
        _in_units_of_the_data(prepare(getattr(estimator, name), keep, name), scale)
        for name, keep, scale in (
            ("factor_constraint", operator.keep_pixels, scales[1]),
            ("loading_constraint", operator.keep_positions, scales[0]),
        )
    )
    revise = None
    if estimator.prune:
        assert sketch is not None  # made where components are pruned
        n_components = estimator.n_components
        scans = operator.scans if isinstance(operator, SeriesOperator) else ()
        revise = Revision(sketch, n_components, project_loadings, fixed.held, scans)
    return Configuration(
        solve=half_steps.SOLVERS[estimator.solver],
        project_factors=project_factors,
        project_loadings=project_loadings,
        pixel_scale=scales[1],
        max_iter=estimator.max_iter,
        tol=estimator.tol,
        revise=revise,
        purify=_matrix(operator, estimator, scales[1], fixed),
        volume_weight=float(estimator.volume_weight),
        held=fixed.held,
    )


def _with_smoothing_borne_out(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator | None,
) -> tuple[BaseEstimator, dict[str, Any]]:
    """Return an estimator without a smoothing that the data contradict, and its cost.

    A smoothing that is not tentative stays; where there is no sketch, any does.
    """
    constraint = _smoothing(estimator)
    if sketch is None or constraint is None:
        return estimator, {}
    smooth = _in_units_of_the_data(
        constraint.prepare(operator.keep_positions), scales[0]
    )
    if smooth is None:
        return estimator, {}
    cost = smoothing_cost(sketch, smooth, estimator.n_components)
    leaves_out = constraint.tentative and cost > DEAR
    if leaves_out:
        others = each(
            lambda c: None if c is constraint else c, estimator.loading_constraint
        )
        estimator = changed(estimator, loading_constraint=others)
    return estimator, {"smoothing_cost": cost, "smoothing_left_out": leaves_out}


def _with_wider_smoothing(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    sketch: LowRankOperator | None,
) -> tuple[BaseEstimator, float]:
    """Return an estimator that smooths maps as widely as the data bear, and how widely.

    The width is a multiple of that of the automatic smoothing. Others stay.
    """
    constraint, keep = _smoothing(estimator), operator.keep_positions
    if sketch is None or constraint is None or not constraint.tentative:
        return estimator, 1.0
    width = smoothing_width(sketch, constraint, keep, estimator.n_components)
    wider = each(
        lambda c: c.widened(width, keep.shape) if c is constraint else c,
        estimator.loading_constraint,
    )
    return changed(estimator, loading_constraint=wider), width


def _smoothing(estimator: BaseEstimator) -> GaussianSmoothing | PerScan | None:
    """Return the constraint that smooths maps, or None."""
    kinds = GaussianSmoothing, PerScan
    constraint = first_of(estimator.loading_constraint, kinds)
    return constraint if smooths(constraint) else None


def _matrix(
    operator: StreamedOperator | CoarseScan,
    estimator: BaseEstimator,
    pixel_scale: np.ndarray | None,
    fixed: Fixed,
) -> Matrix | None:
    """Return what takes the matrix out of other patterns, None without known rings."""
    constraint = first_of(estimator.factor_constraint, RingFloor)
    if estimator.matrix is None or constraint is None:
        return None
    rings = constraint.rings(operator.keep_pixels)
    return Matrix(rings, pixel_scale, fixed.held)


def _order(
    states: list[State], shape: tuple[int, ...], revise: Revision | None
) -> np.ndarray:
    """Return the order of starts by the error that they ended with.

    Where some kept more components than others, each has to be worth it.
    """
    errors = np.array([state.history[-1][0] for state in states])
    if revise is not None:
        found = [np.count_nonzero(state.factors.any(axis=1)) for state in states]
        errors += np.array(found) * revise.least / np.prod(shape)
    return np.argsort(errors, kind="stable")


def _coarse_grids(
    estimator: BaseEstimator, operator: StreamedOperator, fixed: Fixed
) -> list[Grid]:
    """Return the grids that starts begin on: none where maps are known or small."""
    constraint = estimator.loading_constraint
    if not (constraint is None or isinstance(constraint, GaussianSmoothing)):
        return []
    if not isinstance(operator, StreamedOperator):
        return []  # Positions of several scans are not side by side.
    if not isinstance(estimator.init, str) or fixed.held.n:
        return []
    return grids(operator.keep_positions)


def _run_in_stages(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator,
    coarse: list[Grid],
    seeds: list[int],
    progress: Callable[[int], object],
) -> tuple[list[State], int, list[np.ndarray]]:
    """Run the starts on coarse maps, and the best ones on finer ones.

    What is missing is sought on the coarsest, where noise is least. Nothing is fixed.
    """
    shape, constraint = operator.keep_positions.shape, estimator.loading_constraint
    on_grids = [
        changed(estimator, loading_constraint=coarse_smoothing(constraint, grid, shape))
        for grid in coarse
    ]
    first = CoarseScan.from_sketch(sketch, coarse[0], operator.keep_pixels)

    def stage(i: int) -> Stage:
        if i == len(coarse):
            configuration = _configuration(
                operator, estimator, scales, sketch, _nothing_fixed(operator)
            )
            return Stage(sketch, configuration, None)
        grid = coarse[i]
        scan = (
            CoarseScan.from_sketch(sketch, grid, operator.keep_pixels) if i else first
        )
        own_scales = grid.scale(scales[0]), scales[1]
        configuration = _configuration(
            scan, on_grids[i], own_scales, scan.sketch, _nothing_fixed(scan)
        )
        return Stage(scan.sketch, configuration, grid)

    return run_in_stages(
        [partial(stage, i) for i in range(len(coarse) + 1)],
        _starts(on_grids[0], first, seeds, first.sketch, _nothing_fixed(first)),
        lambda states, made: _order(
            states, made.sketch.shape, made.configuration.revise
        ),
        operator.shape[0],
        progress,
    )


def _nothing_fixed(operator: StreamedOperator | CoarseScan) -> Fixed:
    return Fixed.of_nothing(*operator.shape)


def _automatic_sketch(
    operator: StreamedOperator, estimator: BaseEstimator
) -> LowRankOperator:
    """Return the sketch of data that are not to be iterated on one."""
    rank = compress.automatic_rank(estimator.n_components)
    return _sketch(operator, estimator, min(rank, *operator.shape))


def _sketch(
    operator: StreamedOperator, estimator: BaseEstimator, rank: int
) -> LowRankOperator:
    """Return the sketch of an estimator; two readings of the data."""
    patterns = random_patterns(estimator, rank, operator.shape[1])
    return compress.sketch(operator, operator.span(patterns))


def random_patterns(estimator: BaseEstimator, rank: int, n_pixels: int) -> np.ndarray:
    """Return the random test matrix of an estimator's sketch, shape (rank, n_pixels).

    The estimator has a seed; see `with_seed`.
    """
    return compress.random_patterns(rank, n_pixels, _seeds(estimator)[0])


def with_seed(estimator: BaseEstimator) -> BaseEstimator:
    """Return an estimator whose random state is an integer: it can be repeated."""
    random_state = estimator.random_state
    if random_state is None:
        random_state = np.random.SeedSequence().generate_state(1)[0]
    elif isinstance(random_state, np.random.Generator):
        random_state = random_state.integers(2**32)
    elif isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(2**31)
    elif isinstance(random_state, bool) or not isinstance(random_state, Integral):
        raise ValueError(
            "random_state must be None, an integer, a numpy Generator or RandomState, "
            f"got {random_state!r}."
        )
    if random_state < 0:
        raise ValueError(f"random_state must be at least 0, got {random_state}.")
    return changed(estimator, random_state=int(random_state))


def changed(estimator: BaseEstimator, **parameters: Any) -> BaseEstimator:
    """Return an estimator with some parameters changed, the others not copied."""
    return type(estimator)(**(estimator.get_params(deep=False) | parameters))


def _seeds(estimator: BaseEstimator) -> list[int]:
    """Return the seed of the sketch and that of each start."""
    sequence = np.random.SeedSequence(estimator.random_state)
    n_starts = estimator.n_init if isinstance(estimator.init, str) else 1
    return sequence.generate_state(n_starts + 1).tolist()


def _in_units_of_the_data(
    project: Callable[[np.ndarray], np.ndarray] | None, scale: np.ndarray | None
) -> Callable[[np.ndarray], np.ndarray] | None:
    if project is None or scale is None:
        return project

    def apply(stack: np.ndarray) -> np.ndarray:
        own = scale.astype(stack.dtype)
        return project(stack * own) / own

    return apply


def begins_pure(estimator: BaseEstimator) -> bool:
    """Return whether any start begins at the purest positions."""
    return isinstance(estimator.init, str) and estimator.init != "random"


def _starts(
    estimator: BaseEstimator,
    operator: StreamedOperator | CoarseScan,
    seeds: list[int],
    sketch: LowRankOperator | None,
    fixed: Fixed,
) -> list[State]:
    """Return the state that each start begins in."""
    shape = (estimator.n_components, operator.shape[0])
    given = starting_loadings(estimator, operator.keep_positions)
    factors = np.zeros((estimator.n_components, operator.shape[1]), operator.dtype)
    every = STARTS[estimator.init] if given is None else 0
    pure = None
    if every:
        assert sketch is not None  # made where starts are pure
        # Positions side by side are alike where maps are smooth.
        smoothing, average = _smoothing(estimator), None
        if smoothing is not None:
            average = neighbours_mean(operator.keep_positions, smoothing)
        pure = PurePositions(sketch, shape[0], average, fixed)
    known: np.ndarray | None = None
    starts = []
    for i, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        if given is not None:
            loadings = given
        elif pure is not None and i % every == 0:
            loadings = pure.loadings(rng if i else None)
        else:
            loadings = rng.random(shape)
            # Else the others would begin with what the known factors explain.
            if known is None:
                source = operator if sketch is None else sketch
                assert not isinstance(source, CoarseScan)  # which has a sketch
                known = _loadings_alone(source, fixed.factors)
            loadings[: len(known)] = known
        loadings = loadings.astype(operator.dtype)
        fixed.put_into(factors, loadings)
        starts.append(State(factors, loadings, rng))
    return starts


def _loadings_alone(
    operator: StreamedOperator | LowRankOperator, factors: np.ndarray
) -> np.ndarray:
    """Return the maps of factors if there were nothing else, (n, n_positions)."""
    maps = np.zeros((len(factors), operator.shape[0]), operator.dtype)
    if not len(factors):
        return maps
    products = operator.images(factors.astype(operator.dtype))
    return half_steps.nonnegative_least_squares(products, gram_of_rows(factors), maps)


def _histories(states: list[State]) -> dict[str, np.ndarray]:
    """Return the histories of all starts, NaN after a start has ended."""
    names = "error_history", "factor_change_history", "loading_change_history"
    longest = max(len(state.history) for state in states)
    histories = np.full((len(names), len(states), longest), np.nan)
    for i, state in enumerate(states):
        histories[:, i, : len(state.history)] = np.transpose(state.history)
    return dict(zip(names, histories, strict=True))


def _in_units(
    factors: list[np.ndarray], pixel_scale: np.ndarray | None
) -> list[np.ndarray]:
    """Return the factors of all starts in the units of the data."""
    return factors if pixel_scale is None else [f * pixel_scale for f in factors]


def _unscaled(result: Result, scales: Scales) -> Result:
    """Return a result in the units of the data."""
    position_scale, pixel_scale = scales
    if position_scale is None or pixel_scale is None:
        return result
    factors = result.factors * pixel_scale.astype(result.factors.dtype)
    loadings = result.loadings * position_scale.astype(result.loadings.dtype)
    return replace(result, factors=factors, loadings=loadings)


def _of_type(result: Result, dtype: np.dtype) -> Result:
    """Return a result whose factors and loadings are of the type of the products."""
    return replace(
        result,
        factors=result.factors.astype(dtype, copy=False),
        loadings=result.loadings.astype(dtype, copy=False),
    )


def _without_halves(result: Result, n_fixed: int) -> Result:
    """Return a result whose components are empty where their factor or map is.

    What is given stays.
    """
    whole = np.logical_and(result.factors.any(axis=1), result.loadings.any(axis=1))
    empty = ~whole & (np.arange(len(whole)) >= n_fixed)
    return replace(
        result,
        factors=np.where(empty[:, np.newaxis], 0, result.factors),
        loadings=np.where(empty[:, np.newaxis], 0, result.loadings),
    )


def _sorted(result: Result, n_fixed: int) -> Result:
    """Return a result with the strongest maps first, after what is fixed."""
    strength = np.linalg.norm(result.loadings, axis=1)
    strength[:n_fixed] = np.inf
    order = np.argsort(-strength, kind="stable")
    return replace(
        result,
        factors=result.factors[order],
        loadings=result.loadings[order],
        agreement=None if result.agreement is None else result.agreement[:, order],
    )


def _parameters(
    estimator: BaseEstimator, sketch: LowRankOperator | None, fixed: Fixed
) -> dict[str, Any]:
    parameters = estimator.get_params(deep=False)
    if not isinstance(estimator.init, str):
        parameters["init"] = "given"
    # How many are fixed: they are in the result, the first ones.
    parameters["fixed_factors"] = fixed.held.n_factors
    parameters["fixed_loadings"] = fixed.held.n_loadings
    return parameters | {"compression_rank": None if sketch is None else sketch.rank}
