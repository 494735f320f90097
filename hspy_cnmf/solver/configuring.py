"""What iterations have to know: a configuration from the parameters of an estimator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hspy_cnmf.constraints import RingFloor
from hspy_cnmf.constraints.several import each, first_of
from hspy_cnmf.operators import SeriesOperator
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.coarse import CoarseScan
from hspy_cnmf.solver.counting_noise import CountingNoise
from hspy_cnmf.solver.iteration import Configuration
from hspy_cnmf.solver.matrix import Matrix
from hspy_cnmf.solver.matrix_floor import without_holes
from hspy_cnmf.solver.pixel_cells import PixelCells
from hspy_cnmf.solver.problem import Problem, Projection
from hspy_cnmf.solver.revision import Revision
from hspy_cnmf.solver.summed_pixels import SummedPixels

#: Rings further out than the innermost that is left, those about a centre that a mask
#: takes are whole, but for bad pixels: at least this share of the pixels is left.
_BEYOND_MASK, _WHOLE = 2, 0.95


def configuration_of(problem: Problem) -> Configuration:
    """Return what the loop needs to know; nothing is read for it."""
    operator, estimator, held = problem.operator, problem.estimator, problem.fixed.held
    project_loadings = problem.on_loadings(estimator.loading_constraint)
    weight, revise, matrix = estimator.volume_weight, None, matrix_of(problem)
    if estimator.prune:
        sketch, n_components = problem.sketch, estimator.n_components
        assert sketch is not None  # made where components are pruned
        scans = operator.scans if isinstance(operator, SeriesOperator) else ()
        # Maps that are not smoothed follow noise to where it is strongest.
        counting = None if project_loadings is None else _counting_noise(problem)
        revise = Revision(sketch, n_components, project_loadings, held, scans, counting)
    return Configuration(
        solve=half_steps.SOLVERS[estimator.solver],
        project_factors=on_patterns(problem, matrix),
        project_loadings=project_loadings,
        pixel_scale=problem.scales[1],
        max_iter=estimator.max_iter,
        tol=estimator.tol,
        revise=revise,
        purify=matrix,
        volume_weight=0.0 if isinstance(weight, str) else float(weight),
        held=held,
        on_gpu=estimator.device == "gpu",
        cells=_cells_of(problem, matrix),
    )


def _counting_noise(problem: Problem) -> CountingNoise:
    """Return the noise that the data of a problem have if they are counts."""
    operator, (by_position, by_pixel) = problem.operator, problem.scales
    n_positions, n_pixels = operator.shape
    n_summed = np.ones(n_positions)
    if isinstance(operator, CoarseScan):
        n_summed = operator.grid.counts
    position_scale = n_summed if by_position is None else by_position * n_summed
    pixel_scale = np.ones(n_pixels) if by_pixel is None else by_pixel
    summed = first_of(problem.estimator.factor_constraint, SummedPixels)
    cells = None if summed is None else summed.grid(operator.keep_pixels).counts
    n_averaged = 1.0 if cells is None else float(cells.mean())
    return CountingNoise(1 / position_scale, 1 / pixel_scale, n_summed, n_averaged)


def _cells_of(problem: Problem, matrix: Matrix | None) -> PixelCells | None:
    """Return the cells of pixels over which all factors are the same, if there are."""
    constraint, scale = problem.estimator.factor_constraint, problem.scales[1]
    summed = first_of(constraint, SummedPixels)
    if summed is None or summed.scale is not scale or problem.fixed.held.n_factors:
        return None
    others = each(lambda c: None if c is summed else c, constraint)
    project = problem.on_factors(without_holes(others, matrix))
    return PixelCells(summed.grid(problem.operator.keep_pixels), project)


def on_patterns(problem: Problem, matrix: Matrix | None) -> Projection:
    """Return the constraint on factors, which leaves no holes in a matrix."""
    constraint = problem.estimator.factor_constraint
    return problem.on_factors(without_holes(constraint, matrix))


def matrix_of(problem: Problem) -> Matrix | None:
    """Return what takes the matrix out of other patterns, None without known rings."""
    constraint = first_of(problem.estimator.factor_constraint, RingFloor)
    if problem.estimator.matrix is None or constraint is None:
        return None
    rings = constraint.rings(problem.operator.keep_pixels)
    sketch, pixel_scale, held = problem.sketch, problem.scales[1], problem.fixed.held
    scale = problem.scales[0]
    even = None if scale is None else 1 / scale
    if sketch is None:
        return Matrix(rings, pixel_scale, held, even=even)
    total = sketch.patterns(np.ones((1, sketch.shape[0]), sketch.dtype))[0]
    beside_stop = _is_beside_stop(constraint, problem.operator.keep_pixels)
    matrix = Matrix.of_mean(rings, total, pixel_scale, held, beside_stop)
    return replace(matrix, even=even)


def _is_beside_stop(constraint: RingFloor, keep: np.ndarray) -> bool:
    """Return whether what hides the centre is no mask about it, but reaches out.

    Two rings further out than the innermost that is left, too many pixels are left out
    to be bad ones.
    """
    every = constraint.rings(np.ones(keep.shape, bool)).label.reshape(keep.shape)
    beyond = every == every[keep].min(initial=every.max()) + _BEYOND_MASK
    return bool(beyond.any() and keep[beyond].mean() < _WHOLE)
