"""Noise: moments of squared residuals, and variances that make sense."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.verification.noise import GivenVariance, PoissonNoise


@given(st.floats(0.01, 50), st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_moments_are_those_of_squared_residuals_of_counts(mean, seed):
    model = np.full((1, 400_000), mean)
    counts = np.random.default_rng(seed).poisson(mean, model.size)
    weight, first, sums = PoissonNoise().moments(model)
    expected = first.sum(axis=1), *sums
    deviation = counts - mean
    square = weight[0] * deviation**2
    centred = square - square.mean()
    found = (
        square,
        centred**2,
        centred**3,
        centred**2 * deviation,
        centred * deviation**2,
        deviation**3,
    )
    for values, moment in zip(found, expected, strict=True):
        error = values.std() / np.sqrt(values.size)
        assert abs(values.mean() - moment[0] / model.size) < 6 * error + 1e-9


def test_given_variance_has_to_be_positive():
    with pytest.raises(ValueError, match="positive"):
        GivenVariance().precision(np.ones(3), np.array([1, 0, 1.0]))
