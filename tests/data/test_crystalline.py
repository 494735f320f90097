"""Laws of the data sets of known crystals."""

import numpy as np
import pytest

from hspy_cnmf import data
from hspy_cnmf.data._kinematic import Camera, along_zone_axis

SMALL = {"shape": (10, 12), "detector_shape": (48, 52), "random_state": 1}
MAKE = {
    "iron_grains": {},
    "kinematic_silver_twins": {},
    "glass_crystals": {"n_crystals": 3, "diameter": 4.0},
    "aluminium_precipitates": {"n_precipitates": 4, "diameter": 4.0},
}


def make(name, **arguments):
    return getattr(data, name)(**SMALL | MAKE[name] | arguments)


@pytest.mark.parametrize("name", MAKE)
def test_the_truth_is_what_the_data_are_made_of(name):
    signal, truth = make(name, dose=None, return_truth=True)
    expected = np.tensordot(truth.loadings.data, truth.factors.data, axes=(0, 0))
    np.testing.assert_allclose(signal.data, expected, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(signal.data.sum(axis=(2, 3)), 1, rtol=1e-4)
    assert len(truth.phase_ids) == len(truth.matrices) == len(truth.names)
    for number, matrix in zip(truth.phase_ids, truth.matrices, strict=True):
        if number >= 0:
            np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
            assert np.linalg.det(matrix) == pytest.approx(1)
        else:
            assert np.isnan(matrix).all()


@pytest.mark.parametrize("name", MAKE)
def test_lazy_data_equal_eager_data_and_seeds_decide(name):
    eager = make(name, dose=50.0)
    lazy = make(name, dose=50.0, lazy=True, chunks=(4, 5))
    np.testing.assert_array_equal(lazy.data.compute(), eager.data)
    assert eager.calibration.beam_energy == 300
    other = make(name, dose=50.0, random_state=2)
    assert (other.data != eager.data).any()


def test_twins_share_a_plane():
    _, truth = make("kinematic_silver_twins", return_truth=True)
    crystal, twin = truth.matrices[1:]
    between = twin.T @ crystal
    np.testing.assert_allclose(between @ between, np.eye(3), atol=1e-9)
    normal = np.array([1.0, 1, -1]) / np.sqrt(3)
    np.testing.assert_allclose(between @ normal, normal, atol=1e-9)


def test_arguments_out_of_range_are_refused():
    for arguments, message in (
        ({"scale_error": 0.5}, "scale_error"),
        ({"distortion": -0.1}, "distortion"),
        ({"precession": 9}, "precession"),
        ({"tilt_spread": -1}, "tilt_spread"),
        ({"shape": (4, 4)}, "too small"),
    ):
        with pytest.raises(ValueError, match=message):
            make("iron_grains", **arguments)
    with pytest.raises(ValueError, match="must be one of"):
        data.crystal_phase("unobtainium")
    with pytest.raises(ValueError, match="lamella"):
        make("kinematic_silver_twins", lamella=0)
    with pytest.raises(ValueError, match="no spots"):
        phase = data.crystal_phase("Cu", 0.4)
        Camera((16, 16)).pattern(phase, along_zone_axis(phase, (0, 0, 1), 0.0))
