"""Constraints, masks, weights and interrupts through the call on a signal."""

import logging

import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf import get_result, structure_mask
from hspy_cnmf.constraints import (
    AzimuthalFloor,
    CommonTotal,
    GaussianSmoothing,
    RadialFloor,
    RotationalSymmetry,
    Sparsity,
    TotalVariation,
    ZeroRegion,
)
from tests.conftest import QUICK

FREE = QUICK | {"factor_constraint": None, "loading_constraint": None}
PLAIN = pytest.mark.parametrize("chunks", [None, (3, 8, 12, 5)], ids=["eager", "lazy"])


def model_of(scan):
    results = scan.learning_results
    return results.loadings @ results.factors.T


def used(scan, name):
    return str(get_result(scan).parameters[f"{name}_constraint"])


def center_used(scan):
    center = used(scan, "factor").split("center=(")[1].split(")")[0]
    return [float(c) for c in center.split(",")]


# --- which constraints are applied ---------------------------------------------


@PLAIN
@pytest.mark.parametrize("masked", [False, True])
def test_automatic_constraints_are_those_of_the_module(make_scan, chunks, masked):
    keep = np.ones((12, 10), dtype=bool)
    if masked:
        keep[2:5, 7:] = False
    floor, blur = RadialFloor(center=(5.5, 4.5)), GaussianSmoothing()
    by_hand = {
        "factor_constraint": lambda images: floor(images),
        "loading_constraint": lambda maps: blur(maps),
    }
    models, patterns = [], []
    for constraints in ({}, by_hand, FREE):
        scan = make_scan(signal_type="diffraction", chunks=chunks)
        scan.decomposition(
            **QUICK | constraints, signal_mask=~keep, init="random", matrix=None
        )
        factors = np.asarray(scan.get_decomposition_factors().data)
        assert (np.isnan(factors) == ~keep).all()
        models.append(model_of(scan))
        patterns.append(factors)
    # The last maps are smoothed by a share each: patterns come before.
    largest = np.nanmax(patterns[0])
    np.testing.assert_allclose(*patterns[:2], rtol=1e-6, atol=1e-6 * largest)
    assert np.nanmax(np.abs(models[0] - models[2])) > 1


def test_a_constraint_chosen_is_the_one_used(make_scan):
    scan = make_scan(signal_type="polar_diffraction")
    scan.decomposition(**QUICK, reproject=None)
    automatic = model_of(scan)
    scan.decomposition(
        **QUICK, factor_constraint=AzimuthalFloor(), loading_constraint="auto"
    )
    np.testing.assert_array_equal(model_of(scan), automatic)
    scan.decomposition(**FREE)
    assert used(scan, "factor") == used(scan, "loading") == "None"
    assert np.abs(model_of(scan) - automatic).max() > 0.1


@PLAIN
def test_any_callable_is_a_constraint(make_scan, chunks):
    shapes = set()

    def at_most(images):
        shapes.add(images.shape)
        return np.minimum(images, 0.02 * np.nansum(images, axis=(1, 2), keepdims=True))

    scan = make_scan(chunks=chunks)
    mask = np.zeros((12, 10), dtype=bool)
    mask[3] = True
    scan.decomposition(**FREE | {"factor_constraint": at_most}, signal_mask=mask)
    assert shapes == {(3, 12, 10)}
    # The sum changes with the clipping, hence the tolerance.
    assert np.nanmax(scan.learning_results.factors) < 0.04
    shapes.clear()
    scan.decomposition(
        **FREE | {"loading_constraint": lambda maps: np.maximum(maps, 7)}
    )
    assert scan.learning_results.loadings.min() >= 7


def test_a_callable_is_given_maps_without_the_weights_of_noise(make_scan):
    seen = []

    def look(maps):
        seen.append(maps.copy())
        return maps

    scan = make_scan()
    scan.decomposition(
        **FREE | {"loading_constraint": look, "n_init": 1},
        normalize_poissonian_noise=True,
    )
    # All that is left is one number a component, from the unit sum of factors.
    maps = [seen[-1].reshape(3, -1), scan.learning_results.loadings.T]
    given, final = (m / m.max(axis=1, keepdims=True) for m in maps)
    np.testing.assert_allclose(
        given[given[:, 0].argsort()], final[final[:, 0].argsort()], rtol=1e-6
    )


# --- units -------------------------------------------------------------------


@pytest.mark.parametrize("navigation", [(20,), (6, 8), (5, 6, 5)])
def test_the_probe_is_given_in_units_of_the_scan(make_scan, navigation):
    models = []
    for step, sign in ((1, 1), (2, 1), (0.5, -1)):
        scan = make_scan(navigation)
        for axis in scan.axes_manager.navigation_axes:
            axis.scale, axis.units = sign * step, "nm"
        probe = GaussianSmoothing(fwhm=1.5 * step)
        scan.decomposition(**QUICK, loading_constraint=probe)
        models.append(model_of(scan))
    np.testing.assert_allclose(models[1], models[0], rtol=1e-6)
    np.testing.assert_allclose(models[2], models[0], rtol=1e-6)
    scan.decomposition(**QUICK, loading_constraint=GaussianSmoothing(fwhm=0.2))
    assert np.abs(model_of(scan) - models[0]).max() > 0.5


