"""Masks as HyperSpy means them, and the mask of the structure."""

import json
import re

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from hyperspy.signal import BaseSignal
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf import data, structure_mask
from hspy_cnmf._hyperspy.masks import select_pixels, select_positions
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.rings import pixel_radii
from tests.conftest import QUICK

PLAIN = pytest.mark.parametrize("chunks", [None, (3, 4, 12, 5)], ids=["eager", "lazy"])

#: How a mask in array order is handed over.
NAVIGATION_MASKS = {
    "BaseSignal": lambda mask: BaseSignal(mask).T,
    "lazy BaseSignal": lambda mask: BaseSignal(mask).T.as_lazy(),
    "NumPy": lambda mask: mask.T,
    "Dask": lambda mask: da.from_array(mask.T, chunks=2),
    "integers": lambda mask: mask.T.astype(int),
}

SIGNAL_MASKS = {
    "Signal2D": hs.signals.Signal2D,
    "lazy Signal2D": lambda mask: hs.signals.Signal2D(mask).as_lazy(),
    "NumPy, as the data": lambda mask: mask,
    "NumPy, as signal_shape": lambda mask: mask.T,
    "Dask": lambda mask: da.from_array(mask, chunks=5),
}

GLASS = {"shape": (8, 9), "detector_shape": (64, 72), "n_precipitates": 2}

GLASS["diameter"] = 4.0


@pytest.fixture
def positions():
    """Return a mask of a scan of 6 x 8 without any symmetry, in array order."""
    mask = np.zeros((6, 8), dtype=bool)
    mask[1, 2:5] = mask[4, 0] = True
    return mask


@pytest.fixture
def pixels():
    """Return a mask of a detector of 12 x 10 without any symmetry, in array order."""
    mask = np.zeros((12, 10), dtype=bool)
    mask[2, 3:9] = mask[10, 1] = True
    return mask


@pytest.mark.parametrize("kind", NAVIGATION_MASKS)
def test_navigation_masks_mean_what_they_do_in_hyperspy(make_scan, positions, kind):
    mask = NAVIGATION_MASKS[kind](positions)
    np.testing.assert_array_equal(select_positions(make_scan(), mask), ~positions)
    for chunks in (None, (3, 4, 12, 10)):
        ours, theirs = make_scan(chunks=chunks), make_scan(chunks=chunks)
        ours.decomposition(**QUICK, navigation_mask=mask)
        theirs.decomposition(output_dimension=3, navigation_mask=mask, print_info=False)
        ours, theirs = ours.learning_results, theirs.learning_results
        # HyperSpy's own is flat for eager signals.
        expected = theirs.navigation_mask.reshape(6, 8)
        np.testing.assert_array_equal(ours.navigation_mask, expected)
        np.testing.assert_array_equal(
            np.isnan(ours.loadings), np.isnan(theirs.loadings)
        )
        assert ours.signal_mask is None


@pytest.mark.parametrize("kind", SIGNAL_MASKS)
def test_signal_masks_leave_nan_where_they_are(make_scan, pixels, kind):
    scan = make_scan()
    mask = SIGNAL_MASKS[kind](pixels)
    np.testing.assert_array_equal(select_pixels(scan, mask), ~pixels)
    scan.decomposition(**QUICK, signal_mask=mask)
    results = scan.learning_results
    np.testing.assert_array_equal(results.signal_mask, pixels)
    factors = scan.get_decomposition_factors().data
    assert (np.isnan(factors) == pixels).all()
    np.testing.assert_allclose(np.nansum(factors, axis=(1, 2)), 1, rtol=1e-5)
    assert np.isfinite(results.loadings).all()


def test_signal_masks_are_those_of_hyperspy(make_scan, pixels):
    ours, theirs = make_scan(), make_scan()
    mask = hs.signals.Signal2D(pixels)
    ours.decomposition(**QUICK, signal_mask=mask)
    theirs.decomposition(output_dimension=3, signal_mask=mask, print_info=False)
    ours, theirs = ours.learning_results, theirs.learning_results
    np.testing.assert_array_equal(ours.signal_mask, theirs.signal_mask.reshape(12, 10))
    np.testing.assert_array_equal(np.isnan(ours.factors), np.isnan(theirs.factors))


