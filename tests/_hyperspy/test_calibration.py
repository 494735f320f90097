"""Calibration of patterns: their centre, and distorted rings."""

import numpy as np
import pytest
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf._hyperspy.calibration import (
    calibrated_center,
    pattern_center,
    ring_distortion,
)
from hspy_cnmf.constraints.rings import pixel_radii
from tests.conftest import QUICK


@pytest.mark.parametrize("shift", [(0, 0), (3, -2), (-5.0, 1.5)])
def test_the_estimated_centre_is_that_of_inversion(shift):
    center = np.array([19.5, 23.5]) + shift
    radii = pixel_radii((40, 48), center)
    mean = 900 * np.exp(-(((radii - 8) / 3) ** 2)) + 4000 * np.exp(-(radii**2) / 4) + 5
    mean[2:4, 5:9] = np.nan
    signal = ElectronDiffraction2D(np.zeros((2, 2, 40, 48)))
    assert pattern_center(signal, mean) == pytest.approx(tuple(center), abs=0.3)


@pytest.mark.parametrize(
    "affine", [[[1.15, 0.1], [0.1, 0.95]], [[1.1, 0.2], [-0.05, 1]], [[1.2, 0], [0, 1]]]
)
def test_distortion_goes_the_way_that_pyxem_goes(affine):
    matrix = np.eye(3)
    matrix[:2, :2] = affine
    signal = ElectronDiffraction2D(np.zeros((1, 1, 96, 100)))
    signal.calibration.center = (51, 46)
    signal.calibration.affine = matrix.copy()
    radii = pixel_radii((96, 100), (46, 51), ring_distortion(signal))
    np.testing.assert_array_equal(signal.calibration.affine, matrix)
    assert np.ptp(radii - pixel_radii((96, 100), (46, 51))) > 3
    signal.data[0, 0] = np.exp(-(((radii - 25) / 2) ** 2))

    def ring_in_polar_coordinates(affine):
        # pyxem changes the matrix that it is given.
        signal.calibration.affine = affine.copy()
        polar = signal.get_azimuthal_integral2d(
            npt=60, npt_azim=90, mean=True, show_progressbar=False
        )
        return polar.data[0, 0].argmax(axis=0)

    assert np.ptp(ring_in_polar_coordinates(matrix)) <= 1
    assert np.ptp(ring_in_polar_coordinates(np.eye(3))) > 3


def test_a_floor_follows_the_distorted_ring(make_scan):
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK)
    round_rings = scan.learning_results.factors
    matrix = np.diag([1.3, 1, 1])
    scan.calibration.affine = matrix.copy()
    scan.decomposition(**QUICK)
    assert np.abs(scan.learning_results.factors - round_rings).max() > 1e-3
    np.testing.assert_array_equal(scan.calibration.affine, matrix)
    assert ring_distortion(make_scan()) is None


def test_axes_without_a_scale_tell_no_centre():
    signal = ElectronDiffraction2D(np.zeros((2, 2, 40, 48)))
    signal.axes_manager.signal_axes[0].offset = -3
    signal.axes_manager.signal_axes[0].scale = 0
    assert calibrated_center(signal, (40, 48)) is None


@pytest.mark.parametrize(("apart", "times"), [(0.0, 0), (1.5, 0), (4.0, 1)])
def test_a_centre_that_the_mean_pattern_contradicts_is_kept_and_doubted_once(
    apart, times, caplog
):
    signal = ElectronDiffraction2D(np.zeros((2, 2, 40, 48)))
    signal.calibration.center = (22.0, 21.0)
    radii = pixel_radii((40, 48), (21.0 + apart, 22.0))
    mean = 900 * np.exp(-(((radii - 8) / 3) ** 2)) + 4000 * np.exp(-(radii**2) / 4) + 5
    for _ in range(2):
        assert pattern_center(signal, mean) == (21.0, 22.0)
    assert caplog.text.count("unless you know better") == times
