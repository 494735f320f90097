"""Smoothing of maps, as far as the data bear it out."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.per_scan import PerScan, smooths
from hspy_cnmf.constraints.several import each, first_of
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.revision import Revision
from hspy_cnmf.solver.smoothing_cost import DEAR, smoothing_cost
from hspy_cnmf.solver.smoothing_width import smoothing_width


def smoothing_of(estimator: BaseEstimator) -> GaussianSmoothing | PerScan | None:
    """Return the constraint that smooths maps, or None."""
    kinds = GaussianSmoothing, PerScan
    constraint = first_of(estimator.loading_constraint, kinds)
    return constraint if smooths(constraint) else None


def with_smoothing_borne_out(problem: Problem) -> tuple[Problem, dict[str, Any]]:
    """Return a problem without a smoothing that the data contradict, and its cost.

    A smoothing that is not tentative stays; where there is no sketch, any does.
    """
    estimator, sketch = problem.estimator, problem.sketch
    constraint = smoothing_of(estimator)
    smooth = problem.on_loadings(constraint)
    if sketch is None or constraint is None or smooth is None:
        return problem, {}
    cost = smoothing_cost(sketch, smooth, estimator.n_components)
    leaves_out = constraint.tentative and cost > DEAR
    if leaves_out:
        others = each(
            lambda c: None if c is constraint else c, estimator.loading_constraint
        )
        problem = problem.asking(loading_constraint=others)
    return problem, {"smoothing_cost": cost, "smoothing_left_out": leaves_out}


def with_wider_smoothing(problem: Problem) -> tuple[Problem, float]:
    """Return a problem that smooths maps as widely as the data bear, and how widely.

    The width is a multiple of that of the automatic smoothing. Others stay.
    """
    estimator, sketch = problem.estimator, problem.sketch
    constraint, keep = smoothing_of(estimator), problem.operator.keep_positions
    if sketch is None or constraint is None or not constraint.tentative:
        return problem, 1.0
    width = smoothing_width(sketch, constraint, keep, estimator.n_components)
    wider = each(
        lambda c: c.widened(width, keep.shape) if c is constraint else c,
        estimator.loading_constraint,
    )
    return problem.asking(loading_constraint=wider), width


def standing_out(problem: Problem) -> int:
    """Return how far principal images stand out of noise, smoothed as a run does.

    Parameters
    ----------
    problem : Problem
        With a sketch. See `Revision.standing_out`.
    """
    assert problem.sketch is not None
    wide, _ = with_wider_smoothing(problem)
    project = problem.on_loadings(wide.estimator.loading_constraint)
    n_components = problem.estimator.n_components
    return Revision(problem.sketch, n_components, project).standing_out