@pytest.mark.parametrize(
    ("navigation", "signal"), [((9,), (12, 10)), ((2, 3, 4), (12, 10)), ((6, 8), (20,))]
)
def test_masks_in_other_dimensions(make_scan, navigation, signal):
    rng = np.random.default_rng(1)
    positions, pixels = rng.random(navigation) < 0.2, rng.random(signal) < 0.2
    scan = make_scan(navigation, signal)
    scan.decomposition(
        **QUICK, navigation_mask=positions.T, signal_mask=type(scan)(pixels)
    )
    results = scan.learning_results
    expected = np.broadcast_to(positions.reshape(-1, 1), results.loadings.shape)
    np.testing.assert_array_equal(np.isnan(results.loadings), expected)
    expected = np.broadcast_to(pixels.reshape(-1, 1), results.factors.shape)
    np.testing.assert_array_equal(np.isnan(results.factors), expected)


@PLAIN
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1e6, 1e30])
def test_masked_data_do_not_influence_results(
    make_scan, positions, pixels, chunks, normalize, value
):
    masks = {"navigation_mask": positions.T, "signal_mask": pixels}
    masks["normalize_poissonian_noise"] = normalize
    results = []
    for spoilt in (False, True):
        scan = make_scan(signal_type="diffraction", chunks=chunks)
        if spoilt:
            excluded = positions[:, :, np.newaxis, np.newaxis] | pixels
            where = np.where if chunks is None else da.where
            scan.data = where(excluded, value, scan.data)
        scan.decomposition(**QUICK, **masks)
        results.append(scan.learning_results)
    clean, spoilt = results
    np.testing.assert_array_equal(clean.factors, spoilt.factors)
    np.testing.assert_array_equal(clean.loadings, spoilt.loadings)
    assert clean.constrained_nmf_run == spoilt.constrained_nmf_run


def test_smoothing_does_not_reach_across_masked_positions(make_scan):
    # Two halves, parted by masked positions; nothing is in the right half.
    wall = np.zeros((6, 8), dtype=bool)
    wall[:, 4] = True
    spread = []
    for mask in (wall, np.zeros_like(wall)):
        scan = make_scan()
        scan.data[:, 5:] = 0
        smoothing = GaussianSmoothing(size=(3, 3))
        scan.decomposition(
            **QUICK, navigation_mask=mask.T, loading_constraint=smoothing
        )
        counts = scan.get_decomposition_loadings().data.sum(axis=0)
        spread.append(counts[:, 5].max() / counts[:, :4].mean())
    assert spread[0] < 1e-6 and spread[1] > 1e-2


@pytest.mark.parametrize("lazy", [False, True], ids=["eager", "lazy"])
@pytest.mark.parametrize(
    ("simulate", "arguments"),
    [
        (data.metallic_glass, GLASS),
        (data.four_phases, {"shape": (9, 11), "detector_shape": (64, 72)}),
        (data.twinned_silver, {"shape": (12, 10)}),
    ],
)
def test_the_structure_is_left_by_its_mask(simulate, arguments, lazy):
    scan = simulate(**arguments, lazy=lazy, random_state=0)
    mask = structure_mask(scan)
    assert isinstance(mask, hs.signals.Signal2D)
    assert mask.data.dtype == bool and mask.data.shape == scan.data.shape[2:]
    for ours, axis in zip(
        mask.axes_manager.signal_axes, scan.axes_manager.signal_axes, strict=True
    ):
        assert (ours.scale, ours.offset, ours.units) == (
            axis.scale, axis.offset, axis.units
        )  # fmt: skip
    center = np.array(scan.calibration.center)[::-1]
    radii = pixel_radii(mask.data.shape, center)
    largest = min(
        min(c, n - 1 - c) for c, n in zip(center, mask.data.shape, strict=True)
    )
    masked = np.asarray(mask.data)
    assert masked[radii > largest + 1].all() and masked[0, 0]
    between = (radii > largest / 3) & (radii < largest - 0.5)
    assert not masked[between].any()
    counts = np.asarray(scan.data).mean(axis=(0, 1))
    if simulate is data.metallic_glass:
        # 85 % of the electrons are in the direct beam.
        assert masked[radii < 1].all()
        assert counts[~masked].sum() < 0.2 * counts.sum()
        assert counts[~masked].max() < 0.05 * counts.max()
    scan.decomposition(**QUICK | {"max_iter": 3}, signal_mask=mask)
    factors = np.asarray(scan.get_decomposition_factors().data)
    assert (np.isnan(factors) == masked).all()


