"""The noise of counts in what least squares find, beside that of many scans."""

import numpy as np
import pytest

from hspy_cnmf.operators.counting_noise import counting_variance


@pytest.fixture(scope="module")
def model():
    """Return maps that overlap and patterns of both."""
    rng = np.random.default_rng(0)
    maps = np.stack([1 + rng.random(60), np.maximum(rng.random(60) - 0.5, 0)]) * 1e4
    factors = np.stack([np.linspace(4, 1, 30), np.zeros(30)])
    factors[1, [3, 11, 20]] = 9
    return maps, factors / factors.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("mixing", [None, np.array([[1.0, 0.5]])])
def test_it_is_the_variance_of_repeated_counts(model, mixing):
    maps, factors = model
    rng = np.random.default_rng(1)
    fits = np.array(
        [
            np.linalg.lstsq(maps.T, rng.poisson(maps.T @ factors), rcond=None)[0]
            for _ in range(400)
        ]
    )
    sums = fits if mixing is None else mixing @ fits
    expected = counting_variance(maps, factors, mixing)
    ratio = sums.std(axis=0) / np.sqrt(expected)
    np.testing.assert_allclose(np.median(ratio, axis=1), 1, atol=0.03)


def test_it_does_not_depend_on_how_a_component_is_scaled_or_counted(model):
    maps, factors = model
    scales = np.array([[3.0], [0.1]])
    scaled = counting_variance((maps / scales)[::-1], (factors * scales)[::-1])
    np.testing.assert_allclose(
        scaled[::-1], scales**2 * counting_variance(maps, factors)
    )


def test_maps_apart_leave_each_pattern_its_own_noise():
    maps = np.repeat(np.eye(2), 5, axis=1)
    factors = np.array([[4.0, 0, 1], [0, 7, 0]])
    np.testing.assert_allclose(counting_variance(maps, factors), factors / 5)
