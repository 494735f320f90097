"""States that starts begin in: the purest positions, random maps, or given ones."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.constraints.per_scan import neighbours_mean
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.coarse import CoarseScan
from hspy_cnmf.solver.iteration import State
from hspy_cnmf.solver.parameters import STARTS, starting_loadings
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.pure_positions import PurePositions
from hspy_cnmf.solver.smoothing import smoothing_of


def begins_pure(estimator: BaseEstimator) -> bool:
    """Return whether any start begins at the purest positions."""
    return isinstance(estimator.init, str) and estimator.init != "random"


def starts_of(problem: Problem, seeds: list[int]) -> list[State]:
    """Return the state that each start begins in, one for each seed.

    A sketch is needed where a start begins at the purest positions.
    """
    operator, estimator = problem.operator, problem.estimator
    sketch, fixed = problem.sketch, problem.fixed
    shape = (estimator.n_components, operator.shape[0])
    given = starting_loadings(estimator, operator.keep_positions)
    factors = np.zeros((estimator.n_components, operator.shape[1]), operator.dtype)
    every = STARTS[estimator.init] if given is None else 0
    pure = None
    if every:
        assert sketch is not None  # made where starts are pure
        # Positions side by side are alike where maps are smooth.
        smoothing, average = smoothing_of(estimator), None
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
