"""Factors fitted again to the data of one scan, and what freedom that leaves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hspy_cnmf.operators.low_rank import column_parts, gram_of_rows
from hspy_cnmf.verification.model import FittedModel

#: Correlation of fitted maps and those of the model from which on they are more than
#: noise; what a fainter component's pattern misses is hidden by the noise.
_LEAST_CORRELATION = 0.9

#: Least variance at a position, over the largest.
_DARKEST = 1e-3

#: Eigenvalues below which, over the largest, maps are linear combinations of others.
_DEPENDENT = 1e-10


class RefittedFactors(NamedTuple):
    """Factors, and how much of its scatter each position keeps in spite of the fit.

    Attributes
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
    freedom : numpy.ndarray, shape (n_positions,)
        Expectation of the squared residuals over their variance, 1 without a fit.
    """

    factors: np.ndarray
    freedom: np.ndarray


def refit_factors(
    model: FittedModel, fitted: np.ndarray, sums: np.ndarray, gain: float
) -> RefittedFactors:
    r"""Return the factors that go with fitted loadings, without constraints.

    Parameters
    ----------
    model : FittedModel
    fitted : numpy.ndarray, shape (n, n_positions)
        Loadings fitted without constraints, in counts.
    sums : numpy.ndarray, shape (n, n_pixels)
        Counts summed with the loadings of the model, in counts.
    gain : float
        Counts per unit of the data.

    Notes
    -----
    With fitted loadings G and those of the model H, factors are the instrumental
    variables estimate :math:`(H G^T)^{-1} H X`. Least squares would make them too
    faint, as fitted loadings are noisy. In canonical coordinates, orthonormal maps g
    and h of correlations :math:`\rho_k`, each adds :math:`\rho_k^{-1} h_k R` to the
    factors, with R what the model's leave over. What then remains at position j of
    noise of variances v, those of counts, has over them the expectation

    .. math:: 1 - 2 \sum_k \frac{g_{kj} h_{kj}}{\rho_k}
        + \sum_{kl} \frac{g_{kj} g_{lj}}{\rho_k \rho_l}
        \sum_i \frac{v_i}{v_j} h_{ki} h_{li}

    Of few positions, or where a component of other scans is not in this one, maps are
    noise. They correlate with fitted ones (by 0.7 where these are positive), and would
    make patterns of noise: there the factors stay as they are.
    """
    own, ours = _orthonormal(fitted), _orthonormal(model.loadings)
    products = gram_of_rows(fitted, model.loadings)
    left, rho, right = np.linalg.svd(own @ products @ ours.T)
    n = int(np.count_nonzero(rho > _LEAST_CORRELATION))
    own, ours, rest = left.T[:n] @ own, right[:n] @ ours, right[n:] @ ours
    missing = sums - gain * products.T @ model.factors
    change = own.T @ ((ours @ missing) / (gain * rho[:n, np.newaxis]))
    variance, spread = _noise(model, ours)
    freedom = np.empty(fitted.shape[1])
    for part in column_parts(fitted.shape[1]):
        g = (own @ fitted[:, part]) / rho[:n, np.newaxis]
        h, kept = (w @ model.loadings[:, part] for w in (ours, rest))
        freedom[part] = 1 - 2 * (g * h).sum(axis=0)
        freedom[part] += (g * (spread @ g)).sum(axis=0) / variance[part]
        freedom[part] -= model.part_fitted * (kept**2).sum(axis=0)
    return RefittedFactors(model.factors + change, np.maximum(freedom, 0))


def _noise(model: FittedModel, ours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the variance at each position, and that of sums with orthonormal maps."""
    variance = model.factors.sum(axis=1) @ model.loadings
    variance = np.maximum(variance, _DARKEST * max(variance.max(), 1e-30))
    spread = np.zeros((len(ours), len(ours)))
    for part in column_parts(len(variance)):
        h = ours @ model.loadings[:, part]
        spread += (h * variance[part]) @ h.T
    return variance, spread


def _orthonormal(rows: np.ndarray) -> np.ndarray:
    """Return the matrix that makes rows orthonormal, and leaves out dependent ones."""
    gram = gram_of_rows(rows)
    size = np.sqrt(np.diag(gram))
    size = np.where(size > 0, size, 1)
    values, vectors = np.linalg.eigh(gram / np.outer(size, size))
    there = values > _DEPENDENT * values[-1]
    return (vectors[:, there] / np.sqrt(values[there])).T / size
