"""What iterations have to know: a configuration from the parameters of an estimator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.constraints import RingFloor
from hspy_cnmf.constraints.base import prepare
from hspy_cnmf.constraints.several import first_of
from hspy_cnmf.operators import LowRankOperator, SeriesOperator, StreamedOperator
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.coarse import CoarseScan
from hspy_cnmf.solver.fixed import Fixed
from hspy_cnmf.solver.iteration import Configuration
from hspy_cnmf.solver.matrix import Matrix
from hspy_cnmf.solver.revision import Revision
from hspy_cnmf.solver.smoothing import in_units_of_the_data


def configuration_of(
    operator: StreamedOperator | CoarseScan,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator | None,
    fixed: Fixed,
) -> Configuration:
    """Return what the loop needs to know; nothing is read for it."""
    project_factors = factors_projection(operator, estimator, scales)
    project_loadings = loadings_projection(operator, estimator, scales)
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


def factors_projection(
    operator: StreamedOperator | CoarseScan, estimator: BaseEstimator, scales: Scales
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return the constraint on factors of data that were divided by scales."""
    constraint, keep = estimator.factor_constraint, operator.keep_pixels
    return in_units_of_the_data(
        prepare(constraint, keep, "factor_constraint"), scales[1]
    )


def loadings_projection(
    operator: StreamedOperator | CoarseScan, estimator: BaseEstimator, scales: Scales
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return the constraint on maps of data that were divided by scales."""
    constraint, keep = estimator.loading_constraint, operator.keep_positions
    return in_units_of_the_data(
        prepare(constraint, keep, "loading_constraint"), scales[0]
    )


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
