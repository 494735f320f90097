"""From an operator to a result: sketch, random starts, the loop, the exact end."""

from dataclasses import replace
from numbers import Integral, Real

import numpy as np

from hspy_cnmf import compression as compress
from hspy_cnmf.constraints.base import prepare
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.loop import (
    Configuration,
    State,
    final_iteration,
    run,
)
from hspy_cnmf.solver.result import Result


def factorise(
    operator,
    estimator,
    scales=(None, None),
    sketch=None,
    progress=lambda n: None,
    last_iteration="data",
):
    """Factorise the data behind an operator.

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
    if estimator.n_components is None:
        estimator = changed(estimator, n_components=min(operator.shape))
    check_parameters(estimator, operator.keep_positions, operator.keep_pixels)
    estimator = with_seed(estimator)
    seeds = _seeds(estimator)[1:]
    configuration = Configuration(
        solve=half_steps.SOLVERS[estimator.solver],
        project_factors=_in_units_of_the_data(
            prepare(
                estimator.factor_constraint, operator.keep_pixels, "factor_constraint"
            ),
            scales[1],
        ),
        project_loadings=_in_units_of_the_data(
            prepare(
                estimator.loading_constraint,
                operator.keep_positions,
                "loading_constraint",
            ),
            scales[0],
        ),
        pixel_scale=scales[1],
        max_iter=estimator.max_iter,
        tol=estimator.tol,
    )
    if sketch is None and _rank(estimator, operator.shape) is not None:
        patterns = random_patterns_of(estimator, operator.shape)
        sketch = compress.sketch(operator, operator.images(patterns))
    source = operator.silent() if sketch is None else sketch
    states = run(source, _starts(estimator, operator, seeds), configuration, progress)
    best = int(np.argmin([state.history[-1][0] for state in states]))
    end = operator if last_iteration == "data" else source
    factors, loadings, error = final_iteration(end, states[best], configuration)
    result = Result(
        factors=factors,
        loadings=loadings,
        error=error,
        square_norm=end.square_norm,
        best=best,
        status=tuple(state.status for state in states),
        n_iter=np.array([len(state.history) for state in states]),
        seeds=np.array(seeds),
        parameters=_parameters(estimator, sketch) | {"last_iteration": last_iteration},
        **_histories(states),
    )
    return _sorted(_unscaled(result, scales))


def random_patterns_of(estimator, shape):
    """Return the random test matrix of an estimator's sketch, or none of rank 0.

    Parameters
    ----------
    estimator : hspy_cnmf.ConstrainedNMF
        With a seed; see `with_seed`.
    shape : tuple of int
        Number of positions and of pixels.

    Returns
    -------
    numpy.ndarray, shape (rank, n_pixels)
    """
    rank = _rank(estimator, shape) or 0
    return compress.random_patterns(rank, shape[1], _seeds(estimator)[0])


def with_seed(estimator):
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


def changed(estimator, **parameters):
    """Return an estimator with some parameters changed, the others not copied."""
    return type(estimator)(**(estimator.get_params(deep=False) | parameters))


def _seeds(estimator):
    """Return the seed of the sketch and that of each start."""
    sequence = np.random.SeedSequence(estimator.random_state)
    n_starts = estimator.n_init if isinstance(estimator.init, str) else 1
    return sequence.generate_state(n_starts + 1).tolist()


def _rank(estimator, shape):
    return compress.rank_of(estimator.compression, estimator.n_components, shape)


def check_parameters(estimator, keep_positions, keep_pixels):
    """Raise a ValueError that names the first parameter that does not make sense.

    Parameters
    ----------
    estimator : hspy_cnmf.ConstrainedNMF
    keep_positions, keep_pixels : numpy.ndarray of bool
        What takes part.
    """
    shape = np.count_nonzero(keep_positions), np.count_nonzero(keep_pixels)
    n_positions, n_pixels = shape
    _check_integer("n_components (output_dimension)", estimator.n_components)
    _check_integer("n_init", estimator.n_init)
    _check_integer("max_iter", estimator.max_iter)
    if estimator.n_components > min(shape):
        raise ValueError(
            f"n_components (output_dimension) is {estimator.n_components}, but data of "
            f"{n_positions} positions and {n_pixels} pixels (masked ones not counted) "
            f"have room for at most {min(shape)}. Ask for fewer components."
        )
    if not isinstance(estimator.tol, Real) or not estimator.tol >= 0:
        raise ValueError(f"tol must be a number of at least 0, got {estimator.tol!r}.")
    if not isinstance(estimator.solver, str) or (
        estimator.solver not in half_steps.SOLVERS
    ):
        known = " or ".join(map(repr, half_steps.SOLVERS))
        raise ValueError(f"solver must be {known}, got {estimator.solver!r}.")
    _starting_loadings(estimator, keep_positions)
    if estimator.compression not in (None, "auto"):
        _check_integer("compression (the rank of the sketch)", estimator.compression)
        if estimator.compression < estimator.n_components:
            raise ValueError(
                f"compression={estimator.compression} is a sketch of lower rank than "
                f"the {estimator.n_components} components asked for. Give at least "
                "twice as many, or 'auto', or None for no sketch."
            )


def _check_integer(name, value):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")


def _in_units_of_the_data(project, scale):
    if project is None or scale is None:
        return project

    def apply(stack):
        own = scale.astype(stack.dtype)
        return project(stack * own) / own

    return apply


def _starts(estimator, operator, seeds):
    """Return the state that each start begins in."""
    shape = (estimator.n_components, operator.shape[0])
    given = _starting_loadings(estimator, operator.keep_positions)
    factors = np.zeros((estimator.n_components, operator.shape[1]), operator.dtype)
    starts = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        loadings = rng.random(shape) if given is None else given
        starts.append(State(factors, loadings.astype(operator.dtype), rng))
    return starts


def _starting_loadings(estimator, keep):
    """Return the loadings that the argument ``init`` gives, None for random ones."""
    init = estimator.init
    if isinstance(init, str) and init == "random":
        return None
    shape = (estimator.n_components, *keep.shape)
    values = None if isinstance(init, str) else np.asarray(init, dtype=float)
    if values is not None and values.shape == shape:
        values = values[:, keep]
    if (
        values is None
        or values.shape != (shape[0], np.count_nonzero(keep))
        or not np.all((values >= 0) & np.isfinite(values))
    ):
        got = repr(init) if values is None else f"an array of shape {values.shape}"
        raise ValueError(
            "init must be 'random' or finite, non-negative loadings of shape "
            f"{shape}, got {got}."
        )
    return values


def _histories(states):
    """Return the histories of all starts, NaN after a start has ended."""
    names = "error_history", "factor_change_history", "loading_change_history"
    longest = max(len(state.history) for state in states)
    histories = np.full((len(names), len(states), longest), np.nan)
    for i, state in enumerate(states):
        histories[:, i, : len(state.history)] = np.transpose(state.history)
    return dict(zip(names, histories, strict=True))


def _unscaled(result, scales):
    """Return a result in the units of the data."""
    position_scale, pixel_scale = scales
    if position_scale is None:
        return result
    factors = result.factors * pixel_scale.astype(result.factors.dtype)
    loadings = result.loadings * position_scale.astype(result.loadings.dtype)
    return replace(result, factors=factors, loadings=loadings)


def _sorted(result):
    """Return a result with the components of the strongest maps first."""
    order = np.argsort(-np.linalg.norm(result.loadings, axis=1), kind="stable")
    return replace(
        result, factors=result.factors[order], loadings=result.loadings[order]
    )


def _parameters(estimator, sketch):
    parameters = estimator.get_params(deep=False)
    if not isinstance(estimator.init, str):
        parameters["init"] = "given"
    return parameters | {"compression_rank": None if sketch is None else sketch.rank}
