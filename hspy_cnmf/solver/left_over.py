"""What the components of a run leave over of a sketch: noise, or patterns of its own.

A run with too few components ends as well as any other: its starts converge, and agree.
What is left over tells, as noise has no pattern that is much stronger than the next.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.low_rank import gram_of_rows

#: Principal components that are looked at to foretell those of noise, at least.
_FEWEST = 4

#: Squared singular values of noise fall from the largest with their number to the power
#: of 2/3, so that this times the difference between those of numbers m and 2 m comes on
#: top of that of m.
_EDGE = 1 / (2 ** (2 / 3) - 1)

#: Times noise from which on a pattern is none. Where all is found it is 0.8 to 1.14.
_NO_NOISE = 1.15

#: What is left over matters if it is so much of what the weakest component explains: no
#: detector is perfect.
_MATTERS = 0.1


class LeftOver(NamedTuple):
    """How strong the strongest pattern is that components leave over.

    Parameters
    ----------
    times_noise : float
        What it explains, over what a pattern of noise does.
    of_weakest : float
        The same without noise, over what the weakest component explains.
    as_many : float
        Times noise of what is left over by as many components without constraints. If
        that is noise, there are no more: constraints do not fit measured patterns.
    """

    times_noise: float
    of_weakest: float
    as_many: float

    @property
    def is_of_constraints(self) -> bool:
        """Whether it is as strong as a component, and constraints alone leave it over.

        As many components without constraints leave over nothing but noise.
        """
        found = self.times_noise > _NO_NOISE and self.of_weakest > _MATTERS
        return found and self.as_many <= _NO_NOISE

    def note(self, n_empty: int = 0) -> str:
        """Return in words what it means; empty if all is well.

        Parameters
        ----------
        n_empty : int, default 0
            How many components were left empty.
        """
        more = min(self.times_noise, self.as_many) > _NO_NOISE
        if not more or self.of_weakest < _MATTERS:
            return ""
        remedy = "prune=False" if n_empty else "a higher output_dimension"
        return (
            f"the components leave over a pattern {self.times_noise:.2g} times as "
            f"strong as noise, {self.of_weakest:.2g} of the weakest component: there "
            f"are more (try {remedy}), or patterns vary with thickness or strain, the "
            "beam moves or the detector saturates; maps may be mixed"
        )


def left_over(
    sketch: LowRankOperator, factors: np.ndarray, loadings: np.ndarray
) -> LeftOver:
    r"""Return how strong the strongest pattern is that components leave over.

    Parameters
    ----------
    sketch : LowRankOperator
        Of the data, :math:`A^T V`.
    factors : numpy.ndarray, shape (n_components, n_pixels)
        W; what lies outside the basis patterns is not seen.
    loadings : numpy.ndarray, shape (n_components, n_positions)
        H

    Notes
    -----
    The squared norm of the strongest pattern is the largest eigenvalue of
    :math:`R R^T`, where :math:`R = A - V W^T H`. That of noise follows from the
    principal components of the data, :math:`\lambda_j`, with the number n of components
    and m = n,

    .. math::
        \lambda_{n+m} + \frac{\lambda_{n+m} - \lambda_{n+2m}}{2^{2/3} - 1},

    as eigenvalues of noise fall with :math:`j^{2/3}` from the largest (Johnstone, Ann.
    Statist. 29, 295, 2001). Up to m - 1 further components are not taken for noise.
    """
    some = factors.any(axis=1) & loadings.any(axis=1)
    n, images = int(np.count_nonzero(some)), sketch.basis_images
    own = gram_of_rows(images)
    squares = np.linalg.eigvalsh(own)[::-1]
    m = _looked_at(squares, n, n)
    if m < 1 or not squares[0] > 0:
        return LeftOver(1.0, 0.0, 1.0)
    edge = max(_edge(squares, n, m), rounding(squares, sketch.dtype))
    weights = gram_of_rows(sketch.basis_patterns, factors[some])
    with_maps = gram_of_rows(images, loadings[some]) @ weights.T
    maps = weights @ gram_of_rows(loadings[some]) @ weights.T
    largest = np.linalg.eigvalsh(own - with_maps - with_maps.T + maps)[-1]
    # A single component is the mean of all: nothing is as strong.
    weakest = squares[n - 1] - edge if n > 1 else largest - edge
    of_weakest = max(largest - edge, 0) / max(weakest, edge)
    return LeftOver(float(largest / edge), float(of_weakest), float(squares[n] / edge))


def before_noise(squares: np.ndarray, most: int) -> int:
    """Return how many principal components come before those of noise.

    Parameters
    ----------
    squares : numpy.ndarray, shape (n,)
        What each principal component explains, the largest first.
    most : int
        The largest number to return: what comes after it is taken for noise.

    Notes
    -----
    Beginning with `most`, those that noise explains, as in `left_over`, are left out;
    m is n / 2, as noise in few pixels falls more steeply near its edge.
    """
    for n in range(most, 1, -1):
        m = _looked_at(squares, n, n // 2)
        if m < 1 or squares[n - 1] > _NO_NOISE * _edge(squares, n, m):
            return n
    return 1


def _looked_at(squares: np.ndarray, n: int, wanted: int) -> int:
    """Return after how many components of noise to look, once and again, beyond n."""
    return min(max(wanted, _FEWEST), (len(squares) - n) // 2)


def _edge(squares: np.ndarray, n: int, m: int) -> float:
    """Return what the strongest pattern of noise explains where n are none."""
    one, other = squares[n + m - 1], squares[n + 2 * m - 1]
    return one + _EDGE * (one - other)


def rounding(squares: np.ndarray, dtype: np.dtype) -> float:
    """Return what rounding explains, of what all principal components of a type do."""
    eps = max(np.finfo(dtype).eps ** 2, np.finfo(np.float64).eps)
    return float(len(squares) * eps * squares.sum())


def note_of(parameters: dict[str, Any], n_empty: int) -> str:
    """Return what the parameters of a result say of what is left over, in words."""
    kept = parameters.get("left_over")
    return "" if kept is None else LeftOver(*kept).note(n_empty)
