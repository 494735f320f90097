"""Negative values that are clipped or shifted, and what is measured afterwards."""

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest

import hspy_cnmf
from tests.conftest import QUICK

OPTIONS = {"n_init": 1, "max_iter": 10, "random_state": 0}


def with_offset(make_scan, dtype, lazy):
    """Return a scan whose offset was subtracted, and a copy of its data."""
    signal = make_scan(dtype=dtype)
    signal.data = (signal.data - dtype(20)).astype(dtype)
    data = signal.data.copy()
    if lazy:
        signal = signal.as_lazy()
        signal.data = da.from_array(data, chunks=(3, 5, 12, 7))
    return signal, data


def treated(data, negative):
    return data.clip(0) if negative == "clip" else data - data.min()


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
@pytest.mark.parametrize("negative", ["clip", "shift"])
def test_results_are_those_of_the_treated_data(
    make_scan, snapshot, negative, dtype, lazy
):
    signal, data = with_offset(make_scan, dtype, lazy)
    other = type(make_scan())(treated(data, negative))
    before = snapshot(signal)["data"]
    signal.decomposition(**QUICK, negative=negative)
    assert snapshot(signal)["data"] == before
    other.decomposition(**QUICK)
    for name in ("factors", "loadings"):
        np.testing.assert_allclose(
            getattr(signal.learning_results, name),
            getattr(other.learning_results, name),
            rtol=1e-6 if not lazy else 1e-3,
            atol=1e-6,
        )


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("negative", ["clip", "shift"])
def test_what_is_measured_is_of_the_treated_data(make_scan, tmp_path, negative, lazy):
    """Also after the signal was saved and loaded."""
    signal, data = with_offset(make_scan, np.float32, lazy)
    signal.set_signal_type("electron_diffraction")
    signal.decomposition(**QUICK, negative=negative)
    other = type(make_scan())(treated(data, negative))
    other.set_signal_type("electron_diffraction")
    other.decomposition(**QUICK)
    signal.save(tmp_path / "scan.zspy")
    for one in (signal, hs.load(tmp_path / "scan.zspy")):
        residual, theirs = (
            s.get_decomposition_residual(gain=1, refit=None).compute()
            for s in (one, other)
        )
        np.testing.assert_allclose(
            residual.chi_square.data, theirs.chi_square.data, rtol=1e-3
        )
        fractions, theirs = (
            s.get_component_fractions(gain=1).fractions.data for s in (one, other)
        )
        np.testing.assert_allclose(fractions, theirs, rtol=1e-3, atol=1e-4)
        table, theirs = (s.check_components().table for s in (one, other))
        np.testing.assert_allclose(
            table["correlation"], theirs["correlation"], rtol=1e-3
        )


@pytest.mark.parametrize("negative", ["clip", "shift"])
def test_sketches_and_scans_take_it_too(make_scan, negative):
    signal, data = with_offset(make_scan, np.float32, False)
    sketch = hspy_cnmf.make_sketch(signal, 8, negative=negative, random_state=0)
    signal.decomposition(**QUICK, sketch=sketch, negative=negative)
    with pytest.raises(ValueError, match="not one of these data"):
        signal.decomposition(**QUICK, sketch=sketch)
    scans = [
        s.scan_output_dimension([1, 2], print_info=False, **OPTIONS, **keyword)
        for s, keyword in (
            (signal, {"negative": negative}),
            (signal._deepcopy_with_new_data(treated(data, negative)), {}),
        )
    ]
    np.testing.assert_allclose(scans[0].error.data, scans[1].error.data)


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("negative", ["clip", "shift"])
def test_known_factors_series_and_domains_take_it_too(
    make_scan, snapshot, negative, lazy
):
    """All that read data treat them alike, and leave those of the signal."""
    signal, data = with_offset(make_scan, np.float32, lazy)
    signal.set_signal_type("electron_diffraction")
    before = snapshot(signal)["data"]
    other = signal._deepcopy_with_new_data(treated(signal.data, negative))
    factors = abs(np.random.default_rng(0).normal(size=(2, *data.shape[2:])))
    for one, keyword in ((signal, {"negative": negative}), (other, {})):
        one.apply_factors(factors, print_info=False, **keyword)
    loadings = [s.learning_results.loadings for s in (signal, other)]
    np.testing.assert_allclose(*loadings, rtol=1e-5, atol=1e-5)
    series = [
        hspy_cnmf.decompose_series(
            [s.inav[:4], s.inav[4:]], 2, print_info=False, **OPTIONS, **keyword
        ).to_signal("share_of_counts")
        for s, keyword in ((signal, {"negative": negative}), (other, {}))
    ]
    np.testing.assert_allclose(series[0].data, series[1].data, rtol=1e-3)
    domains = [
        s.map_domains(2, n_repeats=2, max_rounds=1, random_state=0, print_info=False)
        if not keyword
        else s.map_domains(
            *(2, None, 2, 1), random_state=0, print_info=False, **keyword
        )
        for s, keyword in ((signal, {"negative": negative}), (other, {}))
    ]
    np.testing.assert_array_equal(domains[0].labels.data, domains[1].labels.data)
    np.testing.assert_allclose(domains[0].factors.data, domains[1].factors.data, 1e-4)
    assert snapshot(signal)["data"] == before
    with pytest.raises(ValueError, match="negative"):
        signal.map_domains(2, print_info=False)
    again = domains[0].apply(signal, negative=negative)
    np.testing.assert_allclose(
        again.factors.data, domains[1].apply(other).factors.data, rtol=1e-4
    )


def test_the_cost_counts_the_reading_that_finds_the_lowest(make_scan):
    signal, _ = with_offset(make_scan, np.float32, True)
    costs = {
        how: hspy_cnmf.estimate_cost(signal, 2, negative=how).passes
        for how in ("refuse", "clip", "shift")
    }
    assert costs["refuse"] == costs["clip"] == costs["shift"] - 1


def test_masked_values_do_not_shift(make_scan):
    signal, _ = with_offset(make_scan, np.float32, False)
    lowest = float(signal.data.min())
    signal.data[2, 3] = -1e6
    mask = np.zeros((6, 8), bool)
    mask[2, 3] = True
    signal.decomposition(**QUICK, negative="shift", navigation_mask=mask.T)
    parameters = hspy_cnmf.get_result(signal).parameters
    assert parameters["negative"] == ["shift", lowest]


@pytest.mark.parametrize("value", ["drop", None, True, 3, ["clip"]])
def test_other_words_are_refused(make_scan, snapshot, value):
    signal, _ = with_offset(make_scan, np.float32, False)
    before = snapshot(signal)
    with pytest.raises(ValueError, match="negative must be 'refuse', 'clip' or 'shi"):
        signal.decomposition(**QUICK, negative=value)
    with pytest.raises(ValueError, match=r'negative values.*negative="clip"'):
        signal.decomposition(**QUICK)
    assert snapshot(signal) == before
