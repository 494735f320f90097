"""Pixels that are bad take no part, exactly as if masked."""

import logging
from collections import Counter

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from scipy.ndimage import shift

import hspy_cnmf
from hspy_cnmf.operators.range_finder import refinements
from tests.conftest import QUICK

N = 32


def patterns(seed=0):
    """Return three patterns of rings and sharp spots, each of unit sum."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:N, :N] - (N - 1) / 2
    radius = np.hypot(row, column)
    result = [0.5 + np.exp(-((radius - 8) ** 2) / 12)]
    for angle in rng.uniform(0, np.pi, 2):
        spots = np.full((N, N), 0.02)
        for k in range(6):
            y, x = 9 * np.sin(angle + k * np.pi / 3), 9 * np.cos(angle + k * np.pi / 3)
            spots += np.exp(-((row - y) ** 2 + (column - x) ** 2) / 2)
        result.append(spots)
    return np.array([pattern / pattern.sum() for pattern in result])


def scan(dose=20000, movement=0.0):
    """Return a calibrated signal of 12 x 14 positions, with no bad pixel."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:12, :14] / 12
    maps = np.stack([0.5 + 0 * y, 0.4 * (x > 0.6), 0.4 * (y > 0.5)])
    expected = np.tensordot(maps, patterns(), ((0,), (0,)))
    if movement:
        for i, j in np.ndindex(12, 14):
            by = movement * (i / 11 - 0.5), 0.0
            expected[i, j] = shift(expected[i, j], by, order=1, mode="nearest")
    signal = hs.signals.Signal2D(rng.poisson(dose * expected).astype("uint16"))
    signal.set_signal_type("electron_diffraction")
    for axis in signal.axes_manager.signal_axes:
        axis.offset = -(N - 1) / 2
    return signal


