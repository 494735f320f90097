"""Pixels summed while components are sought, where that finds more of few electrons.

A spot of many pixels adds up where they are summed, and the noise of counts does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator

from hspy_cnmf.constraints import RingFloor
from hspy_cnmf.constraints.base import Constraint
from hspy_cnmf.constraints.several import first_of, members
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.operators.range_finder import (
    orthonormal_rows,
    principal_rows,
    refinements,
)
from hspy_cnmf.operators.summed import SummedOperator
from hspy_cnmf.solver.coarse import Grid
from hspy_cnmf.solver.iteration import products_of_stacks
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.smoothing import standing_out


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

    def grid(self, keep: np.ndarray) -> Grid:
        """Return the cells of the pixels that take part."""
        return Grid.from_size(keep, (self.side,) * keep.ndim)

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the pixels that take part."""
        grid = self.grid(keep)

        def apply(values: np.ndarray) -> np.ndarray:
            own = 1 if self.scale is None else self.scale.astype(values.dtype)
            return grid.divide(grid.combine(values / own)) * own

        return apply

    def noise(self, keep: np.ndarray, of_pixels: np.ndarray) -> np.ndarray:
        """Return the variance of averages over cells, (n_pixels,)."""
        grid = self.grid(keep)
        own = 1 if self.scale is None else np.square(self.scale, dtype=np.float64)
        means = grid.combine((of_pixels / own)[np.newaxis])
        return grid.divide(means / grid.counts)[0] * own


def noise_of_sums(
    estimator: BaseEstimator, keep: np.ndarray, of_pixels: np.ndarray
) -> np.ndarray:
    """Return the variance of pixels that an estimator of summed ones makes the same."""
    summed = first_of(estimator.factor_constraint, SummedPixels)
    return summed.noise(keep, of_pixels)


def sides_of_cells(most: int) -> list[int]:
    """Return the pixels along each axis of the cells that are tried."""
    return [side for side in (most // 2, most) if side > 1]


def with_summed_pixels(problem: Problem, most: int) -> tuple[Problem, dict[str, Any]]:
    r"""Return the problem of summed pixels, where that tells more components.

    Parameters
    ----------
    problem : Problem
        Its data are read once for the sketches of summed pixels, and once for each of
        the refinements of a sketch.
    most : int
        Pixels to sum along each axis at the most, an even number: half as many are
        tried, too, and each of their cells is in one of the larger ones.

    Returns
    -------
    problem : Problem
        With factors that are the same all over each cell, and a sketch of the data
        :math:`X P`, where P averages over cells; its squared norm is that of the data,
        so that errors are those of such factors.
    told : dict
        Pixels summed along each axis; 1 where the problem stays as it is, nothing
        where there is another constraint on factors than a floor, or no sketch.

    Notes
    -----
    Noise of N positions and M pixels explains at most about
    :math:`(\sqrt N + \sqrt M)^2` times its variance along any pattern (Marchenko &
    Pastur, Math. USSR Sb. 1, 457, 1967), which is less for fewer pixels; what is as
    wide as a cell explains as much as before. Cells are taken where more principal
    images of smoothed maps stand out of noise, or further; see `Revision`.
    """
    floors = members(problem.estimator.factor_constraint)
    sides = sides_of_cells(most)
    sketch, are_floors = problem.iterated, all(isinstance(f, RingFloor) for f in floors)
    if not sides or sketch is None or not are_floors:
        return problem, {}
    keep = problem.data.keep_pixels
    every = [Grid.from_size(keep, (side,) * keep.ndim).sums() for side in sides]
    sketches = [sketch, *_sketches(problem.data, sketch, every)]
    # The finest of those that tell as much.
    standing = [standing_out(replace(problem, sketch=own)) for own in sketches]
    best = int(np.argmax(standing))
    told = {"summed_pixels": [1, *sides][best]}
    if not best:
        return problem, told
    summed = SummedPixels(sides[best - 1], problem.scales[1])
    same_in_cells = problem.asking(factor_constraint=(*floors, summed))
    chosen = _on_pixels(sketches[best], every[best - 1], sketch)
    return replace(same_in_cells, sketch=chosen), told


def _sketches(
    data: StreamedOperator, sketch: LowRankOperator, every: list[sparse.csr_array]
) -> list[LowRankOperator]:
    """Return the sketches of the data summed over cells of several sizes, on cells.

    The first are the finest, and the others are made of them, so that blocks are summed
    once.
    """
    finest = every[0]
    summed = SummedOperator(data, finest)
    coarser = [(cells @ finest.T).astype(data.dtype) for cells in every]

    def of_each(spans: Iterable[np.ndarray]) -> list[np.ndarray]:
        pairs = zip(spans, coarser, strict=True)
        return [orthonormal_rows(span @ own.T, data.dtype) for span, own in pairs]

    def on_finest(bases: list[np.ndarray]) -> list[np.ndarray]:
        return [basis @ own for basis, own in zip(bases, coarser, strict=True)]

    bases = of_each([sketch.basis_patterns @ finest.T] * len(every))
    for _ in range(refinements(data.shape)):
        spans = products_of_stacks(summed.span, on_finest(bases))
        bases = of_each(map(principal_rows, spans))
    pairs = zip(products_of_stacks(summed.images, on_finest(bases)), bases, strict=True)
    return [LowRankOperator(own, basis, data.square_norm) for own, basis in pairs]


def _on_pixels(
    summed: LowRankOperator, cells: sparse.csr_array, sketch: LowRankOperator
) -> LowRankOperator:
    """Return a sketch on cells with patterns of pixels, and what is left out of each.

    Its images are copied: they keep nothing of those of other cells.
    """
    basis = summed.basis_patterns @ cells.astype(summed.dtype)
    own = replace(summed, basis_images=summed.basis_images.copy(), basis_patterns=basis)
    if sketch.fit is None:
        return own
    left = np.maximum(_square_norms(sketch) - _square_norms(own), 0)
    return replace(
        own, fit=replace(sketch.fit, patterns=basis[:0].copy(), of_pixels=left)
    )


def _square_norms(sketch: LowRankOperator) -> np.ndarray:
    """Return the squared norm of each pixel, with what a fit says is left out of it."""
    patterns = sketch.fitted().basis_patterns
    products = gram_of_rows(sketch.basis_images) @ patterns
    squares = np.einsum("ij,ij->j", patterns, products)
    return squares if sketch.fit is None else squares + sketch.fit.of_pixels
