"""Purest patterns: no more of the strongest component in others than there must be."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from hspy_cnmf.operators.low_rank import column_parts, gram_of_rows, inverse_of_gram

#: Standard deviations by which all pixels together may be negative.
_ALLOWED = 5.0

#: What rounding may take of an amount.
_ROUNDED = 1e-6


def without_the_strongest(
    factors: np.ndarray, loadings: np.ndarray, of_pixels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return factors and loadings with the strongest taken out of the other factors.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n_components, n_pixels)
        Each of unit sum.
    loadings : numpy.ndarray, shape (n_components, n_positions)
    of_pixels : numpy.ndarray, shape (n_pixels,)
        Variance of the noise of each pixel.

    Returns
    -------
    factors, loadings : numpy.ndarray
        Their product is the same but for what non-negativity clips; of unit sum.

    Notes
    -----
    .. math:: w_0 h_0 + w_c h_c = w_0 (h_0 + a h_c) + (w_c - a w_0) h_c

    for any a: how much of a crystal that is everywhere is in the pattern of another,
    the data do not say. The choice is the purest pattern, of the largest a that
    non-negativity allows within the noise of pixels, :math:`\sigma_j^2` of the data and
    :math:`\sigma_{cj}^2 = \sigma_j^2 (H H^T)^{-1}_{cc}` of the factor:

    .. math:: \sum_j \frac{[a w_{0j} - w_{cj}]_+^2}{\sigma_{cj}^2} = 5^2

    so that all pixels together are negative by five standard deviations, by which a
    spot, too, has to stand out.
    """
    factors, loadings = factors.copy(), loadings.copy()
    of_maps = gram_of_rows(loadings)
    variances = np.diag(inverse_of_gram(of_maps))
    strengths = np.diag(of_maps) * np.square(factors).sum(axis=1)
    strongest = int(np.argmax(strengths))
    taken = np.zeros(len(factors))
    for c in np.delete(np.arange(len(factors)), strongest):
        deviations = np.sqrt(variances[c] * of_pixels)
        taken[c] = _most(factors[c], factors[strongest], deviations)
        pure = factors[c] - taken[c].astype(factors.dtype) * factors[strongest]
        factors[c] = np.maximum(pure, 0)
    for part in column_parts(loadings.shape[1]):
        loadings[strongest, part] += taken @ loadings[:, part]
    total = factors.sum(axis=1, dtype=np.float64)
    scale = np.where(total > 0, total, 1).astype(factors.dtype)[:, np.newaxis]
    loadings *= scale
    return factors / scale, loadings


def _most(factor: np.ndarray, strongest: np.ndarray, deviations: np.ndarray) -> float:
    """Return how much of the strongest factor another may hold."""
    some = strongest > 0
    factor, strongest = factor[some].astype(float), strongest[some].astype(float)
    deviations = deviations[some]
    # One pixel alone would be as negative as all may be together.
    most = np.min((factor + _ALLOWED * deviations) / strongest, initial=np.inf)
    least = np.min(factor / strongest, initial=np.inf)
    if not least < most < np.inf:
        return float(least) if least < np.inf else 0.0

    def negative(amount: float) -> float:
        lacks = np.maximum(amount * strongest - factor, 0)
        squares = np.square(lacks / deviations, where=lacks > 0, out=lacks)
        return float(squares.sum()) - _ALLOWED**2

    return float(brentq(negative, least, most * (1 + _ROUNDED)))
