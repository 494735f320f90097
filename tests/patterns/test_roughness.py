"""Roughness tells noise from spots, and how noise is blurred."""

import numpy as np
import pytest
from scipy import ndimage

from hspy_cnmf.patterns.roughness import filtered, noise_blur, roughness

FREE = np.ones((128, 128), dtype=bool)
MIDDLE = np.s_[16:-16, 16:-16]


def upper_noise(blur, seed=0):
    noise = np.random.default_rng(seed).standard_normal(FREE.shape)
    return np.maximum(ndimage.gaussian_filter(noise, blur), 0)


def test_white_noise_keeps_its_deviation():
    noise = np.random.default_rng(0).standard_normal(FREE.shape)
    assert abs(roughness(noise).std() - 1) < 0.03


@pytest.mark.parametrize("width", [1.5, 2.0, 3.0])
def test_a_smooth_spot_keeps_what_is_said(width):
    rows, columns = np.indices(FREE.shape) - 64.0
    spot = np.exp(-(rows**2 + columns**2) / (2 * width**2))
    kept = np.abs(roughness(spot)).max()
    assert kept == pytest.approx(1 / (6 * width**4), rel=0.35)


@pytest.mark.parametrize("blur", [0.0, 0.6, 0.8, 1.0])
def test_the_blur_of_noise_is_found(blur):
    rough = roughness(upper_noise(blur))
    found = noise_blur(rough / rough.std(), FREE)
    assert found == pytest.approx(blur, abs=0.1 if blur else 0.25)


@pytest.mark.parametrize("blur", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("scale", [0.8, 1.6, 3.2])
def test_noise_behind_the_filter_is_as_foretold(blur, scale):
    noise = upper_noise(blur)
    response = ndimage.gaussian_laplace(noise, scale) * np.sqrt(2 * np.pi) * scale**3
    ratio = response[MIDDLE].std() / roughness(noise).std()
    assert ratio == pytest.approx(filtered(scale, blur), rel=0.15)


def test_without_noise_there_is_no_blur():
    assert noise_blur(np.zeros(FREE.shape), FREE) == 0
    assert noise_blur(np.ones(FREE.shape), ~FREE) == 0
