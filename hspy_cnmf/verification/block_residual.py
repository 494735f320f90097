"""Residuals of one block of the data, summed over its pixels and its positions."""

from typing import NamedTuple

import numpy as np

from hspy_cnmf.verification.reading import slabs


class PositionSums(NamedTuple):
    """Sums over pixels at each position.

    Attributes
    ----------
    square : numpy.ndarray
        Weighted squared residuals; next to it what `hspy_cnmf.verification.noise`
        expects of them.
    fitted : numpy.ndarray
        What fitting the loadings takes away from their mean.
    """

    square: np.ndarray
    first: np.ndarray
    second: np.ndarray
    third: np.ndarray
    with_deviation: np.ndarray
    with_square: np.ndarray
    variance: np.ndarray
    fitted: np.ndarray


class PixelSums(NamedTuple):
    """Sums over positions in each pixel: data, weighted squares and their mean."""

    data: np.ndarray
    square: np.ndarray
    first: np.ndarray


def block_residual(block, variance, positions, pixels, fit, factors, leverage, noise):
    """Return sums over residuals of a block.

    Parameters
    ----------
    block, variance, positions, pixels
        See `hspy_cnmf.verification.reading.BlockGrid.map`.
    fit : Fit
        Loadings, in counts, shape (n, number of positions that take part).
    factors : numpy.ndarray, shape (n, n_pixels)
        All pixels that take part.
    leverage : numpy.ndarray, shape (n_pixels,)
        See `FittedModel.leverage`.
    noise : PoissonNoise or GivenVariance

    Returns
    -------
    per_position : numpy.ndarray, shape (8, number of positions)
        `PositionSums`
    per_pixel : numpy.ndarray, shape (3, number of pixels)
        `PixelSums`
    """
    factors, leverage = factors[:, pixels.target], leverage[pixels.target]
    per_position = np.zeros((len(PositionSums._fields), positions.size))
    per_pixel = np.zeros((len(PixelSums._fields), pixels.size))
    for rows, matrix, slab in slabs(block, variance, positions, pixels, noise.gain):
        model = fit.loadings[:, rows].T @ factors
        weight, *expected = noise.moments(model, slab)
        square = weight * (matrix - model) ** 2
        per_position[:-1, rows] = [values.sum(axis=1) for values in (square, *expected)]
        per_position[-1, rows] = expected[0] @ leverage
        per_pixel += [values.sum(axis=0) for values in (matrix, square, expected[0])]
    return per_position, per_pixel


def block_patterns(block, variance, positions, pixels, loadings, noise):
    """Return a block's share of the patterns summed with loadings as weights."""
    patterns = np.zeros((len(loadings), pixels.size))
    for rows, matrix, _ in slabs(block, None, positions, pixels, noise.gain):
        patterns += loadings[:, rows] @ matrix
    return patterns
