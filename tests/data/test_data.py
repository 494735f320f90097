"""Laws of the simulated data sets."""

import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyxem.signals import ElectronDiffraction2D, LazyElectronDiffraction2D
from scipy import ndimage

from hspy_cnmf.data import Truth, four_phases, metallic_glass, twinned_silver
from hspy_cnmf.data._patterns import detector_coordinates
from hspy_cnmf.maps.particle_size import projected_sphere

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


# --- the noise ---------------------------------------------------------------


@pytest.mark.parametrize("chunks", ["auto", 5, (4, 3), ((2, 7), (9, 2))])
def test_lazy_data_equal_eager_data_for_any_chunks(chunks):
    arguments = {**SMALL["four_phases"][1], "random_state": 1}
    eager = four_phases(**arguments)
    lazy = four_phases(lazy=True, chunks=chunks, **arguments)
    assert isinstance(eager, ElectronDiffraction2D)
    assert isinstance(lazy, LazyElectronDiffraction2D)
    assert lazy.data.dtype == eager.data.dtype == np.uint16
    assert lazy.data.numblocks[2:] == (1, 1)
    np.testing.assert_array_equal(lazy.data.compute(), eager.data)


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 14), st.integers(1, 14), st.integers(0, 2**40))
def test_any_chunks_and_any_seed_give_the_eager_data(rows, columns, seed):
    arguments = {**SMALL["metallic_glass"][1], "random_state": seed}
    lazy = metallic_glass(lazy=True, chunks=(rows, columns), **arguments)
    np.testing.assert_array_equal(lazy.data.compute(), metallic_glass(**arguments).data)


def test_lazy_expectation_equals_the_eager_one(make):
    lazy = make(dose=None, lazy=True, chunks=4)
    np.testing.assert_array_equal(lazy.data.compute(), make(dose=None).data)


def test_the_seed_decides_the_data(make):
    first = make().data
    np.testing.assert_array_equal(first, make().data)
    seed = np.random.SeedSequence(1)
    np.testing.assert_array_equal(first, make(random_state=seed).data)
    assert (first != make(random_state=2).data).any()
    assert (make(random_state=None).data != make(random_state=None).data).any()


def test_one_chunk_can_be_computed_alone():
    arguments = {**SMALL["four_phases"][1], "random_state": 3}
    lazy = four_phases(lazy=True, chunks=3, **arguments)
    part = lazy.inav[3:6, 6:9].data.compute()
    np.testing.assert_array_equal(part, four_phases(**arguments).data[6:9, 3:6])


def test_a_part_of_the_silver_has_the_counts_of_the_whole():
    part = twinned_silver((5, 7), random_state=4)
    whole = twinned_silver(lazy=True, chunks=(8, 16), random_state=4)
    assert whole.axes_manager.navigation_shape == (208, 64)
    np.testing.assert_array_equal(part.data, whole.inav[:7, :5].data.compute())


def test_the_noise_is_poisson():
    expected = four_phases((36, 36), detector_shape=(32, 32), dose=None)
    counts = four_phases((36, 36), detector_shape=(32, 32), dose=5e3, random_state=0)
    expected = expected.data.astype(float) * 5e3
    residual = counts.data - expected
    # 1.3 million counts: a standard error is near 1e-3 of what is compared.
    assert counts.data.sum() == pytest.approx(expected.sum(), rel=3e-3)
    assert (residual**2 / expected).mean() == pytest.approx(1, abs=2e-2)
    mean = residual.mean(axis=(0, 1)) / np.sqrt(expected.mean(axis=(0, 1)) / 36**2)
    assert np.abs(mean).max() < 5.5
    # Neighbouring positions draw independently.
    product = (residual[:, 1:] * residual[:, :-1]).mean()
    assert abs(product) < 2e-2 * expected.mean()


def test_the_type_holds_the_brightest_pixel():
    small = {"shape": (2, 2), "detector_shape": (16, 16), "n_precipitates": 1}
    small |= {"diameter": 1.0, "step": 2.0, "probe_fwhm": 0.5, "random_state": 0}
    counts = metallic_glass(dose=1e4, **small)
    assert counts.data.dtype == np.uint16
    assert metallic_glass(dose=1e8, **small).data.dtype == np.uint32
    with pytest.raises(ValueError, match="lower dose"):
        metallic_glass(dose=1e14, **small)


# --- the truth ---------------------------------------------------------------


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


def test_the_direct_beam_of_the_silver_is_where_it_was_measured():
    signal = twinned_silver((3, 3), binning=1)
    np.testing.assert_allclose(signal.calibration.center, [56, 56])
    np.testing.assert_allclose(signal.calibration.scale, 0.026728, rtol=1e-4)
    assert signal.axes_manager["x"].scale == pytest.approx(20.372)


# --- four phases -------------------------------------------------------------


