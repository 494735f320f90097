"""Maps of factors that are given, from one reading of the data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.solver.half_steps import als, nonnegative_least_squares
from hspy_cnmf.solver.iteration import gram, mean_squared_error
from hspy_cnmf.solver.result import APPLIED, Result
from hspy_cnmf.solver.smoothing_cost import DEAR
from hspy_cnmf.solver.smoothing_share import shares_of

#: Expected counts of a pixel below this part of their mean are no measure of its noise:
#: patterns that are all but zero somewhere do not know the background.
_FAINT = 0.01


def read_images(
    operator: StreamedOperator, factors: np.ndarray, weights: np.ndarray | None
) -> tuple[Inspection, np.ndarray, np.ndarray]:
    """Read the data once, for checks and for images of factors.

    Parameters
    ----------
    operator : StreamedOperator
        The data, without weights.
    factors : numpy.ndarray, shape (n, n_pixels)
    weights : numpy.ndarray, shape (n_pixels,), or None
        Of pixels.

    Returns
    -------
    inspection : Inspection
    images, weighted : numpy.ndarray, shape (n, n_positions)
        Products of the data with the factors, and with the weighted factors.
    """
    if weights is None:
        inspection, images = operator.inspect(factors)
        return inspection, images, images
    inspection, both = operator.inspect(np.concatenate([factors, factors * weights]))
    return inspection, both[: len(factors)], both[len(factors) :]


def pixel_weights(factors: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Return one over the counts that are expected in each pixel, shape (n_pixels,).

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
    amounts : numpy.ndarray, shape (n,)
        How much of each there is.
    """
    expected = amounts @ factors
    return expected.mean() / np.maximum(expected, _FAINT * expected.mean())


def fit_maps(
    operator: StreamedOperator,
    factors: np.ndarray,
    images: np.ndarray,
    weighted: np.ndarray,
    weights: np.ndarray | None,
    smooth: Callable[[np.ndarray], np.ndarray] | None,
    others: float | None,
) -> Result:
    r"""Return the maps of given factors as a result; nothing is read.

    Parameters
    ----------
    operator : StreamedOperator
        The data, after `read_images`.
    factors : numpy.ndarray, shape (n, n_pixels)
        Of unit sum.
    images, weighted, weights
        See `read_images`.
    smooth : callable or None
        Constraint on maps, shape (n, n_positions).
    others : float or None
        Of a tentative smoothing, the weights of the other values in what each value is
        smoothed to, summed. Such a one is left out where the data contradict it: where
        the error is `DEAR` times that without it or more, what it takes of the noise
        not counted; else each map is smoothed by a share, as in
        `hspy_cnmf.solver.smoothing_share`. None of one that is not tentative.

    Notes
    -----
    .. math:: h_j = \arg\min_{h \geq 0} \|D^{-1} (x_j - W^T h)\|^2

    with D the square roots of the counts that the factors make expect in the pixels, or
    one. What positions are divided by changes nothing.
    """
    products = gram(factors if weights is None else factors * np.sqrt(weights))
    weighted = weighted.astype(np.float64)
    start = als(weighted, products, np.zeros_like(weighted))
    loadings = nonnegative_least_squares(weighted, products, start)
    error = _error(operator, factors, loadings, images)
    cost, left_out = 1.0, False
    if smooth is not None:
        smoothed = smooth(loadings)
        smoothed_error = _error(operator, factors, smoothed, images)
        cost = _cost(error, smoothed_error, len(factors), operator.shape)
        left_out = others is not None and cost > DEAR
        if others is not None and not left_out:
            noise = _noise(factors, products, weights, error) * others
            shares = shares_of(loadings, noise, smooth)[:, np.newaxis]
            smoothed = loadings - shares * (loadings - smoothed)
            smoothed_error = _error(operator, factors, smoothed, images)
        if not left_out:
            loadings, error = smoothed, smoothed_error
    once = np.full((1, 1), np.nan)
    return Result(
        factors=factors.astype(operator.dtype),
        loadings=loadings.astype(operator.dtype),
        error=error,
        square_norm=operator.square_norm,
        best=0,
        status=(APPLIED,),
        n_iter=np.ones(1, int),
        seeds=np.zeros(1, int),
        error_history=np.full((1, 1), error),
        factor_change_history=once,
        loading_change_history=once,
        parameters={
            "n_components": len(factors),
            "fixed_factors": len(factors),
            "smoothing_cost": cost,
            "smoothing_left_out": left_out,
        },
    )


def _noise(
    factors: np.ndarray,
    products: np.ndarray,
    weights: np.ndarray | None,
    error: float,
) -> np.ndarray:
    """Return the variance of the noise of maps, (n,), if that of pixels is expected."""
    own = np.ones(factors.shape[1]) if weights is None else weights
    fits = np.linalg.pinv(products, hermitian=True) @ (factors * own)
    return np.square(fits) @ (error / own / np.mean(1 / own))


def _error(
    operator: StreamedOperator,
    factors: np.ndarray,
    loadings: np.ndarray,
    images: np.ndarray,
) -> float:
    return mean_squared_error(operator, gram(factors), loadings, images)


def _cost(error: float, smoothed: float, n: int, shape: tuple[int, int]) -> float:
    """Return the error of smoothed maps over that of maps, as `smoothing_cost` does."""
    noise = n * error / max(min(shape) - n, 1)
    extra = max(smoothed - error - noise, 0.0)
    if not extra:
        return 1.0
    return float(np.sqrt(1 + extra / error)) if error > 0 else np.inf
