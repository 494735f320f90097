"""Fractions of components fitted to the counts of each position, as arrays."""

from __future__ import annotations

from functools import partial

import dask.array as da
import numpy as np

from hspy_cnmf.operators import BlockReader
from hspy_cnmf.operators.blocks import LaterSide, Side, product_dtype
from hspy_cnmf.verification.model import FittedModel
from hspy_cnmf.verification.noise import Noise
from hspy_cnmf.verification.reading import as_maps
from hspy_cnmf.verification.weighted_loadings import (
    Equations,
    loading_covariance,
    nonnegative_loadings,
    normal_equations,
)


def fit_fractions(
    data: np.ndarray | da.Array,
    model: FittedModel,
    noise: Noise,
    variance: np.ndarray | da.Array | None,
    max_memory: int | str | None = None,
    show_progressbar: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Return maps of the fractions of all components, and of their uncertainties.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Navigation axes first; read once.
    model : FittedModel
        Nowhere negative.
    noise : PoissonNoise or GivenVariance
    variance : array or None
        Of the data, pixel by pixel, where it is given so.

    Returns
    -------
    fractions, uncertainty : numpy.ndarray, shape (n, *map_shape)
        NaN where masked, or where nothing was counted; 0 of components that are zero
        everywhere.
    """
    keep = model.keep_positions, model.keep_pixels
    reader = BlockReader(
        data,
        *keep,
        beside=variance,
        max_memory=max_memory,
        show_progressbar=show_progressbar,
    )
    found = model.without_empty()
    totals = found.factors.sum(axis=1, keepdims=True)
    scale = np.where(totals > 0, totals, 1)
    factors = found.factors / scale
    n = found.n_components
    # Kept with the signal for every position: single precision is what counts bear.
    values = np.empty((2 * n, reader.shape[0]), np.float32)
    counts = scale * noise.gain
    reader.read_maps(
        "Fitting fractions",
        partial(
            normal_equations,
            noise=noise,
            mean_factors=factors.mean(axis=1),
            dtype=product_dtype(data.dtype),
        ),
        [LaterSide(e, stack=found.loadings, scale=counts) for e in reader.positions],
        reader.sides(factors=factors)[1],
        values,
        finish=fractions_and_uncertainties,
        product_bytes=8 * n * (n + 3) * reader.largest_block[0],
    )
    maps = as_maps(values, model.keep_positions)
    fractions, uncertainty = (_with_empty(s, model.there) for s in np.split(maps, 2))
    return fractions, uncertainty


def fractions_and_uncertainties(equations: Equations, positions: Side) -> np.ndarray:
    """Return fractions at some positions and then their standard deviations.

    Parameters
    ----------
    equations : Equations
        Of all pixels.
    positions : Side
        With loadings to begin with.

    Returns
    -------
    numpy.ndarray, shape (2 n, n_positions)
        NaN where nothing was counted.
    """
    gram = equations.gram
    counted = equations.products.any(axis=0)
    start = np.where(counted, positions.stack, 0)
    loadings = nonnegative_loadings(equations.products, gram, start)
    there = loadings > 0
    covariance = loading_covariance(gram, there)
    alone = loading_covariance(gram, np.ones_like(there))
    with np.errstate(invalid="ignore", divide="ignore"):
        total = loadings.sum(axis=0)
        fractions = loadings / total
        sums = covariance.sum(axis=2).T
        variance = np.einsum("nkk->kn", covariance) - 2 * fractions * sums
        variance = variance + fractions**2 * covariance.sum(axis=(1, 2))
        variance = np.where(
            there & (there.sum(axis=0) > 1), variance, np.einsum("nkk->kn", alone)
        )
        uncertainty = np.sqrt(np.maximum(variance, 0)) / total
    uncertainty[:, ~(total > 0)] = fractions[:, ~(total > 0)] = np.nan
    return np.concatenate([fractions, uncertainty])


def _with_empty(stack: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return maps of all components: 0 of those that are empty, NaN where all are."""
    if there.all():
        return stack
    whole = np.zeros((len(there), *stack.shape[1:]), stack.dtype)
    whole[:, np.isnan(stack).all(axis=0)] = np.nan
    whole[there] = stack
    return whole