@PLAIN
@pytest.mark.parametrize("signal_type", ["electron_diffraction", ""])
def test_radii_given_are_those_used(make_scan, chunks, signal_type):
    scan = make_scan(signal_type=signal_type, chunks=chunks)
    for axis in scan.axes_manager.signal_axes:
        axis.scale, axis.offset = 0.1, -0.1 * (axis.size - 1) / 2
    before = scan.axes_manager.as_dictionary()
    masked = np.asarray(structure_mask(scan, beam_radius=0.15, outer_radius=0.35).data)
    radii = 0.1 * pixel_radii((12, 10), (5.5, 4.5))
    np.testing.assert_array_equal(masked, (radii < 0.15) | (radii > 0.35))
    assert scan.axes_manager.as_dictionary() == before
    one = structure_mask(scan.inav[0, 0], 0.15, 0.35)
    np.testing.assert_array_equal(np.asarray(one.data), masked)


@PLAIN
def test_an_uncalibrated_signal_has_its_centre_estimated(make_scan, caplog, chunks):
    scan = make_scan(signal_type="diffraction", chunks=chunks)
    for axis in scan.axes_manager.signal_axes:
        axis.scale, axis.offset = 1, 0
    masked = np.asarray(structure_mask(scan, beam_radius=0).data)
    assert "estimated" in caplog.text
    radii = pixel_radii((12, 10), (5.5, 4.5))
    assert masked[radii > 5.5].all() and not masked[radii < 4].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"beam_radius": 9}, "excludes all"), ({"outer_radius": 0}, "excludes all")],
)
def test_a_mask_that_leaves_nothing_raises(make_scan, arguments, message):
    with pytest.raises(ValueError, match=message):
        structure_mask(make_scan(signal_type="electron_diffraction"), **arguments)
    with pytest.raises(ValueError, match="two dimensions"):
        structure_mask(make_scan(signal=(20,)))


@pytest.mark.parametrize("lazy", [False, True])
def test_one_bad_value_does_not_uncover_the_direct_beam(lazy):
    scan = data.metallic_glass((8, 8), n_precipitates=1, random_state=0)
    scan.change_dtype("float32")
    expected = structure_mask(scan).data
    scan.data[0, 0, 20, 30] = np.nan
    found = structure_mask(scan.as_lazy() if lazy else scan).data
    assert expected[60:68, 60:68].any()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("lazy", [False, True])
def test_a_pixel_without_any_value_is_left_out_silently(lazy):
    scan = data.metallic_glass((8, 8), n_precipitates=1, random_state=0)
    scan.change_dtype("float32")
    expected = structure_mask(scan).data
    scan.data[..., 20, 30] = np.nan
    found = structure_mask(scan.as_lazy() if lazy else scan).data
    np.testing.assert_array_equal(found, expected)


# --- what is no mask, and what is no radius ----------------------------------


@pytest.mark.parametrize("name", ["navigation_mask", "signal_mask"])
@pytest.mark.parametrize(
    "mask",
    [
        [[1], [1, 2]],
        "mask",
        np.full((8, 6), 2),
        np.full((8, 6), np.nan),
        np.ma.arange(8),
    ],
    ids=["ragged", "text", "numbers", "nan", "masked numbers"],
)
def test_what_is_no_mask_is_refused(make_scan, name, mask):
    with pytest.raises(TypeError, match=name):
        make_scan().decomposition(**QUICK, **{name: mask})


