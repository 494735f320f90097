"""Residuals of a model summed over the data, and how likely they are by chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import dask.array as da
import numpy as np

from hspy_cnmf.constraints.base import expand
from hspy_cnmf.operators import BlockReader
from hspy_cnmf.operators.blocks import Extent, LaterSide, Side, product_dtype
from hspy_cnmf.verification.block_residual import (
    PixelSums,
    PositionSums,
    block_residual,
    fitted_block_residual,
)
from hspy_cnmf.verification.model import FittedModel, require_numbers
from hspy_cnmf.verification.noise import Noise
from hspy_cnmf.verification.reading import as_maps, gather
from hspy_cnmf.verification.refitted_factors import refit_factors
from hspy_cnmf.verification.significance import ProbeWeights, tail_probability
from hspy_cnmf.verification.weighted_loadings import (
    Equations,
    free_fit,
    normal_equations,
)

#: Degrees of freedom below which a position or a pixel has none.
_ROUNDED = 1e-9


def residual_statistics(
    reader: BlockReader,
    model: FittedModel,
    noise: Noise,
    refit: str | None,
    judge: Callable[..., Any],
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> list[np.ndarray] | list[da.Array]:
    """Return what `judge` makes of the residuals; every reading but the last is now."""
    dtype = product_dtype(reader.data.dtype)
    factors, gain = model.factors, np.full((model.n_components, 1), noise.gain)
    loadings: np.ndarray | None = None
    leverage = np.zeros(factors.shape[1]) if refit is None else model.leverage()
    freedom = None
    explained: np.ndarray | None = None
    function: Any = partial(block_residual, noise=noise, dtype=dtype)
    if refit == "loadings" and reader.holds_patterns:
        function = partial(
            fitted_block_residual,
            noise=noise,
            dtype=dtype,
            mean_factors=factors.mean(axis=1),
        )
    elif refit is not None:
        fitted, sums = _fit_loadings(reader, model, noise, refit, dtype)
        loadings, explained = fitted[:-1], fitted[-1]
        if sums is not None:
            factors, freedom = refit_factors(model, loadings, sums, noise.gain)
    if freedom is None:
        freedom = 1 - model.position_leverage()
    if loadings is None:
        # A lazy reading waits, and those of the signal may change until then.
        loadings = model.loadings.copy() if reader.is_lazy else model.loadings
        positions = [
            LaterSide(e, explained, loadings, scale=gain) for e in reader.positions
        ]
    else:
        positions = [LaterSide(e, explained, loadings) for e in reader.positions]
    pixels = [Side.from_extent(e, leverage, factors) for e in reader.pixels]
    return reader.collect(
        "Summing residuals",
        function,
        positions,
        pixels,
        partial(judge, leverage, freedom, reader.positions, reader.pixels),
        shapes,
        finish=partial(_adjust, is_free=refit is not None),
    )


def _fit_loadings(
    reader: BlockReader,
    model: FittedModel,
    noise: Noise,
    refit: str | None,
    dtype: np.dtype,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return fitted loadings and, last, what they explain; and sums of patterns.

    These are weighted with the model's loadings; None where factors are not fitted
    again.
    """
    factors, gain = model.factors, np.full((model.n_components, 1), noise.gain)
    function = partial(
        normal_equations,
        noise=noise,
        mean_factors=factors.mean(axis=1),
        dtype=dtype,
        with_slopes=True,
        with_patterns=refit == "both",
    )
    n, (n_positions, n_pixels) = len(factors), reader.largest_block
    found = np.empty((n + 1, reader.shape[0]), dtype)
    sums = reader.read_maps(
        "Fitting loadings",
        function,
        [LaterSide(e, stack=model.loadings, scale=gain) for e in reader.positions],
        reader.sides(factors=factors)[1],
        found,
        finish=_fit_of_row,
        product_bytes=8 * n * ((n + 3) * n_positions + n_pixels),
    )
    require_numbers(found, "the residual")
    return found, gather(sums, reader.pixels) if refit == "both" else None


