"""Shares of rings: how much of an amorphous pattern the rings of a crystal hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from hspy_cnmf.constraints.ring_quantiles import ring_quantiles
from hspy_cnmf.constraints.rings import Rings

#: How much of the square norm of crystals' rings may be no multiple of the matrix's.
#: Of crystals that lie in a matrix, 0.015 at most is; of measured patterns of crystals
#: that replace their support, with diffuse scattering of their own, 0.03 and more.
MISFIT = 0.02

#: Where all crystals have spots on nearly all rings, their rings do not tell whether
#: they are those of the matrix: so much of these may be overdrawn, as by noise.
OVERDRAWN = 0.1

#: Share of a ring that spots leave, be they as wide as they are close.
_BETWEEN = 0.25

#: Rings of a crystal that lies in the matrix have less of this share of their misfit
#: between its spots. The rings of silver on its support have 1.2 times of it.
_NEARER = 0.9


def cone(levels: np.ndarray, rings: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return shares of rings, not negative, that come nearest to levels.

    Parameters
    ----------
    levels : numpy.ndarray, shape (n_crystals, n_rings)
    rings : numpy.ndarray, shape (n_amorphous, n_rings)
    sizes : numpy.ndarray, shape (n_rings,) or (n_crystals, n_rings)
        Pixels of the rings that count.

    Returns
    -------
    numpy.ndarray, shape (n_crystals, n_amorphous)
    """
    weights = np.sqrt(np.broadcast_to(sizes, levels.shape))
    return np.array(
        [
            nnls((rings * w).T, level * w)[0]
            for level, w in zip(levels, weights, strict=True)
        ]
    ).reshape(len(levels), len(rings))


def misfit(
    one: np.ndarray, other: np.ndarray, fitted: np.ndarray, sizes: np.ndarray
) -> float:
    """Return how much of the square norm of rings is not what is fitted to them.

    Squares are products of levels of two halves of the pixels, which share no noise.
    """
    if not (fitted * sizes).any():
        return np.inf
    norm = np.sum(one * other * sizes)
    square = np.sum((one - fitted) * (other - fitted) * sizes)
    return float(square / norm) if norm > 0 else 0.0


def taken(
    levels: np.ndarray,
    own: np.ndarray,
    fitted: np.ndarray,
    sizes: np.ndarray,
    fraction: float,
) -> np.ndarray:
    """Return shares of which a fraction of the rings has less, by their brightness.

    Parameters
    ----------
    levels, fitted : numpy.ndarray, shape (n_crystals, n_rings)
    own : numpy.ndarray, shape (n_crystals, n_amorphous)
        Shares that give what is fitted.
    sizes : numpy.ndarray, shape (n_rings,) or (n_crystals, n_rings)
    fraction : float
    """
    ratios = levels / np.where(fitted > 0, fitted, 1)
    weights = np.maximum(fitted, 0) * sizes
    times = [
        weighted_quantile(*row, fraction) for row in zip(ratios, weights, strict=True)
    ]
    return np.array(times)[:, np.newaxis] * own


def between_spots(
    amorphous: np.ndarray,
    crystals: np.ndarray,
    rings: Rings,
    halves: list[tuple[np.ndarray, np.ndarray]],
    sizes: np.ndarray,
) -> np.ndarray | None:
    """Return shares as they are between spots that cover most of the rings.

    Parameters
    ----------
    amorphous, crystals : numpy.ndarray, shape (n, n_pixels)
        Patterns of least squares, with their signs: a floor fills what is between
        spots.
    rings : Rings
    halves : list of (numpy.ndarray, numpy.ndarray)
        Order and edges of two halves of the pixels.
    sizes : numpy.ndarray, shape (n_rings,)
        Pixels of the rings that count.

    Returns
    -------
    numpy.ndarray or None, shape (n_crystals, n_amorphous)
        None where the medians of rings are multiples of the amorphous ones, and where
        what is between spots is no nearer to these: it is the crystals' own.
    """
    misfits = []
    for fraction in (0.5, _BETWEEN):
        levels, of_matrix = (
            ring_quantiles(patterns, rings.order, rings.edges, fraction)
            for patterns in (crystals, amorphous)
        )
        own = cone(levels, of_matrix, sizes)
        fitted = own @ of_matrix
        one, other = (ring_quantiles(crystals, *half, fraction) for half in halves)
        misfits.append(misfit(one, other, fitted, sizes))
    if misfits[0] < MISFIT or misfits[1] > _NEARER * misfits[0]:
        return None
    return np.maximum(taken(levels, own, fitted, sizes, OVERDRAWN), 0)


def weighted_quantile(
    values: np.ndarray, weights: np.ndarray, fraction: ArrayLike
) -> np.ndarray:
    """Return quantiles of values that count by their weights, as many as fractions."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) - weights[order] / 2
    return np.interp(np.multiply(fraction, weights.sum()), reached, values[order])
