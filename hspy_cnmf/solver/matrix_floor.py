"""A matrix without holes: the published floor under what is nothing but rings.

`hspy_cnmf.constraints.RadialFloor` leaves a ring as it is that is dark in more than one
pixel of ten: there is nothing diffuse between the discs of a probe. But where crystals
have spots on a tenth of a ring and more, as on small detectors, the matrix has holes
there, and its rings and its map lack what is in them. Its other rings tell the two
apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hspy_cnmf.constraints import RingFloor
from hspy_cnmf.constraints.base import Constraint
from hspy_cnmf.constraints.radial_floor import raised
from hspy_cnmf.constraints.ring_levels import UNEVEN, levels_of, mean_levels
from hspy_cnmf.constraints.several import each
from hspy_cnmf.device.arrays import Constant, namespace, to_host
from hspy_cnmf.solver.matrix import STRUCTURE, Matrix


@dataclass(frozen=True, eq=False)
class MatrixFloor(Constraint):
    r"""A robust floor, but for patterns of a matrix, whose floor is the published one.

    Parameters
    ----------
    floor : RingFloor
        Of robust levels.
    n_beam : int, default 0
        How many of the innermost rings the direct beam fills: they tell nothing.

    Notes
    -----
    A pattern w is a matrix's where rings of :math:`n_r` pixels, of the means
    :math:`m_r` once the robust floor has raised it, are nearly all of it:

    .. math:: \sum_r n_r m_r^2 > 0.9 \sum_p w_p^2
    """

    floor: RingFloor
    n_beam: int = 0

    takes_gpu = True

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the pixels that take part."""
        rings, ratio = self.floor.rings(keep), self.floor.outlier_ratio
        sizes = np.diff(rings.edges) * (np.arange(rings.n_rings) >= self.n_beam)
        beam = Constant(rings.order[: rings.edges[self.n_beam]])
        weights = Constant(sizes)

        def is_matrix(images: np.ndarray) -> np.ndarray:
            on_rings = mean_levels(images, rings, np.inf) ** 2 @ weights.beside(images)
            xp, of_beam = namespace(images), images[:, beam.beside(images)]
            square_norm = xp.einsum("ij,ij->i", images, images, dtype=np.float64)
            square_norm -= (of_beam.astype(np.float64) ** 2).sum(axis=1)
            return to_host(on_rings > (1 - STRUCTURE) * square_norm)

        def apply(images: np.ndarray) -> np.ndarray:
            levels, means = levels_of("robust", images, rings, ratio)
            floored = raised(images, levels, UNEVEN * means, rings)
            some = is_matrix(floored)
            if some.any():
                means = means[some]
                floored[some] = raised(images[some], means, means + np.inf, rings)
            return floored

        return apply


def without_holes(constraint: Any, matrix: Matrix | None) -> Any:
    """Return a constraint on patterns, or a list, with the floor of a matrix in it.

    The same where None says that nobody asks which pattern is the matrix.
    """
    if matrix is None:
        return constraint
    return each(
        lambda c: MatrixFloor(c, matrix.n_beam) if _is_robust(c) else c, constraint
    )


def _is_robust(constraint: Any) -> bool:
    return isinstance(constraint, RingFloor) and constraint.level == "robust"
