"""Pixels summed while components are sought, where that finds more of few electrons.

A spot of many pixels adds up where they are summed, and the noise of counts does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.constraints import RingFloor
from hspy_cnmf.constraints.base import Constraint
from hspy_cnmf.constraints.several import first_of, members
from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.operators.range_finder import (
    orthonormal_rows,
    principal_rows,
    refinements,
)
from hspy_cnmf.solver.coarse import Grid
from hspy_cnmf.solver.problem import Problem
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

    def noise(self, keep: np.ndarray, of_pixels: np.ndarray) -> np.ndarray:
        """Return the variance of averages over cells, (n_pixels,)."""
        grid = Grid.from_size(keep, (self.side,) * keep.ndim)
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
        Its data are read once for the sketches of summed pixels, and for each of the
        refinements of a sketch, or for each once for every way to sum, where there is
        no room for the sums of all.
    most : int
        Pixels to sum along each axis at the most; half as many are tried, too.

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
    every = [SummedPixels(side, problem.scales[1]) for side in sides]
    options = [problem]
    for summed, own in zip(every, _sketches(problem, sketch, every), strict=True):
        same_in_cells = problem.asking(factor_constraint=(*floors, summed))
        options.append(replace(same_in_cells, sketch=own))
    # The finest of those that tell as much.
    best = int(np.argmax([_standing_out(option) for option in options]))
    told = {"summed_pixels": [1, *sides][best]}
    return _alone(options[best]) if best else problem, told


def _alone(problem: Problem) -> Problem:
    """Return a problem whose sketch keeps nothing of the others alive."""
    sketch = problem.sketch
    assert sketch is not None
    images, patterns = sketch.basis_images.copy(), sketch.basis_patterns.copy()
    own = replace(sketch, basis_images=images, basis_patterns=patterns)
    return replace(problem, sketch=own)


def _standing_out(problem: Problem) -> int:
    """Return how far principal images stand out of noise, smoothed as a run does."""
    assert problem.sketch is not None
    wide, _ = with_wider_smoothing(problem)
    project = problem.on_loadings(wide.estimator.loading_constraint)
    n_components = problem.estimator.n_components
    return Revision(problem.sketch, n_components, project).standing_out


def _sketches(
    problem: Problem, sketch: LowRankOperator, every: list[SummedPixels]
) -> list[LowRankOperator]:
    """Return the sketches of the data with pixels summed in several ways."""
    operator = problem.data
    averages = [
        SummedPixels(summed.side).prepare(operator.keep_pixels) for summed in every
    ]

    def on_cells(spans: Iterable[np.ndarray]) -> list[np.ndarray]:
        pairs = zip(averages, spans, strict=True)
        return [
            orthonormal_rows(average(span), operator.dtype) for average, span in pairs
        ]

    bases = on_cells([sketch.basis_patterns] * len(every))
    for _ in range(refinements(operator.shape)):
        bases = on_cells(map(principal_rows, operator.spans(bases)))
    images = np.split(operator.images(np.concatenate(bases)), len(every))
    of_pixels = _square_norms(sketch)
    found = []
    for own, basis in zip(images, bases, strict=True):
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