def test_steps_belong_to_their_axes(make_scan):
    scan = make_scan((7, 9))
    x, y = scan.axes_manager.navigation_axes
    x.scale, y.scale = 1.0, 3.0
    kernel = GaussianSmoothing(fwhm=(0, 1.5))
    scan.decomposition(**QUICK, loading_constraint=kernel)
    along_x = model_of(scan)
    scan.decomposition(**QUICK, loading_constraint=GaussianSmoothing(size=(1, 5)))
    np.testing.assert_allclose(model_of(scan), along_x, rtol=1e-6)
    assert "step=(3.0, 1.0)" in used(scan, "loading")


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("length", [1, 2])
def test_a_short_axis_is_not_smoothed(make_scan, length):
    scan = make_scan((length, 24))
    scan.decomposition(**QUICK)
    assert "size=(1, 3)" in used(scan, "loading")


def test_what_lies_on_other_axes_than_a_scans_is_not_smoothed(make_scan):
    """As time, in which a specimen may drift."""
    scan = make_scan((4, 5, 6))
    scan.decomposition(**QUICK)
    assert "size=(1, 3, 3)" in used(scan, "loading")


# --- the centre --------------------------------------------------------------


def test_the_centre_comes_from_the_calibration(make_scan, caplog):
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK | {"tol": 1})
    assert center_used(scan) == pytest.approx([5.5, 4.5])
    assert "centre" not in caplog.text
    scan.calibration.center = (3, 7)
    scan.decomposition(**QUICK | {"tol": 1})
    assert center_used(scan) == pytest.approx([7, 3])


@PLAIN
def test_an_implausible_centre_is_estimated_and_said_so(make_scan, caplog, chunks):
    scan = make_scan(signal_type="electron_diffraction", chunks=chunks)
    for axis in scan.axes_manager.signal_axes:
        axis.offset = 0
    with caplog.at_level(logging.WARNING):
        scan.decomposition(**QUICK | {"tol": 1})
        scan.decomposition(**QUICK, loading_constraint=None)
        structure_mask(scan)
    assert caplog.text.count("estimated") == caplog.text.count("center=...") == 1
    assert center_used(scan) == pytest.approx([5.5, 4.5], abs=0.2)


@pytest.mark.parametrize("center", [(2, 3), [2, 3], np.array([2.0, 3.0])], ids=str)
def test_a_given_centre_overrides_the_calibration(make_scan, caplog, center):
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK)
    automatic = model_of(scan)
    floor = RadialFloor(center=center, outlier_ratio=3)
    scan.decomposition(**QUICK, factor_constraint=floor)
    assert "outlier_ratio=3" in used(scan, "factor")
    assert np.abs(model_of(scan) - automatic).max() > 1
    for axis in scan.axes_manager.signal_axes:
        axis.offset = 0
    scan.decomposition(**QUICK, factor_constraint=floor)
    assert "centre" not in caplog.text


def test_the_estimator_keeps_its_constraints(make_scan):
    floor = RadialFloor()
    make_scan(signal_type="diffraction").decomposition(**QUICK, factor_constraint=floor)
    assert floor.center is None


# --- normalisation of Poisson noise ------------------------------------------


@PLAIN
def test_normalised_noise_weights_the_fit(make_scan, relative_difference, chunks):
    scan = make_scan(chunks=chunks)
    scan.decomposition(**FREE)
    plain = model_of(scan)
    scan.decomposition(**FREE, normalize_poissonian_noise=True)
    assert scan.learning_results.poissonian_noise_normalized is True
    weighted = model_of(scan)
    assert 1e-4 < relative_difference(weighted, plain) < 0.2
    np.testing.assert_allclose(scan.learning_results.factors.sum(axis=0), 1, rtol=1e-5)
    # The weighted error is lower than that of the plain fit, and the other way round.
    data = np.asarray(scan.data).reshape(48, 120)
    weight = 1 / np.sqrt(np.outer(data.sum(axis=1), data.sum(axis=0)))

    def error(model, weight):
        return (((data - model) ** 2) * weight**2).mean()

    assert error(weighted, weight) < error(plain, weight)
    assert error(plain, 1) < error(weighted, 1)
    assert get_result(scan).error == pytest.approx(error(weighted, weight), rel=1e-3)


# --- reprojection ------------------------------------------------------------


