"""Laws of simulated signals and their truth."""

import hyperspy.api as hs
import numpy as np
import pytest
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf.data import Truth, four_phases, metallic_glass, twinned_silver

SMALL = {
    "four_phases": (four_phases, {"shape": (9, 11), "detector_shape": (20, 24)}),
    "metallic_glass": (
        metallic_glass,
        {
            "shape": (12, 14),
            "detector_shape": (24, 20),
            "n_precipitates": 3,
            "diameter": 5.0,
        },
    ),
    "twinned_silver": (twinned_silver, {"shape": (12, 10)}),
}


@pytest.fixture(params=SMALL)
def make(request):
    """Each data set in a small size."""
    function, small = SMALL[request.param]
    return lambda **arguments: function(**{"random_state": 1, **small, **arguments})


@pytest.mark.parametrize("dose", [None, 1234.0])
def test_the_truth_reproduces_the_expectation(make, dose):
    expectation = make(dose=None).data
    assert expectation.dtype == np.float32
    _, truth = make(dose=dose, return_truth=True)
    assert isinstance(truth, Truth)
    model = np.einsum(
        "kyx,kvu->yxvu", truth.loadings.data, truth.factors.data, optimize=True
    )
    np.testing.assert_allclose(model / (dose or 1), expectation, rtol=1e-6)
    np.testing.assert_allclose(model.sum(axis=(2, 3)), dose or 1)


def test_factors_have_unit_sums_and_every_component_its_labels(make):
    _, truth = make(return_truth=True)
    n_components = len(truth.names)
    factors = truth.factors.data
    assert factors.min() >= 0 and truth.loadings.data.min() >= 0
    np.testing.assert_allclose(factors.sum(axis=(1, 2)), 1)
    labels = [truth.orientations, truth.families, truth.lattice_distances]
    for values in [*labels, truth.diameters, factors, truth.loadings.data]:
        assert values is None or len(values) == n_components
    np.testing.assert_array_equal(np.isnan(truth.orientations), truth.families == 0)


def test_the_truth_is_calibrated_like_the_data(make):
    signal, truth = make(return_truth=True)
    assert isinstance(truth.factors, ElectronDiffraction2D)
    axes, loadings = signal.axes_manager, truth.loadings.axes_manager
    for ours, data in [
        *zip(truth.factors.axes_manager.signal_axes, axes.signal_axes, strict=True),
        *zip(loadings.signal_axes, axes.navigation_axes, strict=True),
    ]:
        for trait in ("name", "units", "scale", "offset", "size"):
            assert getattr(ours, trait) == getattr(data, trait)
    assert loadings.navigation_axes[0].name == "Component"
    assert truth.factors.axes_manager.navigation_axes[0].name == "Component"


@pytest.mark.parametrize("name", ["four_phases", "metallic_glass"])
def test_the_direct_beam_is_in_the_middle(name):
    function, small = SMALL[name]
    signal = function(**small)
    rows, columns = small["detector_shape"]
    np.testing.assert_allclose(
        signal.calibration.center, [(columns - 1) / 2, (rows - 1) / 2]
    )
    assert signal.metadata.Acquisition_instrument.TEM.beam_energy == 300
    signal.calibration.convert_signal_units("mrad")
    # 8 1/nm times a wavelength of 1.97 pm
    span = signal.calibration.scale[0] * min(rows, columns) / 2
    assert span == pytest.approx(15.75, abs=0.02)


def test_saving_and_loading_keeps_the_signal(make, tmp_path):
    signal, truth = make(lazy=True, chunks=5, return_truth=True)
    for name, saved in [("data", signal), ("factors", truth.factors)]:
        saved.save(tmp_path / f"{name}.zspy")
        loaded = hs.load(tmp_path / f"{name}.zspy")
        np.testing.assert_array_equal(loaded.data, np.asarray(saved.data))
        assert loaded.metadata.Signal.signal_type == "electron_diffraction"
        np.testing.assert_allclose(loaded.calibration.center, signal.calibration.center)
        assert loaded.calibration.units == signal.calibration.units