def broken(kind, n=1):
    """Return a scan with bad pixels, and where they are."""
    signal = scan()
    where = np.zeros((N, N), bool)
    inner = np.random.default_rng(n).choice((N - 4) ** 2, n, replace=False)
    where[inner // (N - 4) + 2, inner % (N - 4) + 2] = True
    if kind == "dead":
        signal.data[:, :, where] = 0
    elif kind == "hot":
        rng = np.random.default_rng(0)
        signal.data[:, :, where] += rng.poisson(9000, (12, 14, n)).astype("uint16")
    elif kind in ("flickering", "struck"):
        rng = np.random.default_rng(0)
        for place in np.argwhere(where):
            n_events = 6 if kind == "flickering" else 1
            events = rng.choice(12 * 14, n_events, replace=False)
            flat = signal.data.reshape(-1, N, N)
            flat[(events, *place)] += rng.integers(9000, 11000, n_events).astype("u2")
    elif kind == "stuck":
        signal.data[:, :, where] = 65535
    elif kind == "uneven":
        where[:] = False
        where[:, 9] = True
        signal.data[:, :, where] *= 3
    else:
        signal.change_dtype("float32")
        signal.data[:, :, where] = np.nan
    return signal, where


def decompose(signal, **kwargs):
    signal.decomposition(**QUICK | {"compression": 20} | kwargs)
    return signal.learning_results


def assert_same(ours, theirs, rtol=0.0):
    for name in ("factors", "loadings"):
        values, others = (getattr(results, name) for results in (ours, theirs))
        atol = rtol * np.nanmax(others)
        np.testing.assert_allclose(values, others, rtol=rtol, atol=atol)
    np.testing.assert_array_equal(ours.signal_mask, theirs.signal_mask)


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize(
    ("kind", "n"),
    [
        *(("dead", 40), ("hot", 9), ("stuck", 5), ("NaN", 3)),
        *(("flickering", 9), ("struck", 5), ("uneven", N)),
    ],
)
def test_they_take_no_part_exactly_as_if_masked(kind, n, normalized):
    signal, where = broken(kind, n)
    masked = signal.deepcopy()
    found = decompose(signal, normalize_poissonian_noise=normalized)
    assert hspy_cnmf.get_result(signal).parameters["bad_pixels"] == n
    decompose(
        masked,
        normalize_poissonian_noise=normalized,
        signal_mask=where,
        bad_pixels=None,
    )
    assert_same(found, masked.learning_results, rtol=1e-5)


@pytest.mark.parametrize("kinds", [(), ("dead", "hot", "stuck"), ("flickering",)])
@pytest.mark.parametrize("chunks", [(2, 3, N, N), (2, 2, 20, 11)])
def test_finding_them_costs_no_reading(kinds, chunks):
    signal = scan()
    for n, kind in enumerate(kinds, 2):
        other, where = broken(kind, n)
        signal.data[:, :, where] = other.data[:, :, where]
    lazy, calls = counting(signal.data, chunks)
    decompose(lazy, last_iteration="sketch")
    n_bad = hspy_cnmf.get_result(lazy).parameters["bad_pixels"]
    assert n_bad == sum(n for n, _ in enumerate(kinds, 2))
    n_readings = 2 + refinements((signal.data[..., 0, 0].size, N**2))
    if chunks[2] != N:
        n_readings *= 2  # where chunks divide patterns
    if "flickering" in kinds:
        n_readings += 2  # when they flash up, and what else is new then
    numbers = list(calls.values())
    assert min(numbers) == n_readings
    assert np.mean(numbers) < n_readings + 0.2  # A few chunks are looked at before.


def counting(data, chunks):
    """Return a lazy signal of data, and how often each of its chunks was read."""
    calls = Counter()

    def note(block, block_info=None):
        calls[block_info[0]["chunk-location"]] += 1
        return block

    lazy = da.from_array(data, chunks).map_blocks(note, dtype=data.dtype)
    calls.clear()
    signal = hs.signals.Signal2D(lazy).as_lazy()
    signal.set_signal_type("electron_diffraction")
    for axis in signal.axes_manager.signal_axes:
        axis.offset = -(N - 1) / 2
    return signal, calls


def test_a_thousandth_of_the_pixels_does_not_cost_counts():
    signal, _ = broken("dead", 40)
    results = decompose(signal, normalize_poissonian_noise=True, max_iter=100)
    model = np.nansum(results.loadings @ np.nan_to_num(results.factors).T)
    assert model == pytest.approx(signal.data.sum(), rel=0.02)


@pytest.mark.parametrize("kind", ["dead", "hot", "stuck", "NaN", "flickering"])
@pytest.mark.parametrize("chunks", [(5, 6, N, N), (12, 14, 20, 11)])
def test_lazy_is_eager(kind, chunks):
    signal, _ = broken(kind, 4)
    lazy = hs.signals.Signal2D(da.from_array(signal.data, chunks)).as_lazy()
    lazy.set_signal_type("electron_diffraction")
    lazy.axes_manager.update_axes_attributes_from(
        signal.axes_manager._axes, ["offset", "scale", "units"]
    )
    theirs = decompose(lazy)
    ours = decompose(signal)
    np.testing.assert_allclose(ours.factors, theirs.factors, atol=1e-6)
    np.testing.assert_array_equal(ours.signal_mask, theirs.signal_mask)


def test_what_a_mask_hides_is_not_looked_at():
    signal, where = broken("dead", 5)
    mask = where.copy()
    mask[0] = True
    decompose(signal, signal_mask=mask)
    assert hspy_cnmf.get_result(signal).parameters["bad_pixels"] == 0
    assert hspy_cnmf.get_result(signal).notes == ()


def test_masks_and_bad_pixels_are_excluded_together():
    signal, where = broken("dead", 5)
    mask = np.zeros((N, N), bool)
    mask[:3] = True
    results = decompose(signal, signal_mask=mask)
    np.testing.assert_array_equal(results.signal_mask, mask | where)
    assert np.isnan(results.factors[(mask | where).ravel()]).all()


def test_they_can_be_named():
    signal, where = broken("dead", 5)
    other = signal.deepcopy()
    theirs = decompose(other, signal_mask=where, bad_pixels=None)
    assert_same(decompose(signal, bad_pixels=where), theirs)
    named = hs.signals.Signal2D(where)
    assert_same(decompose(signal, bad_pixels=named), theirs)


def test_none_are_looked_for_on_request():
    signal, _ = broken("dead", 5)
    results = decompose(signal, bad_pixels=None)
    assert results.signal_mask is None
    assert np.isfinite(results.factors).all()


def test_the_user_is_told_once(caplog, capsys):
    """What is printed is not logged, too; what is logged is not at every call."""
    signal, _ = broken("dead", 1)
    with caplog.at_level(logging.WARNING):
        decompose(signal, print_info=True)
        assert "dead" not in caplog.text
        assert "note: Bad pixels were left out: 1 dead" in capsys.readouterr().out
        for _ in range(2):
            decompose(signal)
        signal.scan_output_dimension([1, 2], n_init=1, max_iter=5, print_info=False)
    assert caplog.text.count("1 dead (the first at") == 1


def test_a_kept_sketch_knows_them(tmp_path):
    signal, _ = broken("hot", 3)
    path = tmp_path / "sketch.npz"
    first = decompose(signal, sketch=path)
    factors, loadings = first.factors.copy(), first.loadings.copy()
    assert path.exists()
    again = decompose(signal, sketch=path)
    np.testing.assert_array_equal(again.factors, factors)
    np.testing.assert_array_equal(again.loadings, loadings)
    with pytest.raises(ValueError, match="signal_mask is another at 3 places"):
        decompose(signal, sketch=path, bad_pixels=None)


def test_they_are_not_filled_in():
    signal, where = broken("dead", 5)
    mask = np.zeros((N, N), bool)
    mask[:3] = True
    results = decompose(signal, signal_mask=mask, reproject="signal")
    factors = results.factors.reshape(N, N, -1)
    assert np.isfinite(factors[:3][~where[:3]]).all()
    assert np.isnan(factors[where & ~mask]).all()


def test_what_asks_the_decomposition_goes_on_working(tmp_path):
    signal, _ = broken("dead", 5)
    decompose(signal, max_iter=100)
    residual = signal.get_decomposition_residual(gain=1)
    assert "reduced chi-square" in residual.summary()
    assert signal.get_component_fractions(gain=1) is not None
    signal.cluster_diffraction(n_clusters=2, print_info=False)
    path = tmp_path / "report.html"
    hspy_cnmf.write_report(signal, path)
    assert "Bad pixels were left out: 5 dead" in path.read_text()


def test_the_scan_of_components_leaves_them_out():
    signal, _ = broken("hot", 3)
    kwargs = dict(n_init=1, max_iter=10, random_state=0, print_info=False)
    masked = signal.deepcopy()
    ours = hspy_cnmf.scan_output_dimension(signal, [2, 3], **kwargs)
    _, where = broken("hot", 3)
    theirs = hspy_cnmf.scan_output_dimension(
        masked, [2, 3], signal_mask=where, bad_pixels=None, **kwargs
    )
    np.testing.assert_allclose(ours.error.data, theirs.error.data, rtol=1e-6)


@pytest.mark.parametrize("value", ["all", 3.5, np.zeros((3, 3), bool), "None"])
def test_other_values_are_refused(value, snapshot):
    signal = scan()
    before = snapshot(signal)
    with pytest.raises((ValueError, TypeError), match="bad_pixels"):
        decompose(signal, bad_pixels=value)
    assert snapshot(signal) == before


def test_blank_frames_do_not_decide_a_weighted_fit():
    signal = scan()
    signal.data[3, 4] = signal.data[8, 2] = 0
    results = decompose(signal, normalize_poissonian_noise=True, max_iter=100)
    model = (results.loadings @ results.factors.T).sum()
    assert model == pytest.approx(signal.data.sum(), rel=0.02)


def test_where_only_bad_pixels_have_counts_this_is_said():
    signal = scan()
    signal.data[:] = 0
    signal.data[..., 9, 9] = 7
    with pytest.raises(ValueError, match=r"look bad.*1 stuck.*bad_pixels=None"):
        decompose(signal)
