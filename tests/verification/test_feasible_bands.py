"""Bands of arrays: they hold what was found, and widen with the noise."""

import numpy as np
import pytest

from hspy_cnmf.constraints import AzimuthalFloor, RadialFloor
from hspy_cnmf.verification.feasible_bands import (
    feasible_bands,
    floor_limits,
    standard_deviations,
)

SHAPE = (6, 8)


def a_matrix_and_a_crystal(seed=0):
    """Return rings, and rings with spots, and maps of both."""
    rng = np.random.default_rng(seed)
    rings = np.repeat(np.linspace(4, 1, SHAPE[0]), SHAPE[1]).reshape(SHAPE)
    spots = np.zeros(SHAPE)
    spots[[1, 3], [2, 5]] = 9
    maps = np.stack([1 + rng.random(50), np.maximum(rng.random(50) - 0.5, 0)])
    factors = np.stack([rings.ravel(), spots.ravel()])
    return factors / factors.sum(axis=1, keepdims=True), maps * 1e4


def test_bands_hold_what_was_found_and_widen_with_the_noise():
    factors, loadings = a_matrix_and_a_crystal()
    widths = []
    for tolerance in (0.0, 1.0, 2.0):
        bands = feasible_bands(factors, loadings, 1.0, tolerance)
        lowest, found, highest = bands.shares
        assert (lowest <= found).all() and (found <= highest).all()
        np.testing.assert_allclose(found.sum(), 1)
        counts = factors * loadings.mean(axis=1, keepdims=True)
        low, high = bands.factors
        assert (low <= counts + 1e-9).all() and (counts <= high + 1e-9).all()
        low, high = bands.loadings
        assert (low <= loadings + 1e-6).all() and (loadings <= high + 1e-6).all()
        widths.append(highest - lowest)
    assert (np.diff(widths, axis=0) >= -1e-6).all()


def test_bands_do_not_depend_on_scales_and_order():
    factors, loadings = a_matrix_and_a_crystal()
    bands = feasible_bands(factors, loadings, 1.0)
    scaled = feasible_bands(factors[::-1] * 7, loadings[::-1] * 3, 21.0)
    np.testing.assert_allclose(scaled.shares, bands.shares[:, ::-1], rtol=1e-5)


def test_a_floor_keeps_the_matrix_free_of_holes():
    """Without it, the matrix may lack what crystals have in their spots."""
    factors, loadings = a_matrix_and_a_crystal()
    floor = AzimuthalFloor(), np.ones(SHAPE, bool)
    free = feasible_bands(factors, loadings, 1.0, 0.0)
    kept = feasible_bands(factors, loadings, 1.0, 0.0, floor)
    spots = factors[1] > 0
    assert free.factors[0][0][spots].min() < 0.7 * kept.factors[0][0][spots].min()
    assert kept.shares[2, 1] < free.shares[2, 1]


def test_limits_of_floors_are_those_of_what_is_diffuse():
    factors, _ = a_matrix_and_a_crystal()
    limits = floor_limits(factors, AzimuthalFloor(), np.ones(SHAPE, bool))
    assert list(limits) == [0]
    np.testing.assert_allclose(limits[0][0], 0, atol=1e-12)
    assert limits[0][1].max() > 0


@pytest.mark.parametrize("level", ["robust", "mean"])
def test_what_a_floor_leaves_as_it_is_obeys_its_limits(level):
    """Beside the sharp edge of a direct beam, too."""
    floor, keep = RadialFloor(level=level), np.ones((30, 31), bool)
    rows, columns = np.indices(keep.shape) - np.array([14.5, 15])[:, None, None]
    radii = np.hypot(rows, columns)[keep]
    beam = 1000 * np.exp(-3 * np.maximum(radii - 5, 0))
    factors = np.stack([np.ones(radii.size), 1 + beam])
    stays = floor.prepare(keep)(factors) == factors
    beside = (radii > 5) & (radii < 6.5)
    assert stays.mean() > 0.5 and stays[1][beside].any()
    for k, limits in floor_limits(factors, floor, keep).items():
        assert (limits[k] >= -1e-9 * factors[k].max())[stays[k]].all()


def test_deviations_are_those_of_repeated_counts():
    """The formula, beside least squares fits to many scans of the same model."""
    factors, loadings = a_matrix_and_a_crystal()
    rng = np.random.default_rng(1)
    model = loadings.T @ factors
    fits = [
        np.linalg.lstsq(factors.T, rng.poisson(model).T, rcond=None)[0]
        for _ in range(300)
    ]
    expected = standard_deviations(factors, loadings, 1.0)[1]
    ratio = np.std(fits, axis=0) / expected
    np.testing.assert_allclose(np.median(ratio, axis=1), 1, atol=0.05)
