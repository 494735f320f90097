"""How far the noise of counts moves what least squares find in them."""

from __future__ import annotations

import numpy as np

from hspy_cnmf.operators.low_rank import column_parts, gram_of_rows, inverse_of_gram


def counting_variance(
    known: np.ndarray, solved: np.ndarray, mixing: np.ndarray | None = None
) -> np.ndarray:
    r"""Return the variance of one side of a model, from the noise of counts.

    Parameters
    ----------
    known : numpy.ndarray, shape (n, n_known)
        Maps, where it is that of factors, or factors, where it is that of maps.
    solved : numpy.ndarray, shape (n, n_solved)
        The other side.
    mixing : numpy.ndarray, shape (n_sums, n), optional
        Sums of components whose variance is wanted. Default: each component.

    Returns
    -------
    numpy.ndarray, shape (n_sums, n_solved)
        Where the variance of the data is their mean; times the gain, where it is that
        many times larger.

    Notes
    -----
    Least squares factors are :math:`A X` with :math:`A = (H H^T)^{-1} H`, and the
    variance of X is the model, so that

    .. math:: \sigma^2_{kp} = \sum_l \Bigl(\sum_i a_{ki}^2 h_{li}\Bigr) w_{lp}:

    a pattern has the noise of all that lies over it. Maps likewise. That one side is
    known is assumed, and that nothing is smoothed.
    """
    inverse = inverse_of_gram(gram_of_rows(known))
    if mixing is not None:
        inverse = mixing @ inverse
    weights = np.zeros((len(inverse), len(known)))
    for part in column_parts(known.shape[1]):
        some = known[:, part].astype(float, copy=False)
        weights += (inverse @ some) ** 2 @ some.T
    return np.maximum(weights @ solved, 0)
