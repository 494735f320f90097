"""Pixels summed while components are sought, where that finds more of few electrons.

A spot of many pixels adds up where they are summed, and the noise of counts does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.constraints import RingFloor
from hspy_cnmf.constraints.base import Constraint
from hspy_cnmf.constraints.several import members
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.operators.range_finder import (
    orthonormal_rows,
    principal_rows,
    refinements,
)
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver.coarse import Grid
from hspy_cnmf.solver.configuring import loadings_projection
from hspy_cnmf.solver.resolution import changed
from hspy_cnmf.solver.revision import Revision
from hspy_cnmf.solver.smoothing import with_wider_smoothing


@dataclass(frozen=True, eq=False)
class SummedPixels(Constraint):
    """Patterns are the same all over each cell of pixels side by side.

    Parameters
    ----------
    side : int
        Pixels of a cell along each axis of the detector.
    scale : numpy.ndarray or None, shape (n_pixels,)
        Patterns over this are the same, where pixels are weighted.
    """

    side: int
    scale: np.ndarray | None = None

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the pixels that take part."""
        grid = Grid.from_size(keep, (self.side,) * keep.ndim)

        def apply(values: np.ndarray) -> np.ndarray:
            own = 1 if self.scale is None else self.scale.astype(values.dtype)
            return grid.divide(grid.combine(values / own)) * own

        return apply


def sides_of_cells(most: int) -> list[int]:
    """Return the pixels along each axis of the cells that are tried."""
    return [side for side in (most // 2, most) if side > 1]


def with_summed_pixels(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator,
    most: int,
) -> tuple[BaseEstimator, LowRankOperator, dict[str, Any]]:
    r"""Return estimator and sketch of summed pixels, where that tells more components.

    Parameters
    ----------
    operator : StreamedOperator
        The (weighted) data. It is read once for the sketches of summed pixels, and for
        each of the refinements of a sketch.
    estimator : hspy_cnmf.ConstrainedNMF
        Resolved.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels were divided by.
    sketch : LowRankOperator
        Of the data.
    most : int
        Pixels to sum along each axis at the most; half as many are tried, too.

    Returns
    -------
    estimator : hspy_cnmf.ConstrainedNMF
        With factors that are the same all over each cell.
    sketch : LowRankOperator
        Of the data :math:`X P`, where P averages over cells; its squared norm is that
        of the data, so that errors are those of such factors.
    told : dict
        Pixels summed along each axis; 1 where estimator and sketch stay as they are,
        nothing where there is another constraint on factors than a floor.

    Notes
    -----
    Noise of N positions and M pixels explains at most about
    :math:`(\sqrt N + \sqrt M)^2` times its variance along any pattern (Marchenko &
    Pastur, Math. USSR Sb. 1, 457, 1967), which is less for fewer pixels; what is as
    wide as a cell explains as much as before. Cells are taken where more principal
    images of smoothed maps stand out of noise, or further; see `Revision`.
    """
    floors = members(estimator.factor_constraint)
    sides = sides_of_cells(most)
    if not sides or not all(isinstance(floor, RingFloor) for floor in floors):
        return estimator, sketch, {}
    every = [SummedPixels(side, scales[1]) for side in sides]
    sketches = _sketches(operator, scales, sketch, every)
    options = [(1, sketch), *zip(sides, sketches, strict=True)]
    told = [_standing_out(operator, estimator, scales, each) for _, each in options]
    best = int(np.argmax(told))  # the finest of those that tell as much
    side, chosen = options[best]
    if side == 1:
        return estimator, sketch, {"summed_pixels": side}
    constraints = (*floors, every[best - 1])
    estimator = changed(estimator, factor_constraint=constraints)
    return estimator, _alone(chosen), {"summed_pixels": side}


def _alone(sketch: LowRankOperator) -> LowRankOperator:
    """Return a sketch whose arrays are not parts of those of other cells, too."""
    images, patterns = (
        np.array(own) if own.base is not None and own.base.size > own.size else own
        for own in (sketch.basis_images, sketch.basis_patterns)
    )
    return replace(sketch, basis_images=images, basis_patterns=patterns)


def _standing_out(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    sketch: LowRankOperator,
) -> int:
    """Return how far principal images stand out of noise, smoothed as a run does."""
    wide, _ = with_wider_smoothing(operator, estimator, sketch)
    project = loadings_projection(operator, wide, scales)
    return Revision(sketch, estimator.n_components, project).standing_out


def _sketches(
    operator: StreamedOperator,
    scales: Scales,
    sketch: LowRankOperator,
    every: list[SummedPixels],
) -> list[LowRankOperator]:
    """Return the sketches of the data with pixels summed in several ways."""
    averages = [
        SummedPixels(summed.side).prepare(operator.keep_pixels) for summed in every
    ]

    def on_cells(spans: list[np.ndarray]) -> np.ndarray:
        pairs = zip(averages, spans, strict=True)
        return np.concatenate(
            [orthonormal_rows(average(span), operator.dtype) for average, span in pairs]
        )

    n, bases = len(every), on_cells([sketch.basis_patterns] * len(every))
    for _ in range(refinements(operator.shape)):
        spans = np.split(operator.span(bases), n)
        bases = on_cells([principal_rows(span) for span in spans])
        del spans  # large, where patterns are
    images = np.split(operator.images(bases), n)
    of_pixels = _square_norms(sketch)
    found = []
    for own, basis in zip(images, np.split(bases, n), strict=True):
        summed = LowRankOperator(own, basis, operator.square_norm)
        if sketch.fit is not None:
            left = np.maximum(of_pixels - _square_norms(summed), 0)
            fit = replace(sketch.fit, patterns=basis[:0].copy(), of_pixels=left)
            summed = replace(summed, fit=fit)
        found.append(summed)
    return found


def _square_norms(sketch: LowRankOperator) -> np.ndarray:
    """Return the squared norm of each pixel, with what a fit says is left out of it."""
    patterns = sketch.fitted().basis_patterns
    products = gram_of_rows(sketch.basis_images) @ patterns
    squares = np.einsum("ij,ij->j", patterns, products)
    return squares if sketch.fit is None else squares + sketch.fit.of_pixels
