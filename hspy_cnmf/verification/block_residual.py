"""Residuals of one block of the data, summed over its pixels and its positions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from hspy_cnmf.operators.blocks import Side
from hspy_cnmf.operators.tiles import column_sums, read_tiles, row_sums
from hspy_cnmf.verification.noise import GivenVariance, PoissonNoise
from hspy_cnmf.verification.weighted_loadings import free_fit, normal_equations


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


def block_residual(
    block: Any,
    positions: Side,
    pixels: Side,
    noise: PoissonNoise | GivenVariance,
    dtype: np.dtype,
) -> tuple[tuple[np.ndarray, None], np.ndarray]:
    """Return sums over residuals of a block.

    Parameters
    ----------
    block : numpy.ndarray or tuple of numpy.ndarray
        See `hspy_cnmf.operators.tiles.read_tiles`.
    positions : Side
        With loadings, in counts, as stack.
    pixels : Side
        With factors as stack, and their leverage as weights (`FittedModel.leverage`).
    noise : PoissonNoise or GivenVariance
    dtype : numpy.dtype
        Type of the products; sums are in double precision.

    Returns
    -------
    per_position : numpy.ndarray, shape (8, number of positions)
        `PositionSums`
    explained : None
        No loadings are fitted; see `fitted_block_residual`.
    per_pixel : numpy.ndarray, shape (3, number of pixels)
        `PixelSums`
    """
    loadings, factors = positions.stack.T.astype(dtype), pixels.stack.astype(dtype)
    leverage = pixels.weights.astype(dtype)
    per_position = np.zeros((len(PositionSums._fields), positions.size))
    per_pixel = np.zeros((len(PixelSums._fields), pixels.size))
    for tile in read_tiles(block, positions, pixels, dtype):
        rows, columns, counts = tile.rows, tile.columns, tile.counts
        if noise.gain != 1:
            counts = counts.times(noise.gain)
        model = loadings[rows] @ factors[:, columns]
        weight, first, moments = noise.moments(model, tile.variance)
        firsts = row_sums(first), column_sums(first)
        fitted = first @ leverage[columns]
        squares = counts.square_deviations(model, weight)
        per_position[:, rows] += [squares[0], firsts[0], *moments, fitted]
        per_pixel[:, columns] += [counts.column_sums(), squares[1], firsts[1]]
    return (per_position, None), per_pixel


def fitted_block_residual(
    block: Any,
    positions: Side,
    pixels: Side,
    noise: PoissonNoise | GivenVariance,
    mean_factors: np.ndarray,
    dtype: np.dtype,
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return the same of a block of whole patterns, to which loadings are fitted first.

    The mean of each factor is that of `normal_equations`.
    """
    share, _ = normal_equations(
        block, positions, pixels, noise, mean_factors, dtype, with_slopes=True
    )
    loadings, explained = free_fit(share)
    fitted = replace(positions, stack=loadings)
    (sums, _), of_pixels = block_residual(block, fitted, pixels, noise, dtype)
    return (sums, explained), of_pixels
