"""From an operator to a result: sketch, random starts, the loop, the exact end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.constraints import GaussianSmoothing, RingFloor
from hspy_cnmf.constraints.base import prepare
from hspy_cnmf.constraints.several import first_of
from hspy_cnmf.device.choice import chooses_gpu
from hspy_cnmf.operators import LowRankOperator, SeriesOperator, StreamedOperator
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.operators.threads import n_processors
from hspy_cnmf.operators.undivided import UndividedSketch
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.coarse import CoarseScan, Grid, cell_sizes, coarse_smoothing
from hspy_cnmf.solver.equal_weights import ITERATIONS, with_equal_weights
from hspy_cnmf.solver.fixed import Fixed, Held, fixed_of
from hspy_cnmf.solver.iteration import Configuration, State
from hspy_cnmf.solver.last_iteration import end_on_data, end_on_sketch
from hspy_cnmf.solver.loop import go_on, run
from hspy_cnmf.solver.matrix import Matrix
from hspy_cnmf.solver.outcome import (
    of_type,
    parameters_of,
    result_of,
    structure_left,
)
from hspy_cnmf.solver.resolution import changed, random_patterns, resolve, seeds_of
from hspy_cnmf.solver.result import Result
from hspy_cnmf.solver.revision import Revision
from hspy_cnmf.solver.smallest_volume import of_small_volume
from hspy_cnmf.solver.smoothing import (
    in_units_of_the_data,
    smoothing_of,
    with_smoothing_borne_out,
    with_wider_smoothing,
)
from hspy_cnmf.solver.stages import Stage, run_in_stages
from hspy_cnmf.solver.starts import begins_pure, starts_of

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


def factorise_resolved(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales = (None, None),
    sketch: LowRankOperator | None = None,
    progress: Callable[[int], object] = lambda n: None,
    last_iteration: str = "data",
    equal_weights: bool = False,
) -> Result:
    """Factorise with an estimator that is resolved, on the sketch or, None, the data.

    See `factorise` for the parameters and `resolve` for the estimator. With
    `equal_weights`, patterns of what normalised noise finds are fitted as the data are.
    """
    seeds = seeds_of(estimator)[1:]
    dtype = operator.dtype
    if estimator.solver in half_steps.IN_DOUBLE or prod(operator.shape) <= _SMALL:
        operator = operator.in_double()
        sketch = None if sketch is None else sketch.astype(operator.dtype)
    source = operator.silent() if sketch is None else sketch
    # Where starts begin, and components left over, is found on a sketch in any case.
    is_needed = sketch is None and (estimator.prune or begins_pure(estimator))
    guide = _automatic_sketch(operator, estimator) if is_needed else sketch
    estimator = _on_device(estimator, operator, sketch)
    estimator, smoothing = with_smoothing_borne_out(operator, estimator, scales, guide)
    given = fixed_of(estimator, operator.keep_positions, operator.keep_pixels)
    fixed = given.divided(*scales)
    configuration = _configuration(operator, estimator, scales, guide, fixed)
    cells = _cell_sizes(estimator, operator, fixed) if sketch is not None else []
    if cells and sketch is not None:
        states, best, compared = _run_in_stages(
            operator, estimator, scales, sketch, cells, seeds, progress, configuration
        )
    else:
        # Only while factors are sought: the last maps are no smoother than asked for.
        wide, width = with_wider_smoothing(operator, estimator, guide)
        smoothing["smoothing_width"] = width
        loop = _configuration(operator, wide, scales, guide, fixed)
        starts = starts_of(wide, operator, seeds, guide, fixed)
        states = run(source, starts, loop, progress)
        best = _order(states, operator.shape, loop.revise)[0]
        compared = [state.factors for state in states]
        states[best] = go_on(source, states[best], loop)
        is_tentative = getattr(smoothing_of(estimator), "tentative", False)
        if is_tentative and sketch is not None and operator.keep_pixels.ndim == 1:
            # One more start, and the published iteration only if it errs less: spectra
            # share channels; of patterns, crystals lie over others, and come apart.
            (begin,) = starts_of(wide, operator, seeds[:1], guide, fixed)
            last = run(source, [replace(begin, weighted=True)], loop)[0]
            both = [states[best], go_on(source, last, loop)]
            # What only this one finds may be noise that pruning does not tell in it.
            plain, found = (np.count_nonzero(s.factors.any(axis=1)) for s in both)
            is_better = bool(
                found <= plain and _order(both, operator.shape, loop.revise)[0]
            )
            if is_better:
                states[best], compared[best] = both[1], last.factors
            smoothing["smoothing_weighted"] = is_better
    is_automatic = isinstance(estimator.volume_weight, str)
    if guide is not None and is_automatic and begins_pure(estimator):
        pure = changed(estimator, init="pure")
        (begin,) = starts_of(pure, operator, seeds[:1], guide, fixed)
        states[best], configuration = of_small_volume(
            source, guide, states[best], begin, configuration
        )
    told: dict = {}
    if equal_weights and guide is not None:
        states[best] = _with_equal_weights(
            operator, estimator, scales, guide, given, states[best], configuration
        )
        # The last iteration would fit patterns with the other weights again.
        every = Held(n_factors=len(states[best].factors))
        configuration = replace(configuration, held=every)
        told["equal_weights"] = True
    if last_iteration == "sketch" and sketch is not None:
        end = end_on_sketch(sketch, states[best], configuration)
    else:
        end = end_on_data(operator, states[best], configuration, sketch)
    told |= {"last_iteration": last_iteration, "last_readings": end.n_readings}
    told["volume_weight"] = configuration.volume_weight
    if sketch is not None:
        told["sketch_refinements"] = compress.refinements(operator.shape)
    if guide is not None:
        n_found = int(np.count_nonzero(end.loadings.any(axis=1)))
        told["structure_left"] = structure_left(guide, n_found)
    result = result_of(
        states,
        int(best),
        compared,
        end,
        scales,
        fixed.held.n,
        square_norm=operator.square_norm if sketch is None else sketch.square_norm,
        seeds=seeds,
        parameters=parameters_of(estimator, sketch, fixed) | smoothing | told,
    )
    return of_type(result, dtype)


def _configuration(
    operator: StreamedOperator | CoarseScan,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator | None,
    fixed: Fixed,
) -> Configuration:
    """Return what the loop needs to know; nothing is read for it."""
    project_factors, project_loadings = (
        in_units_of_the_data(prepare(getattr(estimator, name), keep, name), scale)
        for name, keep, scale in (
            ("factor_constraint", operator.keep_pixels, scales[1]),
            ("loading_constraint", operator.keep_positions, scales[0]),
        )
    )
    weight, revise = estimator.volume_weight, None
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
        purify=_matrix(operator, estimator, scales[1], sketch, fixed),
        volume_weight=0.0 if isinstance(weight, str) else float(weight),
        held=fixed.held,
        on_gpu=estimator.device == "gpu",
    )


def _on_device(
    estimator: BaseEstimator,
    operator: StreamedOperator,
    sketch: LowRankOperator | None,
) -> BaseEstimator:
    """Return an estimator that says where iterations run."""
    is_gpu = sketch is not None and chooses_gpu(
        estimator.device,
        estimator.n_components,
        len(seeds_of(estimator)) - 1,
        sketch.rank,
        sum(operator.shape),
        n_processors(),
    )
    return changed(estimator, device="gpu" if is_gpu else "cpu")


def _matrix(
    operator: StreamedOperator | CoarseScan,
    estimator: BaseEstimator,
    pixel_scale: np.ndarray | None,
    sketch: LowRankOperator | None,
    fixed: Fixed,
) -> Matrix | None:
    """Return what takes the matrix out of other patterns, None without known rings."""
    constraint = first_of(estimator.factor_constraint, RingFloor)
    if estimator.matrix is None or constraint is None:
        return None
    rings = constraint.rings(operator.keep_pixels)
    if sketch is None:
        return Matrix(rings, pixel_scale, fixed.held)
    total = sketch.patterns(np.ones((1, sketch.shape[0]), sketch.dtype))[0]
    return Matrix.of_mean(rings, total, pixel_scale, fixed.held)


def _with_equal_weights(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator,
    given: Fixed,
    state: State,
    configuration: Configuration,
) -> State:
    """Return a start whose patterns go on with equal weights."""
    by_position, by_pixel = scales
    assert by_position is not None and by_pixel is not None  # noise is normalised
    data = UndividedSketch.from_divided(sketch.fitted(), by_position, by_pixel)
    estimator = changed(estimator, prune=False, max_iter=ITERATIONS)
    equal = _configuration(operator, estimator, (None, None), data, given)
    return with_equal_weights(sketch, data, state, scales, configuration, equal)


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


def _run_in_stages(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator,
    cells: list[tuple[int, ...]],
    seeds: list[int],
    progress: Callable[[int], object],
    on_all: Configuration,
) -> tuple[list[State], int, list[np.ndarray]]:
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
        configuration = _configuration(
            scan, own, own_scales, scan.sketch, _nothing_fixed(scan)
        )
        return Stage(scan.sketch, configuration, scan.grid)

    return run_in_stages(
        [partial(stage, i) for i in range(len(cells) + 1)],
        starts(),
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
    """Return the sketch of an estimator; two readings of the data, or up to four."""
    patterns = random_patterns(estimator, rank, operator.keep_pixels)
    return compress.sketch(operator, operator.span(patterns))
