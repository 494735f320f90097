"""From an operator to a result: sketch, random starts, the loop, the exact end."""

from dataclasses import replace
from numbers import Integral

import numpy as np

from hspy_cnmf.arguments import plain
from hspy_cnmf.constraints.base import prepare
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.agreement import agreement_with
from hspy_cnmf.solver.iteration import Configuration, State, final_iteration
from hspy_cnmf.solver.loop import run
from hspy_cnmf.solver.parameters import check_parameters, starting_loadings
from hspy_cnmf.solver.result import Result
from hspy_cnmf.solver.revision import Revision


def factorise(
    operator,
    estimator,
    scales=(None, None),
    sketch=None,
    progress=lambda n: None,
    last_iteration="data",
):
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


def resolve(estimator, keep_positions, keep_pixels):
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
    operator,
    estimator,
    scales=(None, None),
    sketch=None,
    progress=lambda n: None,
    last_iteration="data",
):
    """Factorise with an estimator that is resolved, on the sketch or, None, the data.

    See `factorise` for the parameters and `resolve` for the estimator.
    """
    seeds = _seeds(estimator)[1:]
    if estimator.solver in half_steps.IN_DOUBLE:
        operator = operator.in_double()
        sketch = None if sketch is None else sketch.astype(operator.dtype)
    source = operator.silent() if sketch is None else sketch
    # Where components left over start again is found on a sketch in any case.
    is_needed = estimator.prune and sketch is None
    guide = _automatic_sketch(operator, estimator) if is_needed else sketch
    configuration = _configuration(operator, estimator, scales, guide)
    states = run(source, _starts(estimator, operator, seeds), configuration, progress)
    best = _best(states, operator.shape, configuration.revise)
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
        agreement=agreement_with(best, _factors(states, scales[1])),
        **_histories(states),
    )
    return _sorted(_unscaled(result, scales))


def _configuration(operator, estimator, scales, sketch):
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
        revise = Revision(sketch, estimator.n_components, project_loadings)
    return Configuration(
        solve=half_steps.SOLVERS[estimator.solver],
        project_factors=project_factors,
        project_loadings=project_loadings,
        pixel_scale=scales[1],
        max_iter=estimator.max_iter,
        tol=estimator.tol,
        revise=revise,
    )


def _best(states, shape, revise):
    """Return which start ended with the lowest error.

    Where some kept more components than others, each has to be worth it.
    """
    errors = np.array([state.history[-1][0] for state in states])
    if revise is not None:
        found = [np.count_nonzero(state.factors.any(axis=1)) for state in states]
        errors += np.array(found) * revise.least / np.prod(shape)
    return int(np.argmin(errors))


def _automatic_sketch(operator, estimator):
    """Return the sketch of data that are not to be iterated on one; three readings."""
    rank = compress.automatic_rank(estimator.n_components)
    return _sketch(operator, estimator, min(rank, *operator.shape))


def _sketch(operator, estimator, rank):
    """Return the sketch of an estimator; three readings of the data."""
    patterns = random_patterns(estimator, rank, operator.shape[1])
    return compress.sketch(operator, operator.images(patterns))


def random_patterns(estimator, rank, n_pixels):
    """Return the random test matrix of an estimator's sketch, shape (rank, n_pixels).

    The estimator has a seed; see `with_seed`.
    """
    return compress.random_patterns(rank, n_pixels, _seeds(estimator)[0])


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
    given = starting_loadings(estimator, operator.keep_positions)
    factors = np.zeros((estimator.n_components, operator.shape[1]), operator.dtype)
    starts = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        loadings = rng.random(shape) if given is None else given
        starts.append(State(factors, loadings.astype(operator.dtype), rng))
    return starts


def _histories(states):
    """Return the histories of all starts, NaN after a start has ended."""
    names = "error_history", "factor_change_history", "loading_change_history"
    longest = max(len(state.history) for state in states)
    histories = np.full((len(names), len(states), longest), np.nan)
    for i, state in enumerate(states):
        histories[:, i, : len(state.history)] = np.transpose(state.history)
    return dict(zip(names, histories, strict=True))


def _factors(states, pixel_scale):
    """Return the factors of all starts in the units of the data."""
    factors = [state.factors for state in states]
    return factors if pixel_scale is None else [f * pixel_scale for f in factors]


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
        result,
        factors=result.factors[order],
        loadings=result.loadings[order],
        agreement=result.agreement[:, order],
    )


def _parameters(estimator, sketch):
    parameters = estimator.get_params(deep=False)
    if not isinstance(estimator.init, str):
        parameters["init"] = "given"
    return parameters | {"compression_rank": None if sketch is None else sketch.rank}
