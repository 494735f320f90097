"""What a last iteration on a sketch misses of the data, and by how much that matters.

A sketch leaves noise out of the data, and so does what its images fit in them. Where
positions are many that changes neither factors nor maps to speak of, and by how much
is known without the data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from hspy_cnmf.constraints.each_alone import one_by_one, overwritten
from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.fit import Fit
from hspy_cnmf.operators.in_file import let_go
from hspy_cnmf.operators.low_rank import column_parts, gram_of_rows, inverse_of_gram

#: Singular values of a Gram matrix below this fraction of the largest are rounding; of
#: images, which span many orders of magnitude, those below the second.
_ROUNDING, _OF_IMAGES = 1e-6, 1e-9

#: By how much noise exceeds its mean where factors or maps are bright.
_UNEVEN = 1.5


class Pair(Protocol):
    """Factors and the loadings that belong to them."""

    @property
    def factors(self) -> np.ndarray:
        """Shape (n_components, n_pixels)."""

    @property
    def loadings(self) -> np.ndarray:
        """Shape (n_components, n_positions)."""


def outside(sketch: LowRankOperator, factors: np.ndarray) -> np.ndarray:
    """Return what factors hold outside the basis patterns of a sketch."""
    basis = sketch.basis_patterns
    return factors - (factors @ basis.T) @ basis


def patterns(sketch: LowRankOperator, loadings: np.ndarray) -> np.ndarray:
    r"""Return the data's patterns summed with weights, as far as a sketch knows them.

    Parameters
    ----------
    sketch : LowRankOperator
        With a fit.
    loadings : numpy.ndarray, shape (n_components, n_positions)

    Returns
    -------
    numpy.ndarray, shape (n_components, n_pixels)

    Notes
    -----
    Of the part R of the data that the sketch leaves out, the sums are known with the
    part :math:`H_A` of the loadings H that lies in the span of the fitted images.
    Patterns that fit them, :math:`(H_A H_A^T)^{-1} H_A R`, stand for those of H.
    """
    with_first, _, of_known = _known(sketch, loadings)
    outer = gram_of_rows(loadings) @ of_known @ with_first @ _fit(sketch).patterns
    return sketch.patterns(loadings) + outer.astype(loadings.dtype)


def factors_differ_by(
    sketch: LowRankOperator, loadings: np.ndarray, known: np.ndarray
) -> np.ndarray:
    r"""Return how far factors are from those that a reading of the data would give.

    Parameters
    ----------
    sketch : LowRankOperator
        With a fit.
    loadings : numpy.ndarray, shape (n_components, n_positions)
        With which `patterns` are summed.
    known : numpy.ndarray, shape (n_components, n_pixels)
        These patterns.

    Returns
    -------
    numpy.ndarray, shape (n_components,)
        One minus the cosine, as expected without a constraint; zero for empty
        components.

    Notes
    -----
    What the sketch leaves out of patterns, r, is noise but for what the loadings
    explain. It comes into factors with other weights than in the data,

    .. math:: C = (H_A H_A^T)^{-1} H_A - (H H^T)^{-1} H

    so that they differ by :math:`C R`, of squared norms
    :math:`\sum_p C_{kp}^2 \|r_p\|^2`.
    """
    fit = _fit(sketch)
    first = sketch.basis_images[: len(fit.patterns)]
    _, shares, of_known = _known(sketch, loadings)
    of_known = of_known @ shares
    inverse = inverse_of_gram(gram_of_rows(loadings), _ROUNDING)
    missed = np.zeros(len(loadings))
    for part in column_parts(loadings.shape[1]):
        weights = of_known @ first[:, part] - inverse @ loadings[:, part]
        missed += (weights**2) @ fit.of_positions[part]
        let_go(first)
    found = inverse @ known
    norms = np.einsum("ij,ij->i", found, found)
    return _half_ratio(_UNEVEN * missed, norms, loadings.any(axis=1))


def _known(
    sketch: LowRankOperator, loadings: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return products of loadings and fitted images, and what these know of loadings.

    That is their weights in the loadings, by least squares, and the inverse Gram matrix
    of the part of the loadings that they make up.
    """
    first = sketch.basis_images[: len(_fit(sketch).patterns)]
    products = gram_of_rows(loadings, first)
    shares = products @ inverse_of_gram(gram_of_rows(first), _OF_IMAGES)
    return products, shares, inverse_of_gram(shares @ products.T, _ROUNDING)


