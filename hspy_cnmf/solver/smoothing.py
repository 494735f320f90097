"""Smoothing of maps, as far as the data bear it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.per_scan import PerScan, smooths
from hspy_cnmf.constraints.several import each, first_of
from hspy_cnmf.device.arrays import Constant
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver.resolution import changed
from hspy_cnmf.solver.smoothing_cost import DEAR, smoothing_cost
from hspy_cnmf.solver.smoothing_width import smoothing_width


def smoothing_of(estimator: BaseEstimator) -> GaussianSmoothing | PerScan | None:
    """Return the constraint that smooths maps, or None."""
    kinds = GaussianSmoothing, PerScan
    constraint = first_of(estimator.loading_constraint, kinds)
    return constraint if smooths(constraint) else None


def with_smoothing_borne_out(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator | None,
) -> tuple[BaseEstimator, dict[str, Any]]:
    """Return an estimator without a smoothing that the data contradict, and its cost.

    A smoothing that is not tentative stays; where there is no sketch, any does.
    """
    constraint = smoothing_of(estimator)
    if sketch is None or constraint is None:
        return estimator, {}
    smooth = in_units_of_the_data(
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


def with_wider_smoothing(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    sketch: LowRankOperator | None,
) -> tuple[BaseEstimator, float]:
    """Return an estimator that smooths maps as widely as the data bear, and how widely.

    The width is a multiple of that of the automatic smoothing. Others stay.
    """
    constraint, keep = smoothing_of(estimator), operator.keep_positions
    if sketch is None or constraint is None or not constraint.tentative:
        return estimator, 1.0
    width = smoothing_width(sketch, constraint, keep, estimator.n_components)
    wider = each(
        lambda c: c.widened(width, keep.shape) if c is constraint else c,
        estimator.loading_constraint,
    )
    return changed(estimator, loading_constraint=wider), width


def in_units_of_the_data(
    project: Callable[[np.ndarray], np.ndarray] | None, scale: np.ndarray | None
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return a constraint on what was divided by a scale, as it is on the data."""
    if project is None or scale is None:
        return project
    constant = Constant(scale)

    def apply(stack: np.ndarray) -> np.ndarray:
        own = constant.beside(stack).astype(stack.dtype)
        result = project(stack * own)
        result /= own  # another copy would be large
        return result

    return apply
