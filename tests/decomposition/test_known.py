"""Known patterns and maps of signals: same answer however they and the data come."""

import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf import get_result
from tests.conftest import QUICK, make_components

MAPS, PATTERNS = make_components((6, 8), (12, 10))

#: Known pattern that is the second of the truth, of any scale.
KNOWN = 5 * PATTERNS[1]


def decompose(scan, **arguments):
    scan.decomposition(**QUICK | {"factor_constraint": None} | arguments)
    results = scan.learning_results
    return results.factors, results.loadings


@pytest.fixture
def scan(make_scan):
    return make_scan(signal_type="electron_diffraction")


def signal_of(pattern, scan):
    """Return a pattern as a signal with the calibration of a scan."""
    signal = scan.inav[0, 0].deepcopy()
    signal.data = pattern
    return signal


@pytest.mark.parametrize("form", ["pattern", "stack", "lazy stack", "decomposed"])
def test_patterns_may_come_as_signals(scan, form):
    expected = decompose(scan, fixed_factors=KNOWN)
    given = signal_of(KNOWN, scan)
    if form == "stack":
        given = hs.stack([given])
    elif form == "lazy stack":
        given = hs.stack([given]).as_lazy()
    elif form == "decomposed":
        given = scan.deepcopy()
        given.learning_results.factors = KNOWN.reshape(-1, 1)
        given.learning_results.loadings = MAPS[1].reshape(-1, 1)
    ours = decompose(scan, fixed_factors=given)
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    assert get_result(scan).parameters["fixed_factors"] == 1


def test_a_list_of_signals_would_hide_calibrations(scan):
    given = [signal_of(KNOWN, scan)]
    for name in "fixed_factors", "fixed_loadings":
        with pytest.raises(TypeError, match=f"{name} is a list of signals"):
            decompose(scan, **{name: given})


@pytest.mark.parametrize("form", ["map", "loadings", "navigation"])
def test_maps_may_come_as_signals(scan, form):
    expected = decompose(scan, fixed_loadings=MAPS[1])
    if form == "navigation":
        given = hs.signals.BaseSignal(MAPS[1]).T
    else:
        given = hs.signals.Signal2D(MAPS[1] if form == "map" else MAPS[1:2])
    ours = decompose(scan, fixed_loadings=given)
    np.testing.assert_allclose(ours[1], expected[1], rtol=1e-6)
    ratio = ours[1][:, 0].reshape(6, 8) / MAPS[1]
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-6)


@pytest.mark.parametrize("compression", [None, 8])
@pytest.mark.parametrize("normalized", [False, True])
def test_lazy_masked_and_weighted_data_give_the_same(
    make_scan, compression, normalized
):
    signal_mask = np.zeros((12, 10), bool)
    signal_mask[5:7, 4:6] = True
    navigation_mask = np.zeros((8, 6), bool)
    navigation_mask[2, 3] = True
    arguments = {
        "compression": compression,
        "normalize_poissonian_noise": normalized,
        "signal_mask": signal_mask,
        "navigation_mask": navigation_mask,
        "fixed_factors": np.where(signal_mask, np.nan, KNOWN),
        "fixed_loadings": np.where(navigation_mask.T, np.nan, MAPS[2]),
        "matrix": None,
        "factor_constraint": "auto",
    }
    found = [
        decompose(make_scan(signal_type="electron_diffraction", chunks=c), **arguments)
        for c in (None, (2, 3, 12, 10), (6, 8, 5, 4))
    ]
    for factors, loadings in found[1:]:
        np.testing.assert_allclose(factors, found[0][0], rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(loadings, found[0][1], rtol=1e-4, atol=1e-2)
    factors, loadings = found[0]
    kept = ~signal_mask.ravel()
    expected = KNOWN.ravel()[kept] / KNOWN.ravel()[kept].sum()
    np.testing.assert_allclose(factors[kept, 0], expected, rtol=1e-6)
    there = ~navigation_mask.T.ravel()
    ratio = loadings[there, 1] / MAPS[2].ravel()[there]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)
    assert np.isnan(factors[~kept]).all() and np.isnan(loadings[~there]).all()


def test_reprojection_takes_what_is_known_of_masked_values(scan):
    signal_mask = np.zeros((12, 10), bool)
    signal_mask[3:5] = True
    navigation_mask = np.zeros((8, 6), bool)
    navigation_mask[4, 2:4] = True
    factors, loadings = decompose(
        scan,
        signal_mask=signal_mask,
        navigation_mask=navigation_mask,
        reproject="both",
        fixed_factors=KNOWN,
        fixed_loadings=MAPS[2],
        loading_constraint="auto",
    )
    for found, known in ((factors[:, 0], KNOWN), (loadings[:, 1], MAPS[2])):
        ratio = found / known.ravel()
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)
    model = loadings @ factors.T
    data = scan.data.reshape(48, 120)
    assert np.abs(model - data).mean() < 2 * np.sqrt(data.mean())