def _fit_of_row(equations: Equations, positions: Side) -> np.ndarray:
    """Return fitted loadings and, last, what they explain."""
    return np.vstack(free_fit(equations))


def _adjust(
    summed: tuple[np.ndarray, np.ndarray | None],
    positions: Side,
    is_free: bool,
) -> np.ndarray:
    """Return sum, mean without and with fitted loadings, and variance, skewness.

    Parameters
    ----------
    summed : tuple
        `PositionSums` of all pixels, and what was explained if it was fitted with them.
    positions : Side
        With what was explained before as weights.
    is_free : bool
        Whether loadings were fitted to each position alone.

    Returns
    -------
    numpy.ndarray of single precision, shape (4, n_positions)
        Sum of weighted squared residuals; its mean, second and third cumulant: what is
        lost of these is far less than by how much they scatter.
    """
    sums, explained = PositionSums(*summed[0]), summed[1]
    if explained is None:
        explained = positions.weights if is_free else np.zeros(positions.size)
    second = np.maximum(sums.second - explained, 0.01 * sums.second)
    # The fitted total follows the counts: take what goes with it off the skewness too.
    share = np.zeros_like(second)
    if is_free:
        total = np.where(sums.variance > 0, sums.variance, 1)
        share = np.where(explained > 0, sums.first / total, 0)
    third = (
        sums.third
        - 3 * share * sums.with_deviation
        + 3 * share**2 * sums.with_square
        - share**3 * sums.variance
    )
    found = sums.square, sums.first - sums.fitted, second, third
    return np.stack(found).astype(np.float32)


def judge(
    model: FittedModel,
    weights: ProbeWeights,
    significance: float,
    gain: float,
    leverage: np.ndarray,
    freedom: np.ndarray,
    positions: Sequence[Extent],
    pixels: Sequence[Extent],
    rows: Sequence[np.ndarray],
    sums: Sequence[np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return maps and patterns, of what was found in the blocks at some extents.

    `leverage` is that of the pixels, `freedom` what factors leave to the positions.
    """
    maps = as_maps(gather(rows, positions), model.keep_positions)
    # What is left of 1 by rounding is no freedom.
    freedom = np.where(freedom < _ROUNDED, 0, freedom)
    of_pixels = float(freedom.mean()) - leverage
    return (
        _judge_maps(maps, model.keep_positions, freedom, weights, significance),
        _residual_patterns(PixelSums(*gather(sums, pixels)), model, of_pixels, gain),
    )


def _judge_maps(
    maps: np.ndarray,
    keep: np.ndarray,
    freedom: np.ndarray,
    weights: ProbeWeights,
    significance: float,
) -> np.ndarray:
    """Return maps of reduced chi-square, probability, and what is flagged."""
    square, mean, second, third = maps
    expected = mean * as_maps(freedom[np.newaxis], keep)[0].astype(mean.dtype)
    judged = np.full((3, *keep.shape), np.nan)
    chi_square, probability, flagged = judged
    np.divide(square, expected, out=chi_square, where=expected > 0)
    square -= expected
    for values in (square, second, third):
        values[~keep] = 0
    chance = tail_probability(square, second, third, weights)
    probability[keep] = chance[keep]
    np.less(probability, significance, out=flagged)
    return judged


def _residual_patterns(
    sums: PixelSums, model: FittedModel, of_pixels: np.ndarray, gain: float
) -> np.ndarray:
    """Return the mean residual pattern as it stands, and reduced chi-square a pixel."""
    keep = model.keep_pixels
    n_positions = model.loadings.shape[1]
    pattern, freedom = np.full((2, *keep.shape), np.nan)
    pattern[keep] = model.mean_loadings @ model.factors
    freedom[keep] = np.where(of_pixels < _ROUNDED, 0, of_pixels)
    first, square, data = (
        expand(values[np.newaxis], keep)[0]
        for values in (sums.first, sums.square, sums.data)
    )
    expected = first * freedom
    chi_square = np.divide(
        square, expected, out=np.full(keep.shape, np.nan), where=expected > 0
    )
    return np.stack([data / (n_positions * gain) - pattern, chi_square])
