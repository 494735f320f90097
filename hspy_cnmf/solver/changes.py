"""How far an iteration has moved factors, or loadings: what judges convergence."""

from __future__ import annotations

import numba
import numpy as np

from hspy_cnmf.device.arrays import is_on_gpu


def relative_change(new: np.ndarray, old: np.ndarray) -> float:
    """Return the summed distance of two stacks over the sum of the first, in double.

    Parameters
    ----------
    new, old : numpy.ndarray, shape (n, n_values)

    Returns
    -------
    float
        0 where the first is.
    """
    if is_on_gpu(new):
        norm = float(abs(new).sum(dtype=np.float64))
        change = float(abs(new - old).sum(dtype=np.float64))
    else:
        norm, change = _norm_and_change(new, old)
    return change / norm if norm > 0 else 0.0


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "nsz"})
def _norm_and_change(
    new: np.ndarray, old: np.ndarray
) -> tuple[float, float]:  # pragma: no cover
    norm = change = 0.0
    for k in range(len(new)):
        own, before = new[k], old[k]
        for i in range(own.size):
            norm += abs(own[i])
            change += abs(own[i] - before[i])
    return norm, change
