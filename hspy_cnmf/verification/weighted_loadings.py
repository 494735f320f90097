"""Loadings fitted to each position's own counts, with their covariance."""

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.verification.reading import slabs

#: Sweeps over all components, and the relative change that ends them.
_SWEEPS, _TOLERANCE = 500, 1e-9


def normal_equations(block, variance, positions, pixels, loadings, factors, noise):
    r"""Return a block's share of the equations that loadings solve.

    Parameters
    ----------
    block, variance, positions, pixels
        See `hspy_cnmf.verification.reading.BlockGrid.map`.
    loadings : numpy.ndarray, shape (n, number of positions that take part)
        Those of the model, in counts, which tell how far each pixel scatters.
    factors : numpy.ndarray, shape (n, n_pixels)
        All pixels that take part.
    noise : PoissonNoise or GivenVariance

    Returns
    -------
    products : numpy.ndarray, shape (n, n_positions)
        :math:`b_k = \sum_p w_{kp} x_p / v_p` at each position.
    slopes : numpy.ndarray, shape (n, n_positions)
        Covariance of these with the weighted squared residual.
    gram : numpy.ndarray, shape (n, n, n_positions)
        :math:`F_{kl} = \sum_p w_{kp} w_{lp} / v_p`, the Fisher information.
    """
    factors = factors[:, pixels.target]
    n = len(factors)
    products, slopes = np.zeros((2, n, positions.size))
    gram = np.zeros((n, n, positions.size))
    for rows, matrix, slab in slabs(block, variance, positions, pixels, noise.gain):
        model = loadings[:, rows].T @ factors
        precision = noise.precision(model, slab)
        slopes[:, rows] = factors @ noise.weight(model).T
        products[:, rows] = factors @ (precision * matrix).T
        for k in range(n):  # one component at a time: n products of BLAS
            gram[k, : k + 1, rows] = (factors[k] * factors[: k + 1]) @ precision.T
            gram[: k + 1, k, rows] = gram[k, : k + 1, rows]
    return products, slopes, gram


@dataclass(frozen=True, eq=False)
class Fit:
    """Loadings at some positions, and what fitting them does to residuals.

    Parameters
    ----------
    loadings : numpy.ndarray, shape (n, n_positions)
    explained : numpy.ndarray, shape (n_positions,)
        Part of the variance of the summed weighted squared residual that goes where
        loadings are fitted, because squares of counts and counts scatter together.
    is_free : bool
        Whether loadings were fitted to each position alone.
    """

    loadings: np.ndarray
    explained: np.ndarray
    is_free: bool

    @classmethod
    def kept(cls, loadings):
        """Take loadings as they are."""
        return cls(loadings, np.zeros(loadings.shape[1]), False)

    @classmethod
    def free(cls, shares):
        """Fit without constraints, from what `normal_equations` returned of blocks."""
        products, slopes, gram = (sum(share) for share in zip(*shares, strict=True))
        inverse = _inverse(np.moveaxis(gram, -1, 0))
        loadings = np.einsum("nkl,ln->kn", inverse, products)
        explained = np.einsum("kn,nkl,ln->n", slopes, inverse, slopes, optimize=True)
        return cls(loadings, explained, True)


def nonnegative_loadings(products, gram, start):
    """Return loadings that solve the normal equations, none of them negative.

    Parameters
    ----------
    products : numpy.ndarray, shape (n, n_positions)
    gram : numpy.ndarray, shape (n, n, n_positions)
        See `normal_equations`.
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


def loading_covariance(gram, active):
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


def _inverse(matrices):
    """Return pseudo-inverses of symmetric matrices, shape (..., n, n)."""
    size = np.sqrt(np.einsum("...kk->...k", matrices))
    size = np.where(size > 0, size, 1)
    sizes = size[..., :, np.newaxis] * size[..., np.newaxis, :]
    return np.linalg.pinv(matrices / sizes, rcond=1e-10, hermitian=True) / sizes
