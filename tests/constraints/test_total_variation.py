"""Laws of total variation."""

import numpy as np
import pytest

from hspy_cnmf.constraints import GaussianSmoothing, TotalVariation


def variation(image):
    return sum(np.abs(np.diff(image, axis=k)).sum() for k in range(image.ndim))


@pytest.mark.parametrize("shape", [(24,), (12, 14), (4, 6, 8)])
def test_noise_goes_and_what_is_even_stays(shape):
    rng = np.random.default_rng(0)
    noisy = 5 + rng.random((2, *shape))
    result = TotalVariation(0.1)(noisy)
    assert result.shape == noisy.shape and result.min() >= 0
    for before, after in zip(noisy, result, strict=True):
        assert variation(after) < 0.8 * variation(before)
        np.testing.assert_allclose(after.mean(), before.mean(), rtol=0.01)
    even = np.full((1, *shape), 3.0)
    np.testing.assert_allclose(TotalVariation()(even), even)


def test_edges_stay_sharper_than_by_smoothing():
    rng = np.random.default_rng(1)
    step = np.where(np.arange(24) < 12, 1.0, 9.0) * np.ones((20, 1))
    noisy = (step + rng.normal(0, 0.5, step.shape))[np.newaxis].clip(0)
    kept = np.abs(TotalVariation(0.1)(noisy)[0] - step).mean()
    assert kept < 0.7 * np.abs(noisy[0] - step).mean()
    assert kept < np.abs(GaussianSmoothing(fwhm=3)(noisy)[0] - step).mean()


def test_scales_do_not_matter_and_masked_positions_take_no_part():
    maps = np.random.default_rng(2).random((1, 8, 9))
    total = TotalVariation()
    np.testing.assert_allclose(total(1e4 * maps), 1e4 * total(maps), rtol=1e-6)
    maps[:, 2:4, 3] = np.nan
    result = total(maps)
    assert np.array_equal(np.isnan(result), np.isnan(maps))
    assert not total(np.zeros((1, 8, 9))).any()


@pytest.mark.parametrize("weight", [0, -1, np.nan, np.inf])
def test_weights_out_of_range_are_refused(weight):
    with pytest.raises(ValueError, match="weight"):
        TotalVariation(weight)
