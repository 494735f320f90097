"""Factors fitted again: what they explain, and the freedom that they leave."""

import numpy as np
import pytest

from hspy_cnmf.verification.model import FittedModel
from hspy_cnmf.verification.refitted_factors import refit_factors

N_PIXELS = 400


def case(seed, shape, n_absent=0):
    """Return a model of true factors, fitted maps, and noise of unit variance."""
    rng = np.random.default_rng(seed)
    n_positions = int(np.prod(shape))
    factors = rng.random((3, N_PIXELS)) / 10
    maps = 100 * rng.random((3, n_positions))
    maps[3 - n_absent :] = 0
    noise = rng.normal(size=(2, 3, n_positions))
    fitted, kept = maps + noise[0], np.maximum(maps + noise[0], 0)
    model = FittedModel(
        factors,
        kept,
        np.ones((20, 20), bool),
        np.ones(shape, bool),
        "test",
        n_known=3,
    )
    return model, fitted, rng.normal(size=(n_positions, N_PIXELS))


def left_over(model, fitted, noise, gain=1.0):
    """Return the freedom that is stated, and that found, at each position."""
    variance = model.factors.sum(axis=1) @ model.loadings  # that of counts
    size = np.sqrt(variance / variance.mean())[:, np.newaxis]
    data = fitted.T @ model.factors + size * noise
    refitted = refit_factors(
        model, gain * fitted, gain**2 * model.loadings @ data, gain
    )
    found = (data - fitted.T @ refitted.factors) / size
    return refitted.freedom, np.square(found).mean(axis=1)


@pytest.mark.parametrize("gain", [1.0, 3.0])
@pytest.mark.parametrize("n_absent", [0, 1, 2])
@pytest.mark.parametrize("shape", [(1, 12), (3, 4), (9, 10)])
def test_the_freedom_is_what_noise_keeps(shape, n_absent, gain):
    ratios = [
        np.divide(*[v.sum() for v in left_over(*case(seed, shape, n_absent), gain)])
        for seed in range(5)
    ]
    # As the variance of 400 pixels and 60 and more positions lets it be.
    assert np.mean(ratios) == pytest.approx(1, abs=0.05)


def test_without_noise_factors_come_out_true():
    model, *_ = case(0, (6, 8))
    data = model.loadings.T @ model.factors
    wrong = FittedModel(
        model.factors + 0.01,
        model.loadings,
        model.keep_pixels,
        model.keep_positions,
        "test",
    )
    refitted = refit_factors(wrong, model.loadings, model.loadings @ data, 1.0)
    np.testing.assert_allclose(refitted.factors, model.factors, atol=1e-8)


def test_what_maps_of_noise_would_tell_is_not_asked():
    model, fitted, noise = case(1, (6, 10), n_absent=2)
    data = fitted.T @ model.factors + noise
    refitted = refit_factors(model, fitted, model.loadings @ data, 1.0)
    change = refitted.factors - model.factors
    assert np.linalg.norm(change[1:]) < 1e-3 * np.linalg.norm(model.factors)
    assert refitted.freedom.sum() == pytest.approx(60 - 1, abs=0.1)


def test_dependent_maps_are_one():
    model, fitted, noise = case(2, (9, 10))
    model.loadings[2], fitted[2] = model.loadings[1], fitted[1]
    stated, found = left_over(model, fitted, noise)
    assert stated.sum() == pytest.approx(90 - 2, abs=0.5)
    assert found.sum() == pytest.approx(90 - 2, abs=1.5)
