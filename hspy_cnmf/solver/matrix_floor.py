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
from hspy_cnmf.constraints.ring_levels import Floored, floored
from hspy_cnmf.constraints.several import each
from hspy_cnmf.device.arrays import Constant, to_host
from hspy_cnmf.solver.amorphous import STRUCTURE
from hspy_cnmf.solver.matrix import Matrix


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
        sizes = Constant(np.diff(rings.edges))

        def is_matrix(found: Floored) -> np.ndarray:
            of_rings = found.sums**2 / sizes.beside(found.sums)
            on_rings, square_norm = (
                values[:, self.n_beam :].sum(axis=1)
                for values in (of_rings, found.squares)
            )
            return to_host(on_rings > (1 - STRUCTURE) * square_norm)

        def apply(images: np.ndarray) -> np.ndarray:
            found = floored("robust", images, rings, ratio)
            some = is_matrix(found)
            if some.any():
                as_published = floored("mean", images[some], rings, ratio)
                found.images[some] = as_published.images
            return found.images

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
