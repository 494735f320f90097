"""Totals of patterns, which noise that is cut off must not raise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from hspy_cnmf.operators.low_rank import gram_of_rows, inverse_of_gram


@dataclass(frozen=True, eq=False)
class Noise:
    """What noise there is in each pixel of the data, and what is known beside it.

    Parameters
    ----------
    of_pixels : numpy.ndarray, shape (n_pixels,)
        Variance of each pixel.
    of_sums : numpy.ndarray or None, shape (n_pixels,)
        Variance of averages over cells of pixels, where patterns of these are known.
    """

    of_pixels: np.ndarray
    of_sums: np.ndarray | None = None


def with_totals_of_least_squares(
    factors: np.ndarray,
    loadings: np.ndarray,
    patterns: np.ndarray,
    noise: Noise,
    scale: np.ndarray | None = None,
    averages: np.ndarray | None = None,
    held: np.ndarray | None = None,
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
    noise : Noise
        Of the pixels of X.
    scale : numpy.ndarray, shape (n_pixels,), optional
        Times this, factors are in the units in which they have a total.
    averages : numpy.ndarray, shape (n_components, n_pixels), optional
        The factors averaged over cells of pixels, of the noise that is known.
    held : numpy.ndarray of bool, shape (n_components,), optional
        Factors that stay as they are.

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
    :math:`v_{kp} = \sigma_p^2 (H H^T)^{-1}_{kk}`, is

    .. math:: \max(w_{kp} - t s_p v_{kp}, 0)

    with the scale s and the t for which totals agree. It is also the most likely where
    intensities are distributed exponentially, with a mean of 1 / t. Where averages
    m over cells are known, of the variance :math:`\bar v`, means are as these:

    .. math:: \max\left(w_{kp} - t \frac{s_p v_{kp}}
        {m_{kp} + \sqrt{\bar v_{kp}}}, 0\right)

    so that spots stay and what is dark becomes zero. Totals change by no more than
    cutting off noise everywhere does, :math:`\sum_p s_p \sqrt{v_{kp} / 2 \pi}`: what
    else would be negative is not for noise.
    """
    inverse = inverse_of_gram(gram_of_rows(loadings))
    own = np.ones(factors.shape[1]) if scale is None else scale.astype(np.float64)
    cut_off = own @ np.sqrt(noise.of_pixels / (2 * np.pi))
    raised = (factors - inverse @ patterns) @ own
    changed = factors.copy()
    free = factors.any(axis=1)
    if held is not None:
        free &= ~held
    for k in np.flatnonzero(free):
        deviation = np.sqrt(max(inverse[k, k], 0))
        amount = float(np.clip(raised[k], -deviation * cut_off, deviation * cut_off))
        weights = own * noise.of_pixels
        if averages is not None and noise.of_sums is not None:
            expected = averages[k] + deviation * np.sqrt(noise.of_sums)
            weights = np.divide(weights, expected, where=expected > 0, out=weights)
        changed[k] = _without(factors[k].astype(np.float64), amount, own, weights)
    total = changed @ own
    total = np.where(free & (total > 0), total, 1).astype(factors.dtype)[:, np.newaxis]
    return changed / total, loadings * total


def _without(
    factor: np.ndarray, amount: float, scale: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return a pattern whose total is less by an amount, or more if it is negative.

    From each pixel that is not zero a multiple of its weight is taken, all of it at the
    most.
    """
    weights = np.where(factor > 0, weights, 0)
    some = weights > 0
    if not some.any():
        return factor
    if amount <= 0:
        return factor - amount / (scale @ weights) * weights

    def left(multiple: float) -> float:
        return amount - float(np.minimum(multiple * weights, factor) @ scale)

    most = float((factor[some] / weights[some]).max())
    if left(most) >= 0:
        return factor
    return np.maximum(factor - float(brentq(left, 0.0, most)) * weights, 0)
