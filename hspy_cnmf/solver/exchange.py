"""Exchange: some of one pattern goes into others, and out of its map for it."""

import numpy as np

from hspy_cnmf.operators.low_rank import column_parts


def exchanged(
    factors: np.ndarray,
    loadings: np.ndarray,
    amounts: np.ndarray,
    pixel_scale: np.ndarray | None,
    known: np.ndarray,
    is_own: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Return patterns with some of others added, whose maps have less of theirs.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
    loadings : numpy.ndarray, shape (n, n_positions)
    amounts : numpy.ndarray, shape (n, n)
        Element (k, l) is how much of pattern l goes into pattern k.
    pixel_scale : numpy.ndarray or None, shape (n_pixels,)
        Times this, factors are of unit sum.
    known : numpy.ndarray of bool, shape (n,)
        Factors whose sum stays.
    is_own : bool, default False
        Whether loadings are nobody else's, and overwritten: copies of all are large.
    """
    if not amounts.any():
        return factors, loadings
    amounts = amounts.astype(factors.dtype)
    changed = amounts.any(axis=0)
    loadings = loadings if is_own else loadings.copy()
    for part in column_parts(loadings.shape[1]):
        loadings[changed, part] -= amounts[:, changed].T @ loadings[:, part]
    loadings = np.maximum(loadings, 0, out=loadings)
    factors = np.maximum(factors + amounts @ factors, 0)
    patterns = factors if pixel_scale is None else factors * pixel_scale
    total = patterns.sum(axis=1, dtype=np.float64)
    total[known] = 1
    scale = np.where(total > 0, total, 1).astype(factors.dtype)[:, np.newaxis]
    loadings *= scale
    return factors / scale, loadings