@PLAIN
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("reproject", ["navigation", "signal", "both"])
def test_reprojection_fills_in_what_is_masked(make_scan, chunks, normalize, reproject):
    positions = np.zeros((6, 8), dtype=bool)
    positions[1:3, 5] = True
    pixels = np.zeros((12, 10), dtype=bool)
    pixels[3, 2:6] = True
    arguments = FREE | {
        "navigation_mask": hs.signals.BaseSignal(positions).T,
        "signal_mask": hs.signals.Signal2D(pixels),
        "normalize_poissonian_noise": normalize,
    }
    scan = make_scan(chunks=chunks)
    scan.decomposition(**arguments)
    left_out = scan.learning_results.loadings, scan.learning_results.factors
    scan.decomposition(**arguments, reproject=reproject)
    filled = scan.learning_results.loadings, scan.learning_results.factors
    for i, (mask, what) in enumerate([(positions, "navigation"), (pixels, "signal")]):
        mask = mask.ravel()
        np.testing.assert_array_equal(filled[i][~mask], left_out[i][~mask])
        assert np.isnan(left_out[i][mask]).all()
        if reproject not in (what, "both"):
            assert np.isnan(filled[i][mask]).all()
        else:
            assert np.isfinite(filled[i]).all() and (filled[i] >= 0).all()
    # What is filled in describes the data there: Poisson noise is all that is left.
    data = np.asarray(scan.data).reshape(48, 120)
    model = model_of(scan)
    part = np.isfinite(model) & (positions.ravel()[:, None] | pixels.ravel())
    assert part.sum() > 40
    chi_square = ((data - model)[part] ** 2).sum() / data[part].sum()
    assert chi_square < 1.6


def test_reprojection_without_masks_changes_nothing(make_scan):
    scan = make_scan()
    scan.decomposition(**QUICK)
    before = model_of(scan)
    scan.decomposition(**QUICK, reproject="both")
    np.testing.assert_array_equal(model_of(scan), before)


# --- interrupts --------------------------------------------------------------


@PLAIN
@pytest.mark.parametrize("where", ["factor_constraint", "loading_constraint"])
def test_an_interrupt_leaves_everything_as_it_was(make_scan, snapshot, chunks, where):
    calls = []

    def interrupt(images):
        calls.append(images)
        if len(calls) > 5:
            raise KeyboardInterrupt
        return images

    scan = make_scan(signal_type="diffraction", chunks=chunks)
    for earlier in (QUICK, {"output_dimension": 2, "print_info": False}):
        scan.decomposition(**earlier)
        before = snapshot(scan)
        with pytest.raises(KeyboardInterrupt):
            scan.decomposition(
                **QUICK | {where: interrupt}, normalize_poissonian_noise=True
            )
        assert snapshot(scan) == before
        assert len(calls) >= 6
        calls.clear()


# --- lists ---------------------------------------------------------------------


def several(scan):
    """Return settings with lists of constraints that this scan can obey."""
    dark = np.zeros(scan.axes_manager.signal_shape[::-1], bool)
    dark[0, :3] = True
    return {
        "factor_constraint": ["auto", RotationalSymmetry(2), ZeroRegion(dark)],
        "loading_constraint": [TotalVariation(0.02), "auto", Sparsity(0.01)],
    }, dark


def test_lists_are_obeyed_lazy_or_not_and_told(make_scan):
    settings = QUICK | {"max_iter": 15}
    scan = make_scan((9, 10), (15, 13), "electron_diffraction")
    lists, dark = several(scan)
    lazy = scan.as_lazy()
    lazy.data = lazy.data.rechunk((4, 5, 15, 13))
    results = []
    for signal in (scan, lazy):
        signal.decomposition(**settings, **lists)
        results.append(signal.learning_results)
    for name in ("factors", "loadings"):
        one, other = (getattr(r, name) for r in results)
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * one.max())
    assert not results[0].factors.T[:, dark.ravel()].any()
    told = get_result(scan).parameters
    for word in (
        "RadialFloor(center=(",
        "RotationalSymmetry(n=2, center=(",
        "3 of 195",
    ):
        assert word in str(told["factor_constraint"])
    assert "TotalVariation(weight=0.02)" in str(told["loading_constraint"])


def test_contradictions_are_refused_before_any_work(make_scan, snapshot):
    scan = make_scan((9, 10), (15, 13), "electron_diffraction")
    before = snapshot(scan)
    _, dark = several(scan)
    with pytest.raises(ValueError, match="contradict"):
        scan.decomposition(**QUICK, factor_constraint=[ZeroRegion(dark), "auto"])
    with pytest.raises(ValueError, match="covers all"):
        scan.decomposition(**QUICK, factor_constraint=[ZeroRegion(np.ones_like(dark))])
    assert snapshot(scan) == before


def test_maps_of_a_common_total_go_with_the_automatic_smoothing(make_scan):
    scan = make_scan((9, 10), (15, 13))
    scan.decomposition(**QUICK, loading_constraint=["auto", CommonTotal()])
    total = scan.learning_results.loadings.sum(axis=1)
    np.testing.assert_allclose(total, total.mean(), rtol=1e-3)