@pytest.mark.parametrize("shape", [(9, 9), (36, 36), (18, 41)])
def test_areas_have_nine_three_and_one_percent(shape):
    _, truth = four_phases(shape, detector_shape=(16, 16), dose=1, return_truth=True)
    cells = ((np.arange(3) + 0.5)[:, np.newaxis] * shape / 3 - 0.5).round().astype(int)
    for crystal, row in enumerate(cells[:, 0]):
        own = truth.loadings.data[crystal + 1, row, cells[:, 1]]
        np.testing.assert_allclose(own, [0.09, 0.03, 0.01], rtol=0.02)
    np.testing.assert_allclose(truth.loadings.data.sum(axis=0), 1)


def test_interfaces_are_graded_over_about_six_positions():
    _, truth = four_phases(detector_shape=(16, 16), dose=1, return_truth=True)
    line = truth.loadings.data[1, 5, :12] / 0.09
    assert line.sum() == pytest.approx(6, abs=0.02)
    assert ((line > 0.05) & (line < 0.95)).sum() == 4
    assert line[:6] == pytest.approx(line[:5:-1], abs=1e-5)


def test_the_amorphous_pattern_is_round_and_crystals_are_spots_only():
    _, truth = four_phases((9, 9), detector_shape=(64, 64), return_truth=True)
    amorphous, *crystals = truth.factors.data
    np.testing.assert_allclose(amorphous, np.rot90(amorphous))
    assert amorphous.max() < 20 * amorphous.mean()
    for crystal in crystals:
        assert (crystal == 0).mean() > 0.7
        assert crystal[31:33, 31:33].max() == 0
        np.testing.assert_allclose(crystal, crystal[::-1, ::-1], atol=1e-12)


# --- metallic glass ----------------------------------------------------------


@pytest.fixture(scope="module")
def glass():
    """Return the truth of a glass at the published sampling."""
    arguments = {"n_precipitates": 9, "random_state": 5, "lazy": True}
    _, truth = metallic_glass(**arguments, return_truth=True)
    return truth


def strongest_spot(pattern):
    """Return (kx, ky) in 1/nm of the strongest spot, the direct beam left out."""
    kx, ky = detector_coordinates(pattern.shape)
    spots = np.where(np.hypot(kx, ky) > 1, pattern, 0)
    labels, n_spots = ndimage.label(spots)
    sums = ndimage.sum_labels(spots, labels, np.arange(1, n_spots + 1))
    weights = np.where(labels == sums.argmax() + 1, spots, 0) / sums.max()
    return (weights * kx).sum(), (weights * ky).sum()


def test_spots_lie_at_the_lattice_distance_and_the_orientation(glass):
    for pattern, distance, orientation in zip(
        glass.factors.data[1:],
        glass.lattice_distances[1:],
        glass.orientations[1:],
        strict=True,
    ):
        kx, ky = strongest_spot(pattern)
        pixel = 16 / 128
        assert np.hypot(kx, ky) == pytest.approx(1 / distance, abs=pixel / 2)
        measured = np.rad2deg(np.arctan2(-ky, kx)) % 180
        assert abs((measured - orientation + 90) % 180 - 90) < 1


def test_a_family_is_one_pattern_rotated_as_scipy_rotates(glass):
    for family in (1, 2, 3):
        first, second = np.flatnonzero(glass.families == family)[:2]
        angle = glass.orientations[second] - glass.orientations[first]
        turned = ndimage.rotate(glass.factors.data[first], angle, reshape=False)
        expected = glass.factors.data[second]
        kx, ky = detector_coordinates(expected.shape)
        spots = np.hypot(kx, ky) > 1
        assert np.corrcoef(turned[spots], expected[spots])[0, 1] > 0.9
    assert set(glass.lattice_distances[1:]) == {0.259, 0.228, 0.191}


def test_every_component_has_the_same_intense_direct_beam(glass):
    kx, ky = detector_coordinates((128, 128))
    beam = np.hypot(kx, ky) < 0.5
    shares = glass.factors.data[:, beam].sum(axis=1)
    np.testing.assert_allclose(shares[1:], 0.85)
    assert shares[0] == pytest.approx(0.85, abs=2e-3)
    matrix = glass.factors.data[0]
    assert matrix[beam].max() > 100 * matrix[~beam].max()


def test_maps_of_precipitates_have_the_diameters(glass):
    step = glass.loadings.axes_manager["x"].scale
    y, x = np.indices(glass.loadings.data.shape[1:]) * step
    for loading, diameter in zip(
        glass.loadings.data[1:], glass.diameters[1:], strict=True
    ):
        weight = loading / loading.sum()
        center_y, center_x = (weight * y).sum(), (weight * x).sum()
        spread = (weight * ((y - center_y) ** 2 + (x - center_x) ** 2)).sum()
        # Second moments add up: 2/5 R^2 of a projected ball, 2 sigma^2 of the probe.
        probe = 2 * (2.0 / 2.3548) ** 2
        measured = 2 * np.sqrt((spread - probe) * 5 / 2)
        assert measured == pytest.approx(diameter, rel=0.05)
        assert loading.max() <= 0.05 * 2e6
        assert loading.max() > 0.8 * 0.05 * 2e6
    assert np.nanmean(glass.diameters) == pytest.approx(7, rel=0.15)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.5, 20), st.floats(0.1, 10))
