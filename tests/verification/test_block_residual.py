"""Residuals of a block: sums over pixels and positions, the same of its parts."""

import numpy as np
import pytest

from hspy_cnmf.operators import slabs
from hspy_cnmf.operators.blocks import Side
from hspy_cnmf.verification.block_residual import (
    PixelSums,
    PositionSums,
    block_residual,
    fitted_block_residual,
)
from hspy_cnmf.verification.noise import PoissonNoise
from hspy_cnmf.verification.weighted_loadings import normal_equations

RNG = np.random.default_rng(0)
LOADINGS, FACTORS = 20 * RNG.random((2, 12)), RNG.random((2, 30))
COUNTS = RNG.poisson(LOADINGS.T @ FACTORS).astype("uint16")


def sums_of(columns, gain=1.0):
    n = COUNTS[:, columns].shape[1]
    positions = Side(12, None, np.zeros(12), gain * LOADINGS)
    pixels = Side(n, None, np.zeros(n), FACTORS[:, columns])
    (rows, _), pixels = block_residual(
        COUNTS[:, columns], positions, pixels, PoissonNoise(gain), np.dtype(float)
    )
    return PositionSums(*rows), PixelSums(*pixels)


@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_sums_are_those_of_the_formula(gain):
    rows, pixels = sums_of(slice(None), gain)
    model = gain * LOADINGS.T @ FACTORS
    square = (gain * COUNTS - model) ** 2 / (model + 0.5)
    np.testing.assert_allclose(rows.square, square.sum(axis=1))
    np.testing.assert_allclose(rows.first, (model / (model + 0.5)).sum(axis=1))
    np.testing.assert_allclose(pixels.square, square.sum(axis=0))
    np.testing.assert_allclose(pixels.data, gain * COUNTS.sum(axis=0))


def test_parts_of_the_pixels_add_up():
    whole, pixels = sums_of(slice(None))
    parts = [sums_of(part) for part in (slice(0, 11), slice(11, None))]
    for name in PositionSums._fields:
        added = sum(getattr(rows, name) for rows, _ in parts)
        np.testing.assert_allclose(added, getattr(whole, name), rtol=1e-9)
    joined = np.concatenate([found.square for _, found in parts])
    np.testing.assert_allclose(joined, pixels.square)


def sums_of_few_counts(dtype):
    """Return all sums of a block in which one value in 200 is not zero."""
    rng = np.random.default_rng(1)
    loadings, factors = rng.random((2, 300)), 0.01 * rng.random((2, 900))
    counts = rng.poisson(loadings.T @ factors).astype("uint16")
    positions = Side(300, None, np.zeros(300), loadings)
    pixels = Side(900, None, rng.random(900), factors)
    more = PoissonNoise(), factors.mean(axis=1), dtype
    equations, patterns = normal_equations(
        counts, positions, pixels, *more, with_slopes=True, with_patterns=True
    )
    (rows, explained), sums = fitted_block_residual(counts, positions, pixels, *more)
    return *equations, patterns, rows, explained, sums


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-9), ("float32", 1e-4)])
def test_blocks_of_few_counts_tell_the_same(dtype, rtol, monkeypatch):
    sparse = sums_of_few_counts(np.dtype(dtype))
    monkeypatch.setattr(slabs, "FEW", -1)
    for one, other in zip(sparse, sums_of_few_counts(np.dtype(dtype)), strict=True):
        scale = np.abs(other).max(axis=-1, keepdims=True)
        np.testing.assert_allclose(one, other, rtol, rtol * scale.max())
