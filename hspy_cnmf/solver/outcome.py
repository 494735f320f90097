"""Result of a factorisation: what starts ended with, in the units of the data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.low_rank import principal_turn
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver.agreement import agreement_with, in_order_of
from hspy_cnmf.solver.fixed import Fixed
from hspy_cnmf.solver.iteration import State
from hspy_cnmf.solver.last_iteration import End
from hspy_cnmf.solver.left_over import rounding
from hspy_cnmf.solver.result import Result


def result_of(
    states: list[State],
    best: int,
    compared: list[np.ndarray],
    end: End,
    scales: Scales,
    n_fixed: int,
    *,
    square_norm: float,
    seeds: list[int],
    parameters: dict[str, Any],
) -> Result:
    """Return a result in the units of the data, the strongest components first.

    Parameters
    ----------
    states : list of State
        What each start ended with.
    best : int
        The start that was followed to its end.
    compared : list of numpy.ndarray
        Factors of each start, for their agreement; where the best one went on from
        there, in whichever order.
    end : End
        Of the best start.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels were divided by.
    n_fixed : int
        How many components are fixed; they stay first.
    square_norm : float
        Of the (weighted) data, squared.
    seeds : list of int
        One for each start.
    parameters : dict
        What the result remembers.
    """
    compared = compared.copy()
    compared[best] = in_order_of(states[best].factors, compared[best])
    result = Result(
        factors=end.factors,
        loadings=end.loadings,
        error=end.error,
        best=best,
        status=tuple(state.status for state in states),
        n_iter=np.array([len(state.history) for state in states]),
        agreement=agreement_with(best, _in_units(compared, scales[1])),
        square_norm=square_norm,
        seeds=np.array(seeds),
        parameters=parameters,
        **_histories(states),
    )
    return _sorted(_without_halves(_unscaled(result, scales), n_fixed), n_fixed)


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
    factors, loadings = (
        stack if scale is None else stack * scale.astype(stack.dtype)
        for stack, scale in ((result.factors, scales[1]), (result.loadings, scales[0]))
    )
    return replace(result, factors=factors, loadings=loadings)


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
    of_each = {
        name: [result.parameters[name][k] for k in order]
        for name in ("taken_out", "left_in", "films")
        if name in result.parameters
    }
    return replace(
        result,
        parameters=result.parameters | of_each,
        factors=result.factors[order],
        loadings=result.loadings[order],
        agreement=None if result.agreement is None else result.agreement[:, order],
    )


def principal_squares(sketch: LowRankOperator) -> np.ndarray:
    """Return what each principal component explains, the most first, (rank,)."""
    return principal_turn(sketch.basis_images)[0]


def structure_left(sketch: LowRankOperator, n_found: int) -> float:
    r"""Return how far what components leave over is above noise.

    Parameters
    ----------
    sketch : LowRankOperator
        Of the data.
    n_found : int
        Number n of components.

    Returns
    -------
    float
        At least 1, which is noise alone.

    Notes
    -----
    :math:`\lambda_{n+1} / \lambda_{2n+1}`, what principal components of those numbers
    explain. The second is noise where no more than n further components are missing.
    """
    values = principal_squares(sketch)
    noise = min(2 * n_found, len(values) - 1)
    least = rounding(values, sketch.dtype)
    if noise <= n_found or values[n_found] <= least:
        return 1.0
    return float(values[n_found] / max(values[noise], least))


def of_type(result: Result, dtype: np.dtype) -> Result:
    """Return a result whose factors and loadings are of the type of the products."""
    return replace(
        result,
        factors=result.factors.astype(dtype, copy=False),
        loadings=result.loadings.astype(dtype, copy=False),
    )


def parameters_of(
    estimator: BaseEstimator, sketch: LowRankOperator | None, fixed: Fixed
) -> dict[str, Any]:
    """Return the parameters of an estimator as a result remembers them."""
    parameters = estimator.get_params(deep=False)
    if not isinstance(estimator.init, str):
        parameters["init"] = "given"
    # How many are fixed: they are in the result, the first ones.
    parameters["fixed_factors"] = fixed.held.n_factors
    parameters["fixed_loadings"] = fixed.held.n_loadings
    return parameters | {"compression_rank": None if sketch is None else sketch.rank}
