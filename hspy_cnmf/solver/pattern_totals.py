"""Totals of patterns, which noise that is cut off must not raise."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from hspy_cnmf.operators.low_rank import gram_of_rows, inverse_of_gram


def with_totals_of_least_squares(
    factors: np.ndarray,
    loadings: np.ndarray,
    patterns: np.ndarray,
    of_pixels: np.ndarray,
    scale: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return non-negative factors to whose totals noise adds nothing, and loadings.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n_components, n_pixels)
        W, not negative.
    loadings : numpy.ndarray, shape (n_components, n_positions)
        H.
    patterns : numpy.ndarray, shape (n_components, n_pixels)
        Of the data X, summed with the loadings, :math:`H X`.
    of_pixels : numpy.ndarray, shape (n_pixels,)
        Variance of the noise of each pixel of X.
    scale : numpy.ndarray, shape (n_pixels,), optional
        Times this, factors are in the units in which they have a total.

    Returns
    -------
    factors, loadings : numpy.ndarray
        The factors of unit sum in units of the data, or empty as before, and loadings
        scaled to match.

    Notes
    -----
    Where a pattern holds nothing but noise, half of this would be negative and is cut
    off, and the other half adds to the total; what it adds is missing in the patterns
    of others. The pattern of least squares with its signs,
    :math:`u_k = ((H H^T)^{-1} H X)_k`, has the right total. The non-negative pattern of
    this total that is nearest to a factor, pixels weighted by their noise
    :math:`v_p = \sigma_p^2 (H H^T)^{-1}_{kk}`, is

    .. math:: \max(w_{kp} - t s_p v_p, 0)

    with the scale s and the t for which totals agree. Totals change by no more than
    cutting off noise everywhere does, :math:`\sum_p s_p \sqrt{v_p / 2 \pi}`: what else
    would be negative is not for noise.
    """
    inverse = inverse_of_gram(gram_of_rows(loadings))
    own = np.ones(len(of_pixels)) if scale is None else scale.astype(np.float64)
    noise = own @ np.sqrt(of_pixels / (2 * np.pi))
    raised = (factors - inverse @ patterns) @ own
    changed = factors.copy()
    for k in np.flatnonzero(factors.any(axis=1)):
        most = np.sqrt(max(inverse[k, k], 0)) * noise
        amount = float(np.clip(raised[k], -most, most))
        changed[k] = _without(factors[k].astype(np.float64), amount, own, of_pixels)
    total = changed @ own
    total = np.where(total > 0, total, 1).astype(factors.dtype)[:, np.newaxis]
    return changed / total, loadings * total


def _without(
    factor: np.ndarray, amount: float, scale: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the nearest pattern of a total that is less by an amount, or more."""
    slope = np.where(factor > 0, scale * weights, 0)
    some = slope > 0
    if not some.any():
        return factor
    if amount <= 0:  # no pixel becomes zero
        return factor - amount / (scale @ slope) * slope

    def left(t: float) -> float:
        lower = np.minimum(t * slope, factor)
        return amount - float(lower @ scale)

    most = float((factor[some] / slope[some]).max())
    if left(most) >= 0:
        return factor
    return np.maximum(factor - float(brentq(left, 0.0, most)) * slope, 0)
