"""Cost of smoothing: how much more than the best fit the data lose by it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.low_rank import combined_rows, principal_turn

#: Error with smoothed maps over the least error of as many components, above which
#: the data are taken to contradict that positions side by side are alike.
DEAR = 1.2


def smoothing_cost(
    operator: LowRankOperator,
    smooth: Callable[[np.ndarray], np.ndarray],
    n_components: int,
) -> float:
    r"""Return the error of a model of smoothed maps over that of the best model.

    Parameters
    ----------
    operator : LowRankOperator
        A sketch of the data.
    smooth : callable
        Smooths maps, shape (n, n_positions); linear.
    n_components : int

    Returns
    -------
    float
        At least 1; infinity where the best model leaves nothing.

    Notes
    -----
    With :math:`A_n` the images of the n principal patterns, :math:`E_n` the squared
    error of principal component analysis and S the smoothing,

    .. math:: \sqrt{\frac{E_n + \|A_n - S A_n\|^2 - n \sigma^2}{E_n}}

    where :math:`\sigma^2`, what a component of noise explains, is
    :math:`E_n / (\min(N, M) - n)` for N positions and M pixels, since noise is smoothed
    away rightly. It is what smoothing costs at most, with patterns as they are.
    """
    images = operator.basis_images
    values, turn = principal_turn(images)
    n = min(n_components, len(values))
    lost = 0.0
    for vector in turn[:n].astype(images.dtype):
        principal = combined_rows(vector[np.newaxis], images)  # large, one by one
        change = principal - smooth(principal)
        lost += float(np.square(change, dtype=np.float64).sum())
    left = max(float(operator.square_norm - values[:n].sum()), 0.0)
    noise = left / max(min(operator.shape) - n, 1)
    extra = max(lost - n * noise, 0.0)
    # What is no more than rounding of the products is nothing.
    rounding = np.finfo(images.dtype).eps * operator.square_norm
    if left <= rounding:
        left, extra = 0.0, extra if extra > rounding else 0.0
    if not extra:
        return 1.0
    return float(np.sqrt(1 + extra / left)) if left else np.inf
