"""From an operator to a result: sketch, random starts, the loop, the exact end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.device.choice import chooses_gpu
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.operators.threads import n_processors
from hspy_cnmf.operators.undivided import UndividedSketch
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.configuring import configuration_of, factors_projection
from hspy_cnmf.solver.equal_weights import ITERATIONS, with_equal_weights
from hspy_cnmf.solver.fixed import Fixed, Held, fixed_of
from hspy_cnmf.solver.following import follow
from hspy_cnmf.solver.iteration import Configuration, State
from hspy_cnmf.solver.last_iteration import (
    end_on_all_pixels,
    end_on_data,
    end_on_sketch,
)
from hspy_cnmf.solver.outcome import (
    of_type,
    parameters_of,
    result_of,
    structure_left,
)
from hspy_cnmf.solver.pattern_totals import Noise
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
    seeds = seeds_of(estimator)[1:]
    dtype = operator.dtype
    if estimator.solver in half_steps.IN_DOUBLE or prod(operator.shape) <= _SMALL:
        operator = operator.in_double()
        sketch = None if sketch is None else sketch.astype(operator.dtype)
    constraint = estimator.factor_constraint
    summing: dict[str, Any] = {}
    if sketch is not None and most_summed > 1:
        estimator, sketch, summing = with_summed_pixels(
            operator, estimator, scales, sketch, most_summed
        )
    source = operator.silent() if sketch is None else sketch
    # Where starts begin, and components left over, is found on a sketch in any case.
    is_needed = sketch is None and (estimator.prune or begins_pure(estimator))
    guide = _automatic_sketch(operator, estimator) if is_needed else sketch
    estimator = _on_device(estimator, operator, sketch)
    estimator, smoothing = with_smoothing_borne_out(operator, estimator, scales, guide)
    given = fixed_of(estimator, operator.keep_positions, operator.keep_pixels)
    fixed = given.divided(*scales)
    configuration = configuration_of(operator, estimator, scales, guide, fixed)
    followed = follow(
        operator,
        estimator,
        scales,
        source,
        guide,
        fixed,
        seeds,
        configuration,
        progress,
    )
    states, best = followed.states, followed.best
    is_automatic = isinstance(estimator.volume_weight, str)
    if guide is not None and is_automatic and begins_pure(estimator):
        pure = changed(estimator, init="pure")
        (begin,) = starts_of(pure, operator, seeds[:1], guide, fixed)
        states[best], configuration = of_small_volume(
            source, guide, states[best], begin, configuration
        )
    told = summing | smoothing | followed.told
    if equal_weights and guide is not None:
        states[best] = _with_equal_weights(
            operator, estimator, scales, guide, given, states[best], configuration
        )
        # The last iteration would fit patterns with the other weights again.
        every = Held(n_factors=len(states[best].factors))
        configuration = replace(configuration, held=every)
        told["equal_weights"] = True
    configuration, shares = with_smoothing_by_shares(
        operator, estimator, scales, guide, states[best], configuration
    )
    told |= shares
    noise = None
    if sketch is not None and summing:  # counts are few, and a floor at most acts
        noise = Noise(pixel_noise(sketch, len(states[best].factors)))
    if summing.get("summed_pixels", 1) > 1:
        assert sketch is not None and noise is not None
        averaged = noise_of_sums(estimator, operator.keep_pixels, noise.of_pixels)
        noise = replace(noise, of_sums=averaged)
        end = end_on_sketch(sketch, states[best], configuration, Noise(averaged))
        estimator = changed(estimator, factor_constraint=constraint)
        project = factors_projection(operator, estimator, scales)
        finer = replace(configuration, project_factors=project)
        end = end_on_all_pixels(operator, states[best], end, finer, noise)
    elif last_iteration == "sketch" and sketch is not None:
        end = end_on_sketch(sketch, states[best], configuration)
    else:
        end = end_on_data(operator, states[best], configuration, sketch, noise)
    told |= {"last_iteration": last_iteration, "last_readings": end.n_readings}
    told["volume_weight"] = configuration.volume_weight
    if sketch is not None:
        told["sketch_refinements"] = compress.refinements(operator.shape)
    if guide is not None:
        n_found = int(np.count_nonzero(end.loadings.any(axis=1)))
        told["structure_left"] = structure_left(guide, n_found)
    result = result_of(
        states,
        best,
        followed.compared,
        end,
        scales,
        fixed.held.n,
        square_norm=operator.square_norm if sketch is None else sketch.square_norm,
        seeds=seeds,
        parameters=parameters_of(estimator, sketch, fixed) | told,
    )
    return of_type(result, dtype)


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
    equal = configuration_of(operator, estimator, (None, None), data, given)
    return with_equal_weights(sketch, data, state, scales, configuration, equal)


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
