"""From an operator to a result: sketch, random starts, the loop, the exact end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.device.choice import chooses_gpu
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.operators.threads import n_processors
from hspy_cnmf.operators.undivided import UndividedSketch
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.configuring import configuration_of, matrix_of, on_patterns
from hspy_cnmf.solver.equal_weights import ITERATIONS, with_equal_weights
from hspy_cnmf.solver.films import with_films_apart
from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.floor import (
    follow_with_floor_borne_out,
    without_tentative_floor,
)
from hspy_cnmf.solver.iteration import Configuration, State
from hspy_cnmf.solver.last_iteration import (
    End,
    end_on_all_pixels,
    end_on_data,
    end_on_sketch,
)
from hspy_cnmf.solver.left_over import left_over
from hspy_cnmf.solver.matrix_map import with_matrix_drawn
from hspy_cnmf.solver.outcome import (
    of_type,
    parameters_of,
    result_of,
    structure_left,
)
from hspy_cnmf.solver.pattern_totals import Noise
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.resolution import changed, random_patterns, resolve, seeds_of
from hspy_cnmf.solver.result import Result
from hspy_cnmf.solver.smallest_volume import of_small_volume
from hspy_cnmf.solver.smoothing import with_smoothing_borne_out
from hspy_cnmf.solver.smoothing_share import pixel_noise, with_smoothing_by_shares
from hspy_cnmf.solver.starts import begins_pure, starts_of
from hspy_cnmf.solver.summed_pixels import noise_of_sums, with_summed_pixels

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
    most_summed: int = 1,
) -> Result:
    """Factorise with an estimator that is resolved, on the sketch or, None, the data.

    See `factorise` for the parameters and `resolve` for the estimator. With
    `equal_weights`, patterns of what normalised noise finds are fitted as the data are.
    Up to `most_summed` pixels are summed along each axis of the detector while
    components are sought, if that finds more; see `with_summed_pixels`.
    """
    seeds, dtype = seeds_of(estimator)[1:], operator.dtype
    posed = _posed(operator, estimator, scales, sketch)
    problem, summing = with_summed_pixels(posed, most_summed)
    problem, smoothing = with_smoothing_borne_out(problem)
    problem, followed = follow_with_floor_borne_out(problem, seeds, progress)
    posed = posed.asking(matrix=problem.estimator.matrix)
    if followed.told.get("floor_left_out"):
        posed = without_tentative_floor(posed)
    configuration = configuration_of(problem)
    states, best = followed.states, followed.best
    states[best], configuration = _of_small_volume(
        problem, states[best], seeds, configuration
    )
    told = summing | smoothing | followed.told
    if equal_weights and problem.sketch is not None:
        states[best] = _with_equal_weights(problem, states[best], configuration)
        # The last iteration would fit patterns with the other weights again.
        every = Held(n_factors=len(states[best].factors))
        configuration = replace(configuration, held=every)
        told["equal_weights"] = True
    else:
        states[best], told_of_films = with_films_apart(
            problem, states[best], configuration
        )
        told |= told_of_films
    configuration, shares, told_of_shares = with_smoothing_by_shares(
        problem, states[best], configuration
    )
    configuration = with_matrix_drawn(problem, states[best], configuration, shares)
    # The end overwrites the state.
    if configuration.purify is not None:
        before = states[best].factors, states[best].loadings
        told |= configuration.purify.told_of_substrates(*before)
    # Where pixels may be summed, counts are few, and a floor at most acts on patterns.
    end = _end(
        problem, posed, states[best], configuration, last_iteration, bool(summing)
    )
    told |= told_of_shares | {"last_iteration": last_iteration}
    told["last_readings"] = end.n_readings
    told["volume_weight"] = configuration.volume_weight
    sketch = problem.iterated
    if sketch is not None:
        told["sketch_refinements"] = compress.refinements(operator.shape)
    if problem.sketch is not None:
        n_found = int(np.count_nonzero(end.loadings.any(axis=1)))
        told["structure_left"] = structure_left(problem.sketch, n_found)
        assert posed.sketch is not None  # of all pixels, as the end is
        told["left_over"] = list(left_over(posed.sketch, end.factors, end.loadings))
    constraint = posed.estimator.factor_constraint  # without that of summed pixels
    ended = changed(problem.estimator, factor_constraint=constraint)
    result = result_of(
        states,
        best,
        followed.compared,
        end,
        scales,
        problem.fixed.held.n,
        square_norm=(problem.data if sketch is None else sketch).square_norm,
        seeds=seeds,
        parameters=parameters_of(ended, sketch, problem.fixed) | told,
    )
    return of_type(result, dtype)


def _posed(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator | None,
) -> Problem:
    """Return the problem of data and their sketch, or of the data alone.

    Where starts begin, and components left over, is found on a sketch in any case.
    """
    if estimator.solver in half_steps.IN_DOUBLE or prod(operator.shape) <= _SMALL:
        operator = operator.in_double()
        sketch = None if sketch is None else sketch.astype(operator.dtype)
    estimator = _on_device(estimator, operator, sketch)
    on_data = sketch is None
    if on_data and (estimator.prune or begins_pure(estimator)):
        rank = compress.automatic_rank(estimator.n_components)
        sketch = _sketch(operator, estimator, min(rank, *operator.shape))
    return Problem.of(operator, estimator, scales, sketch, on_data)


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


def _of_small_volume(
    problem: Problem, state: State, seeds: list[int], configuration: Configuration
) -> tuple[State, Configuration]:
    """Return a start that has gone on to a small volume, where this is automatic."""
    estimator, sketch = problem.estimator, problem.sketch
    is_automatic = isinstance(estimator.volume_weight, str)
    if sketch is None or not is_automatic or not begins_pure(estimator):
        return state, configuration
    (begin,) = starts_of(problem.asking(init="pure"), seeds[:1])
    return of_small_volume(problem.source, sketch, state, begin, configuration)


def _with_equal_weights(
    problem: Problem, state: State, configuration: Configuration
) -> State:
    """Return a start whose patterns go on with equal weights."""
    by_position, by_pixel = problem.scales
    assert by_position is not None and by_pixel is not None  # noise is normalised
    assert problem.sketch is not None
    fitted = problem.sketch.fitted()
    data = UndividedSketch.from_divided(fitted, by_position, by_pixel)
    estimator = changed(problem.estimator, prune=False, max_iter=ITERATIONS)
    equal = configuration_of(Problem.of(problem.data, estimator, sketch=data))
    return with_equal_weights(
        problem.sketch, data, state, problem.scales, configuration, equal
    )


def _end(
    problem: Problem,
    posed: Problem,
    state: State,
    configuration: Configuration,
    last_iteration: str,
    counts_are_few: bool,
) -> End:
    """Return the last iteration, on all pixels where those of a problem are summed."""
    sketch, data, noise = problem.iterated, problem.data, None
    if sketch is not None and counts_are_few:
        noise = Noise(pixel_noise(sketch, len(state.factors)))
    if sketch is not posed.iterated:
        assert sketch is not None and noise is not None  # of summed pixels
        averaged = noise_of_sums(problem.estimator, data.keep_pixels, noise.of_pixels)
        end = end_on_sketch(sketch, state, configuration, Noise(averaged))
        project = on_patterns(posed, matrix_of(posed))
        finer = replace(configuration, project_factors=project)
        noise = replace(noise, of_sums=averaged)
        return end_on_all_pixels(data, state, end, finer, noise)
    if last_iteration == "sketch" and sketch is not None:
        return end_on_sketch(sketch, state, configuration)
    return end_on_data(data, state, configuration, sketch, noise)


def _sketch(
    operator: StreamedOperator, estimator: BaseEstimator, rank: int
) -> LowRankOperator:
    """Return the sketch of an estimator; two readings of the data, or up to four."""
    patterns = random_patterns(estimator, rank, operator.keep_pixels)
    return compress.sketch(operator, operator.span(patterns))
