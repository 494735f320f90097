"""Sketch the data once, so that iterations need not read them again."""

import numpy as np

from hspy_cnmf.operators import LowRankOperator


def automatic_rank(n_components, shape):
    """Return the rank of the sketch that ``compression="auto"`` stands for.

    Parameters
    ----------
    n_components : int
        Number of components to find.
    shape : tuple of int
        Number of positions and of pixels.

    Returns
    -------
    int or None
        None where a sketch would not be much smaller than the data.
    """
    rank = max(64, 4 * n_components)
    return rank if 2 * rank < min(shape) else None


def sketch(operator, rank, rng):
    r"""Compress data by a randomised range finder with one power iteration.

    Parameters
    ----------
    operator : StreamedOperator
        The data; read three times.
    rank : int
        Rank of the sketch, a few times the number of components.
    rng : numpy.random.Generator
        Source of the random test matrix.

    Returns
    -------
    LowRankOperator

    Notes
    -----
    With :math:`\Omega` random, :math:`Q = \mathrm{orth}(X \Omega)` and
    :math:`V = \mathrm{orth}(X^T Q)`,

    .. math:: X \approx (X V) V^T

    (Halko, Martinsson & Tropp, SIAM Rev. 53, 217, 2011; for non-negative
    factorisations Tepper & Sapiro, IEEE Trans. Signal Process. 64, 2269, 2016).
    """
    test = rng.standard_normal((rank, operator.shape[1]))
    positions = _orthonormal_rows(operator.images(test))
    basis = _orthonormal_rows(operator.patterns(positions)).astype(operator.dtype)
    return LowRankOperator(operator.images(basis), basis, operator.square_norm)


def _orthonormal_rows(matrix):
    return np.linalg.qr(matrix.T.astype(np.float64))[0].T