def maps_differ_by(
    sketch: LowRankOperator,
    change: np.ndarray,
    found: Pair,
    project: Callable[[np.ndarray], np.ndarray] | None,
) -> np.ndarray:
    r"""Return how far maps are from those that a reading of the data would give.

    Parameters
    ----------
    sketch : LowRankOperator
        With a fit.
    change : numpy.ndarray, shape (n_components, n_pixels)
        Factors of which no image is known: D.
    found : Pair
        The last factors, and the loadings that were found for them.
    project : callable or None
        Constraint on loadings.

    Returns
    -------
    numpy.ndarray, shape (n_components,)
        One minus the correlation, as expected; zero for empty components.

    Notes
    -----
    Images miss :math:`D r` of the part r of a pattern that is left out, noise of mean
    squares :math:`s_j^2` in the pixels, so that maps differ by
    :math:`(W W^T)^{-1} D r`, with the covariance

    .. math:: (W W^T)^{-1} D \, \mathrm{diag}(s^2) \, D^T (W W^T)^{-1}

    if the noise in D is another. It is part of the same N patterns of M pixels, so
    that it may be :math:`1 + M / N` times as much, which is taken.

    Such noise is added to maps, and what the constraint leaves of it is measured.
    """
    factors, loadings = found.factors, found.loadings
    inverse = inverse_of_gram(gram_of_rows(factors), _ROUNDING)
    n, m = sketch.shape
    squares = _UNEVEN * (1 + m / n) * _fit(sketch).of_pixels / n
    covariance = inverse @ ((change * squares) @ change.T) @ inverse
    missed = _variances(_change(loadings, _noise(covariance, loadings), project))
    return _half_ratio(missed, _variances(loadings), factors.any(axis=1))


def _variances(rows: np.ndarray) -> np.ndarray:
    """Return the variance of each row, of which no copy in double is larger."""
    return np.array([row.var(dtype=float) for row in rows])


def _noise(covariance: np.ndarray, loadings: np.ndarray) -> np.ndarray:
    """Return noise of the shape and type of loadings, always the same."""
    values, vectors = np.linalg.eigh(covariance)
    turn = (vectors * np.sqrt(np.maximum(values, 0))).astype(loadings.dtype)
    noise = np.random.default_rng(0).standard_normal(loadings.shape, np.float32)
    for part in column_parts(loadings.shape[1]):
        noise[:, part] = turn @ noise[:, part]
    return noise


def _change(
    loadings: np.ndarray,
    noise: np.ndarray,
    project: Callable[[np.ndarray], np.ndarray] | None,
) -> np.ndarray:
    """Return by how much loadings change, where noise is added to them."""
    noise += loadings
    changed = np.maximum(noise, 0, out=noise).astype(loadings.dtype, copy=False)
    if project is None:
        changed -= loadings
        return changed
    after = overwritten(project, changed)
    del noise, changed  # as large as the maps
    for row, before in zip(after, one_by_one(project, loadings), strict=True):
        row -= before
    return after


def _half_ratio(missed: np.ndarray, norms: np.ndarray, some: Any) -> np.ndarray:
    some = some & (norms > 0)
    return np.where(some, missed / 2 / np.where(some, norms, 1), 0.0)


def _fit(sketch: LowRankOperator) -> Fit:
    if sketch.fit is None:
        raise ValueError("The sketch has no fit: it was not made of data.")
    return sketch.fit
