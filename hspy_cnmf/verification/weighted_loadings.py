"""Loadings fitted to each position's own counts, with their covariance."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hspy_cnmf.operators.blocks import Side
from hspy_cnmf.operators.tiles import read_tiles
from hspy_cnmf.verification.noise import GivenVariance, PoissonNoise

#: Sweeps over all components, and the relative change that ends them.
_SWEEPS, _TOLERANCE = 500, 1e-9


class Equations(NamedTuple):
    r"""The equations that loadings solve at each position.

    Attributes
    ----------
    products : numpy.ndarray, shape (n, n_positions)
        :math:`b_k = \sum_p w_{kp} x_p / v_p`.
    slopes : numpy.ndarray, shape (n, n_positions)
        Covariance of these with the weighted squared residual, where asked for.
    pairs : numpy.ndarray, shape (n (n + 1) / 2, n_positions)
        :math:`F_{kl} = \sum_p w_{kp} w_{lp} / v_p`, the Fisher information, of
        components k not below l.
    """

    products: np.ndarray
    slopes: np.ndarray
    pairs: np.ndarray

    @property
    def gram(self) -> np.ndarray:
        """The Fisher information, shape (n, n, n_positions)."""
        n = len(self.products)
        whole = np.empty((n, n, self.products.shape[1]))
        k, m = np.tril_indices(n)
        whole[k, m] = whole[m, k] = self.pairs
        return whole


def normal_equations(
    block: Any,
    positions: Side,
    pixels: Side,
    noise: PoissonNoise | GivenVariance,
    mean_factors: np.ndarray,
    dtype: np.dtype,
    with_slopes: bool = False,
    with_patterns: bool = False,
) -> tuple[Equations, np.ndarray | None]:
    r"""Return a block's share of the equations that loadings solve.

    Parameters
    ----------
    block : numpy.ndarray or tuple of numpy.ndarray
        See `hspy_cnmf.operators.tiles.read_tiles`.
    positions : Side
        With loadings of the model, in counts, which tell how far each pixel scatters.
    pixels : Side
        With factors.
    noise : PoissonNoise or GivenVariance
    mean_factors : numpy.ndarray, shape (n,)
        Mean of each factor over all pixels that take part.
    dtype : numpy.dtype
        In which data and their variances are known.
    with_slopes : bool, default False
        Whether the slopes are wanted, as `free_fit` does.
    with_patterns : bool, default False
        Whether the patterns, summed with loadings as weights, are wanted.

    Returns
    -------
    equations : Equations
    patterns : numpy.ndarray or None, shape (n, n_pixels)

    Notes
    -----
    Products are in double precision, as factors may be much alike: weights that are
    rounded do no harm if they are the same in all of them. Slopes are not solved for,
    and bear rounding. The products of pairs of factors are multiplied with the weights
    of some positions and pixels at a time: one product of matrices.
    """
    loadings, factors = positions.stack, pixels.stack
    first, second = np.tril_indices(len(factors))
    products = np.zeros((len(factors), positions.size))
    slopes = np.zeros_like(products) if with_slopes else products[:0]
    pairs = np.zeros((len(first), positions.size))
    patterns = np.zeros((len(factors), pixels.size))
    levels = (mean_factors @ loadings)[:, np.newaxis]
    rounded = loadings.T.astype(dtype), factors.astype(dtype)
    for tile in read_tiles(block, positions, pixels, dtype):
        rows, columns, counts = tile.rows, tile.columns, tile.counts
        if noise.gain != 1:
            counts = counts.times(noise.gain)
        own = factors[:, columns]
        model = rounded[0][rows] @ rounded[1][:, columns]
        precision = noise.precision(model, tile.variance, levels[rows])
        products[:, rows] += counts.times(precision).images(own)
        pairs[:, rows] += (own[first] * own[second]) @ precision.astype(float).T
        if with_slopes:
            slopes[:, rows] += rounded[1][:, columns] @ noise.weight(model).T
        if with_patterns:
            patterns[:, columns] += counts.patterns(loadings[:, rows])
    return Equations(products, slopes, pairs), patterns if with_patterns else None


def free_fit(found: Equations) -> tuple[np.ndarray, np.ndarray]:
    """Fit loadings without constraints, and tell what that does to residuals.

    Parameters
    ----------
    found : Equations
        Of all pixels.

    Returns
    -------
    loadings : numpy.ndarray, shape (n, n_positions)
    explained : numpy.ndarray, shape (n_positions,)
        Part of the variance of the summed weighted squared residual that goes where
        loadings are fitted, because squares of counts and counts scatter together.
    """
    inverse = _inverse(np.moveaxis(found.gram, -1, 0))
    loadings = np.einsum("nkl,ln->kn", inverse, found.products)
    slopes = found.slopes
    explained = np.einsum("kn,nkl,ln->n", slopes, inverse, slopes, optimize=True)
    return loadings, explained


def nonnegative_loadings(
    products: np.ndarray, gram: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """Return loadings that solve the normal equations, none of them negative.

    Parameters
    ----------
    products : numpy.ndarray, shape (n, n_positions)
    gram : numpy.ndarray, shape (n, n, n_positions)
        See `Equations`.
    start : numpy.ndarray, shape (n, n_positions)
        Where to begin.

    Returns
    -------
    numpy.ndarray, shape (n, n_positions)

    Notes
    -----
    One component at a time is minimised exactly, for all positions together, until
    nothing changes to speak of.
    """
    loadings = np.maximum(start, 0)
    diagonal = np.einsum("kkn->kn", gram)
    inverse = np.divide(1, diagonal, out=np.zeros(diagonal.shape), where=diagonal > 0)
    limit = _TOLERANCE * max(loadings.max(initial=0), (products * inverse).max())
    for _ in range(_SWEEPS):
        before = loadings.copy()
        for k in range(len(loadings)):
            gradient = products[k] - np.einsum("jn,jn->n", gram[k], loadings)
            loadings[k] = np.maximum(loadings[k] + gradient * inverse[k], 0)
        if np.abs(loadings - before).max(initial=0) <= limit:
            break
    return loadings


def loading_covariance(gram: np.ndarray, active: np.ndarray) -> np.ndarray:
    r"""Return the covariance of loadings at each position.

    Parameters
    ----------
    gram : numpy.ndarray, shape (n, n, n_positions)
        Fisher information :math:`F` of all components.
    active : numpy.ndarray of bool, shape (n, n_positions)
        Components that are there.

    Returns
    -------
    numpy.ndarray, shape (n_positions, n, n)
        :math:`F^{-1}` among the components that are there; rows and columns of the
        others are 0.
    """
    active = active.T
    both = active[:, :, np.newaxis] & active[:, np.newaxis, :]
    return _inverse(np.where(both, np.moveaxis(gram, -1, 0), 0))


def _inverse(matrices: np.ndarray) -> np.ndarray:
    """Return pseudo-inverses of symmetric matrices, shape (..., n, n)."""
    size = np.sqrt(np.einsum("...kk->...k", matrices))
    size = np.where(size > 0, size, 1)
    sizes = size[..., :, np.newaxis] * size[..., np.newaxis, :]
    return np.linalg.pinv(matrices / sizes, rcond=1e-10, hermitian=True) / sizes
