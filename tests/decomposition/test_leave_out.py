"""Values that are missing have no part in a decomposition."""

import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf import get_result
from tests.conftest import QUICK

SETTINGS = QUICK | {"max_iter": 60, "bad_pixels": None}


def with_holes(scan, share=0.1, seed=0):
    """Return a scan of floats without a share of its values, and where they were."""
    scan = scan.deepcopy()
    scan.change_dtype("float32")
    missing = np.random.default_rng(seed).random(scan.data.shape) < share
    scan.data[missing] = np.nan
    return scan, missing


def results(scan):
    return scan.learning_results.factors, scan.learning_results.loadings


@pytest.fixture(scope="module")
def scan(make_scan):
    return make_scan((9, 10), (14, 12))


def test_nan_are_refused_unless_they_are_to_be_ignored(scan):
    holes, _ = with_holes(scan)
    with pytest.raises(ValueError, match='missing="ignore"'):
        holes.decomposition(**SETTINGS)
    holes.decomposition(**SETTINGS, missing="ignore")
    told = get_result(holes).parameters
    assert abs(told["missing_share"] - 0.1) < 0.02 and told["missing_rounds"] >= 1
    assert np.isnan(holes.data).any()  # the data stay as they are


def test_the_model_is_that_of_complete_data(scan, relative_difference):
    """Where values are known, and where they are not."""
    complete = scan.deepcopy()
    complete.decomposition(**SETTINGS)
    holes, missing = with_holes(scan)
    holes.decomposition(**SETTINGS, missing="ignore")
    missing = missing.reshape(90, -1)
    one, other = (r[1] @ r[0].T for r in map(results, (holes, complete)))
    assert relative_difference(one, other) < 0.03
    assert relative_difference(one[missing], other[missing]) < 0.04


@pytest.mark.parametrize("settings", [{}, {"compression": 12}])
@pytest.mark.parametrize("chunks", [(4, 5, 14, 12), (9, 10, 5, 12)])
def test_lazy_equals_eager(scan, settings, chunks):
    holes, _ = with_holes(scan)
    lazy = holes.as_lazy()
    lazy.data = lazy.data.rechunk(chunks)
    for signal in (holes, lazy):
        signal.decomposition(**SETTINGS, **settings, missing="ignore")
    for one, other in zip(results(holes), results(lazy), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-3 * one.max())


@pytest.mark.parametrize("lazy", [False, True])
def test_a_mask_is_the_same_as_nan(scan, lazy):
    """Whatever stands where a value is missing, as where a detector is saturated."""
    holes, missing = with_holes(scan)
    masked = scan.deepcopy()
    masked.data[missing] = 60000
    masked = masked.as_lazy() if lazy else masked
    holes.decomposition(**SETTINGS, missing="ignore")
    masked.decomposition(**SETTINGS, missing=missing)
    for one, other in zip(results(holes), results(masked), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-3 * one.max())


def test_nothing_missing_is_as_if_nothing_were_said(scan):
    plain, told = scan.deepcopy(), scan.deepcopy()
    plain.decomposition(**SETTINGS)
    told.decomposition(**SETTINGS, missing="ignore")
    for one, other in zip(results(plain), results(told), strict=True):
        np.testing.assert_allclose(one, other)


def test_dead_frames_and_pixels_are_masked(scan):
    dead, masked = with_holes(scan, 0)[0], scan.deepcopy()
    dead.data[2, 3] = np.nan
    dead.data[:, :, 5, 6] = np.nan
    navigation = np.zeros((10, 9), bool)
    navigation[3, 2] = True
    signal = np.zeros((14, 12), bool)
    signal[5, 6] = True
    dead.decomposition(**SETTINGS, missing="ignore")
    masked.decomposition(**SETTINGS, navigation_mask=navigation, signal_mask=signal)
    for one, other in zip(results(dead), results(masked), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6 * np.nanmax(one))
    assert dead.learning_results.navigation_mask.sum() == 1


@pytest.mark.parametrize(
    "settings", [{"normalize_poissonian_noise": True}, {"compression": None}]
)
def test_other_settings_go_with_it(scan, settings):
    holes, _ = with_holes(scan)
    holes.decomposition(**SETTINGS, **settings, missing="ignore")
    assert all(np.isfinite(stack).all() for stack in results(holes))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sketch": "kept.npz"}, "sketch"),
        ({"reproject": "both"}, "reproject"),
    ],
)
def test_what_does_not_go_with_it_is_refused(scan, settings, message):
    with pytest.raises(ValueError, match=message):
        scan.deepcopy().decomposition(**SETTINGS, **settings, missing="ignore")
    with pytest.raises(ValueError, match="'refuse', 'ignore'"):
        scan.deepcopy().decomposition(**SETTINGS, missing="drop")


def test_too_little_and_infinity_are_refused(scan):
    holes, _ = with_holes(scan)
    holes.data[0, 0, 0, 0] = np.inf
    with pytest.raises(ValueError, match="infinite"):
        holes.decomposition(**SETTINGS, missing="ignore")
    holes.data[:] = np.nan
    with pytest.raises(ValueError, match="0 positions and in 0 pixels"):
        holes.decomposition(**SETTINGS, missing="ignore")
    with pytest.raises(TypeError, match="missing"):
        hspy_cnmf.make_sketch(holes, missing="ignore")


def test_what_needs_all_values_says_so_until_they_are_filled_in(make_scan):
    holes, _ = with_holes(make_scan((6, 7), (16, 16), "electron_diffraction"))
    holes.decomposition(**SETTINGS, missing="ignore")
    for call in (
        holes.get_decomposition_residual,
        lambda: holes.get_decomposition_residual(gain=1),
        holes.get_component_fractions,
        holes.check_components,
    ):
        with pytest.raises(ValueError, match="hold values that are NaN or infinite"):
            call()
    model = holes.get_decomposition_model().data
    holes.data = np.where(np.isnan(holes.data), model, holes.data)
    residual = holes.get_decomposition_residual(gain=1)
    # What was filled in does not scatter.
    assert np.nanmean(residual.chi_square.data) == pytest.approx(0.9, abs=0.1)
    assert np.isfinite(holes.check_components().table["possible_correlation"]).all()