def test_masked_entries_of_a_mask_exclude(make_scan):
    mask = np.zeros((8, 6), dtype=bool)
    mask[2, 3] = True
    hidden = np.ma.masked_array(np.zeros_like(mask), mask)
    scans = [make_scan(), make_scan()]
    for scan, given_mask in zip(scans, (mask, hidden), strict=True):
        scan.decomposition(**QUICK, navigation_mask=given_mask)
    one, other = (scan.learning_results for scan in scans)
    np.testing.assert_array_equal(one.loadings, other.loadings)


def test_data_with_a_mask_of_their_own_are_refused(make_scan):
    scan = make_scan()
    scan.data = np.ma.masked_greater(scan.data, 5)
    with pytest.raises(TypeError, match="masked array"):
        scan.decomposition(**QUICK)


@pytest.mark.parametrize("name", ["beam_radius", "outer_radius"])
@pytest.mark.parametrize("radius", [-1, -np.inf, np.nan, "wide", True, [1, 2]])
def test_what_is_no_radius_is_refused(make_scan, name, radius):
    scan = make_scan(signal_type="electron_diffraction")
    with pytest.raises(ValueError, match=f"{name} must be a number, 0 or more"):
        structure_mask(scan, **{name: radius})


def test_a_scale_of_zero_and_data_without_values_are_refused(make_scan):
    scan = make_scan(signal_type="electron_diffraction")
    scan.axes_manager.signal_axes[0].scale = 0
    with pytest.raises(ValueError, match="scale"):
        structure_mask(scan)
    scan = make_scan(signal_type="electron_diffraction")
    scan.data = np.full(scan.data.shape, np.nan)
    with pytest.raises(ValueError, match="NaN or infinite in all"):
        structure_mask(scan)


def beam_scan(center, limit=np.inf, shape=(128, 128)):
    """Return an uncalibrated scan with a beam, rings, and counters with a limit."""
    radii = pixel_radii(shape, center)
    expected = 3000 * np.exp(-(radii**2) / 18) + 60 * np.exp(-radii / 12) + 0.3
    expected += 18 * np.exp(-((radii - 25) ** 2) / 50)
    counts = np.random.default_rng(0).poisson(np.broadcast_to(expected, (2, 3, *shape)))
    return ElectronDiffraction2D(np.minimum(counts, limit))


@pytest.mark.parametrize("center", [(60, 50), (64, 20), (30, 30)])
def test_mask_and_floor_are_about_the_same_centre(center):
    scan = beam_scan(center)
    mask = structure_mask(scan)
    covered = np.argwhere(~np.asarray(mask.data))
    assert covered.mean(axis=0) == pytest.approx(center, abs=0.2)
    scan.decomposition(**QUICK | {"max_iter": 2}, signal_mask=mask)
    run = json.loads(scan.learning_results.constrained_nmf_run)
    floor = run["parameters"]["factor_constraint"]
    found = re.search(r"center=\((.*?), (.*?)\)", floor).groups()
    assert [float(x) for x in found] == pytest.approx(center, abs=0.2)


@pytest.mark.parametrize("limit", [63, 255, 4095])
def test_a_saturated_beam_is_masked(limit):
    radii = pixel_radii((128, 128), (60, 50))
    masked = np.asarray(structure_mask(beam_scan((60, 50), limit)).data)
    assert masked[radii < 5].all() and not masked[(radii > 15) & (radii < 48)].any()


def test_a_beam_at_the_edge_leaves_the_rest_of_the_detector(caplog):
    masked = np.asarray(structure_mask(beam_scan((60, 5))).data)
    assert "reaches the edge" in caplog.text
    radii = pixel_radii((128, 128), (60, 5))
    assert masked[radii < 4].all() and not masked[radii > 15].any()


def test_no_beam_and_no_centre_are_said(caplog):
    rings = beam_scan((60, 50))
    rings.data[:] = 50 * np.exp(-((pixel_radii((128, 128), (60, 50)) - 25) ** 2) / 50)
    structure_mask(rings)
    assert "No direct beam was found" in caplog.text
    noise = np.random.default_rng(0).poisson(3, (2, 2, 40, 40))
    with pytest.raises(ValueError, match=r"cannot be told.*calibration\.center"):
        structure_mask(ElectronDiffraction2D(noise))