def test_a_projected_sphere_is_one_at_the_centre_and_falls_off(diameter, probe_fwhm):
    distance = np.linspace(0, diameter / 2 + 2 * probe_fwhm, 50)
    profile = projected_sphere(distance, diameter, probe_fwhm)
    assert profile[0] == pytest.approx(1)
    assert (np.diff(profile) <= 1e-12).all()
    assert profile[-1] == 0


def test_the_specimen_does_not_depend_on_dose_or_detector():
    arguments = {"n_precipitates": 4, "random_state": 8, "return_truth": True}
    arguments |= {"shape": (20, 20), "lazy": True}
    _, one = metallic_glass(detector_shape=(32, 32), dose=1e3, **arguments)
    _, other = metallic_glass(detector_shape=(20, 16), dose=1e5, **arguments)
    np.testing.assert_array_equal(one.orientations, other.orientations)
    np.testing.assert_allclose(one.loadings.data * 100, other.loadings.data)


# --- twinned silver ----------------------------------------------------------


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


# --- use ---------------------------------------------------------------------


def test_saving_and_loading_keeps_the_signal(make, tmp_path):
    signal, truth = make(lazy=True, chunks=5, return_truth=True)
    for name, saved in [("data", signal), ("factors", truth.factors)]:
        saved.save(tmp_path / f"{name}.zspy")
        loaded = hs.load(tmp_path / f"{name}.zspy")
        np.testing.assert_array_equal(loaded.data, np.asarray(saved.data))
        assert loaded.metadata.Signal.signal_type == "electron_diffraction"
        np.testing.assert_allclose(loaded.calibration.center, signal.calibration.center)
        assert loaded.calibration.units == signal.calibration.units


def test_a_large_scan_is_laid_out_without_being_drawn():
    big = four_phases(
        (256, 256), detector_shape=(515, 515), lazy=True, chunks=4, random_state=0
    )
    assert big.data.nbytes > 34e9
    chunk = big.data.blocks[50, 7].compute()
    assert chunk.shape == (4, 4, 515, 515)
    assert chunk.sum(axis=(2, 3)) == pytest.approx(1e4, rel=0.06)
    default = metallic_glass((256, 256), detector_shape=(515, 515), lazy=True)
    assert max(default.data.chunksize[:2]) < 64
    assert default.data.chunksize[2:] == (515, 515)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"shape": (8, 20)}, ValueError, "shape=.*at least 9"),
        ({"shape": 36}, TypeError, "shape=36.*rows, columns"),
        ({"shape": (36, 36.5)}, TypeError, "shape=.*integers"),
        ({"detector_shape": (4, 4)}, ValueError, "detector_shape=.*at least 16"),
        ({"dose": 0}, ValueError, "dose=0.*positive"),
        ({"dose": np.nan}, ValueError, "dose=nan"),
        ({"dose": "high"}, TypeError, "dose='high'"),
        ({"random_state": "a"}, TypeError, "random_state='a'.*integer"),
        ({"random_state": -1}, ValueError, "random_state=-1"),
        ({"lazy": True, "chunks": (2, 2, 2)}, ValueError, "chunks=.*pair of sizes"),
        ({"lazy": True, "chunks": 0}, ValueError, "chunks=0"),
        ({"lazy": True, "chunks": "some"}, ValueError, "chunks='some'"),
    ],
)
def test_bad_arguments_raise(arguments, error, message):
    with pytest.raises(error, match=message):
        four_phases(**{**SMALL["four_phases"][1], **arguments})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_precipitates": 500}, ValueError, "n_precipitates=500.*Give fewer"),
        ({"n_precipitates": 0}, ValueError, "n_precipitates=0"),
        ({"n_precipitates": 2.5}, TypeError, "n_precipitates=2.5"),
        ({"diameter": -7}, ValueError, "diameter=-7"),
        ({"diameter": 100}, ValueError, "smaller diameter"),
        ({"crystallinity": 1.2}, ValueError, "crystallinity=1.2.*at most 1"),
        ({"crystallinity": 1, "probe_fwhm": 30}, ValueError, "smaller probe"),
        ({"step": 0}, ValueError, "step=0"),
    ],
)
def test_bad_arguments_of_the_glass_raise(arguments, error, message):
    with pytest.raises(error, match=message):
        metallic_glass(**{**SMALL["metallic_glass"][1], "random_state": 0, **arguments})


def test_silver_is_not_larger_than_what_was_measured():
    with pytest.raises(ValueError, match=r"shape=\(65, 10\).*at most \(64, 208\)"):
        twinned_silver((65, 10))
