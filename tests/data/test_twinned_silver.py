"""The data set of twinned silver."""

import numpy as np
import pytest
from scipy import ndimage

from hspy_cnmf.data import twinned_silver


def test_the_direct_beam_of_the_silver_is_where_it_was_measured():
    signal = twinned_silver((3, 3), binning=1)
    np.testing.assert_allclose(signal.calibration.center, [56, 56])
    np.testing.assert_allclose(signal.calibration.scale, 0.026728, rtol=1e-4)
    assert signal.axes_manager["x"].scale == pytest.approx(20.372)


def test_binned_silver_has_the_counts_of_the_pixels_it_joins():
    fine = twinned_silver((3, 4), binning=1, dose=None)
    coarse = twinned_silver((3, 4), binning=2, dose=None)
    joined = fine.data.reshape(3, 4, 56, 2, 56, 2).sum(axis=(3, 5))
    np.testing.assert_allclose(coarse.data, joined, rtol=1e-5)
    np.testing.assert_allclose(coarse.calibration.center, [27.75, 27.75])
    with pytest.raises(ValueError, match="binning"):
        twinned_silver((3, 4), binning=3)


def test_silver_grains_are_one_pattern_at_the_twin_angle():
    _, truth = twinned_silver((2, 2), binning=1, return_truth=True)
    np.testing.assert_array_equal(truth.families, [1, 1, 2, 1, 1, 0])
    # Twins share a {111} plane; two {111} planes enclose arccos(1/3) = 70.5 degrees.
    twin = np.rad2deg(np.arccos(1 / 3))
    assert truth.orientations[1] == pytest.approx(twin, abs=0.5)
    first = np.sqrt(truth.factors.data[0][1:, 1:])
    y, x = np.indices(first.shape) - 55
    ring = (np.hypot(y, x) > 8) & (np.hypot(y, x) < 54)
    for grain in (1, 3, 4):
        other = np.sqrt(truth.factors.data[grain][1:, 1:])
        turned = ndimage.rotate(first, truth.orientations[grain], reshape=False)
        aligned = np.corrcoef(turned[ring], other[ring])[0, 1]
        unturned = np.corrcoef(first[ring], other[ring])[0, 1]
        assert aligned > 0.9 > 0.6 > unturned


def test_silver_grains_cover_86_percent_and_the_support_is_round():
    _, truth = twinned_silver(binning=1, lazy=True, dose=1, return_truth=True)
    assert 1 - truth.loadings.data[5].mean() == pytest.approx(0.864, abs=0.01)
    support = truth.factors.data[5][1:, 1:]
    np.testing.assert_allclose(support, np.rot90(support), rtol=1e-9)


def test_silver_is_not_larger_than_what_was_measured():
    with pytest.raises(ValueError, match=r"shape=\(65, 10\).*at most \(64, 208\)"):
        twinned_silver((65, 10))
