"""Width of smoothing that maps bear: as wide as their neighbours foretell each best.

Where patterns hold few counts, factors follow the noise of maps that are hardly
smoothed, and weak components are lost. Smoothed over more positions they are found.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.per_scan import PerScan
from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.low_rank import combined_rows, principal_turn

#: Widths that are tried, as multiples of the smoothing's own.
WIDTHS = (1.0, 1.5, 2.0, 3.0)

#: Relative difference of errors below which rounding would decide: the narrower wins.
_ALIKE = 1e-4

#: Positions below which errors say little; in data of few counts principal images may
#: then be equally strong, and rounding would say which they are.
_FEWEST_POSITIONS = 256


def smoothing_width(
    operator: LowRankOperator,
    smoothing: GaussianSmoothing | PerScan,
    keep: np.ndarray,
    n_components: int,
) -> float:
    r"""Return the width of smoothing that the principal images bear, all of them.

    Parameters
    ----------
    operator : LowRankOperator
        A sketch of the data.
    smoothing : GaussianSmoothing or PerScan
        The narrowest.
    keep : numpy.ndarray of bool
        Positions that take part.
    n_components : int
        How many principal images are asked.

    Returns
    -------
    float
        One of `WIDTHS`: the smallest of those that foretell the images best.

    Notes
    -----
    The error of foretelling each value from the others is known without leaving any
    out (Craven & Wahba, Numer. Math. 31, 377, 1979): with S what smooths an image a,

    .. math:: \sum_j \left(\frac{a_j - (S a)_j}{1 - S_{jj}}\right)^2

    Of fewer than 256 positions the smoothing stays as it is.

    Images of noise ask for the widest; what stands out of it asks for less. Where all
    ask for the widest, nothing stands out, and the smoothing stays as it is.
    """
    if np.count_nonzero(keep) < _FEWEST_POSITIONS:
        return 1.0
    images = operator.basis_images
    errors_of = [
        _foretelling(smoothing.widened(width, keep.shape), keep) for width in WIDTHS
    ]
    narrowest = len(WIDTHS) - 1
    for vector in principal_turn(images)[1][:n_components].astype(images.dtype):
        principal = combined_rows(vector[np.newaxis], images)  # large, one by one
        errors = np.array([error_of(principal) for error_of in errors_of])
        among_the_best = errors <= (1 + _ALIKE) * errors.min()
        narrowest = min(narrowest, int(among_the_best.argmax()))
    width = WIDTHS[narrowest]
    return 1.0 if width == WIDTHS[-1] else width


def _foretelling(
    smoothing: GaussianSmoothing | PerScan, keep: np.ndarray
) -> Callable[[np.ndarray], float]:
    """Return what tells how well values of an image are foretold by the others."""
    smooth, own = smoothing.prepare(keep), smoothing.own_weight(keep)
    others = np.maximum(1 - own, np.finfo(float).eps)
    return lambda image: float(np.square((image - smooth(image)) / others).sum())