def test_known_values_of_masked_pixels_are_found_where_they_are_not_given(scan):
    signal_mask = np.zeros((12, 10), bool)
    signal_mask[3:5] = True
    factors, _ = decompose(
        scan,
        signal_mask=signal_mask,
        reproject="signal",
        fixed_factors=np.where(signal_mask, np.nan, KNOWN),
    )
    assert np.isfinite(factors).all()
    kept = ~signal_mask.ravel()
    ratio = factors[kept, 0] / KNOWN.ravel()[kept]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)


def test_bad_pixels_take_no_part_in_what_is_known(make_scan):
    scan = make_scan((8, 8), signal_type="electron_diffraction")
    scan.data[..., 4, 5] = 0
    factors, _ = decompose(scan, fixed_factors=KNOWN)
    assert np.isnan(factors).any(axis=1).sum() == 1
    assert np.isclose(np.nansum(factors[:, 0]), 1)


def test_what_was_fixed_is_told(scan, capsys):
    decompose(scan, fixed_factors=KNOWN, print_info=True)
    printed = capsys.readouterr().out
    assert "fixed_factors=1" in printed and "fixed_loadings" not in printed
    assert "factors 0 were given and kept" in get_result(scan).summary()


def test_the_automatic_matrix_may_be_the_known_one(make_scan):
    """What it shares with crystals goes to its map, and its pattern stays."""
    rows, columns = np.indices((24, 24)) - 11.5
    radii = np.hypot(rows, columns)
    halo = np.exp(-(((radii - 6) / 2) ** 2)) + 0.1
    halo /= halo.sum()
    spots = np.zeros((2, 24, 24))
    spots[0, 5, 5:9], spots[1, 18, 12:16] = 0.25, 0.25
    maps = np.random.default_rng(0).random((2, 10, 10)) ** 6
    expected = 4000 * halo + 800 * np.tensordot(maps, spots, axes=(0, 0))
    scan = make_scan((10, 10), (24, 24), "electron_diffraction")
    scan.data = np.random.default_rng(1).poisson(expected).astype(float)
    factors, loadings = decompose(
        scan, factor_constraint="auto", fixed_factors=halo, loading_constraint=None
    )
    np.testing.assert_allclose(factors[:, 0], halo.ravel(), rtol=1e-6)
    np.testing.assert_allclose(loadings[:, 0], 4000, rtol=0.1)
    assert (factors[:, 1:].T @ (spots.reshape(2, -1) > 0).T).max(axis=0).min() > 0.8


def _calibrated(scan, change):
    signal = signal_of(KNOWN, scan)
    change(signal.axes_manager.signal_axes[0])
    return signal


BAD = {
    "scale": lambda scan: _calibrated(scan, lambda axis: setattr(axis, "scale", 0.2)),
    "offset": lambda scan: _calibrated(scan, lambda axis: setattr(axis, "offset", 0)),
    "units": lambda scan: _calibrated(
        scan, lambda axis: setattr(axis, "units", "mrad")
    ),
    "shape": lambda scan: signal_of(KNOWN, scan).isig[:-1],
    "a scan": lambda scan: scan.deepcopy(),
    "negative": lambda scan: -KNOWN,
    "array of a shape": lambda scan: KNOWN.T,
}


@pytest.mark.parametrize("name", BAD)
def test_bad_patterns_are_refused_before_any_work(scan, snapshot, name):
    given = BAD[name](scan)
    before = snapshot(scan)
    with pytest.raises(ValueError, match="fixed_factors"):
        decompose(scan, fixed_factors=given)
    assert snapshot(scan) == before


def test_units_may_be_others_of_the_same_kind(scan):
    given = signal_of(KNOWN, scan)
    for axis in given.axes_manager.signal_axes:
        axis.units, axis.scale, axis.offset = "1/Å", axis.scale / 10, axis.offset / 10
    decompose(scan, fixed_factors=given)


def test_maps_of_another_step_are_refused(scan):
    for axis in scan.axes_manager.navigation_axes:
        axis.units, axis.scale = "nm", 2.0
    given = hs.signals.Signal2D(MAPS[1])
    for axis in given.axes_manager.signal_axes:
        axis.units, axis.scale = "nm", 3.0
    with pytest.raises(ValueError, match="fixed_loadings is calibrated otherwise"):
        decompose(scan, fixed_loadings=given)
