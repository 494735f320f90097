"""The call on signals of every kind: what it fills in, and what it leaves alone."""

import numpy as np
import pytest
from hyperspy.signal import BaseSignal

from hspy_cnmf import ConstrainedNMF, Result, decompose, get_result
from hspy_cnmf.constraints import AzimuthalFloor, RadialFloor
from tests.conftest import QUICK, make_components

#: Signal type, shape of the navigation and of the signal space, constraint by default.
KINDS = {
    "Diffraction2D": ("diffraction", (6, 8), (12, 10), RadialFloor),
    "ElectronDiffraction2D": ("electron_diffraction", (5, 9), (9, 14), RadialFloor),
    "PolarDiffraction2D": ("polar_diffraction", (6, 8), (8, 16), AzimuthalFloor),
    "Signal2D": ("", (6, 8), (12, 10), None),
    "Signal1D": ("", (6, 8), (40,), None),
    "line scan": ("electron_diffraction", (30,), (12, 10), RadialFloor),
    "time series": ("electron_diffraction", (3, 5, 4), (12, 10), RadialFloor),
    "spectra along a line": ("", (30,), (40,), None),
    "spectra in a volume": ("", (3, 4, 5), (40,), None),
}
LAZY = pytest.mark.parametrize("lazy", [False, True], ids=["eager", "lazy"])


@pytest.fixture(params=KINDS)
def kind(request):
    """Return one row of the table."""
    return KINDS[request.param]


def chunks_for(lazy, *shapes):
    return tuple(max(1, n // 2) for shape in shapes for n in shape) if lazy else None


@LAZY
def test_the_call_fills_learning_results(
    make_scan, snapshot, relative_difference, kind, lazy
):
    signal_type, navigation, signal, constraint = kind
    chunks = chunks_for(lazy, navigation, signal)
    scan = make_scan(navigation, signal, signal_type, chunks=chunks)
    before = snapshot(scan)
    assert scan.decomposition(**QUICK) is None
    after = snapshot(scan)
    results, result = scan.learning_results, get_result(scan)
    n_positions, n_pixels = np.prod(navigation), np.prod(signal)
    # learning results as HyperSpy has them
    assert results.factors.shape == (n_pixels, 3)
    assert results.loadings.shape == (n_positions, 3)
    assert type(results.factors) is type(results.loadings) is np.ndarray
    assert results.output_dimension == 3
    assert results.decomposition_algorithm == "constrained_nmf"
    assert results.poissonian_noise_normalized is False
    assert results.navigation_mask is None and results.signal_mask is None
    assert (results.factors >= 0).all() and (results.loadings >= 0).all()
    # laws
    np.testing.assert_allclose(results.factors.sum(axis=0), 1, rtol=1e-5)
    norms = np.linalg.norm(results.loadings, axis=0)
    assert (np.diff(norms) <= 0).all() and norms[-1] > 0
    # constraints by default
    used = str(result.parameters["factor_constraint"])
    assert used.split("(")[0] == (constraint.__name__ if constraint else "None")
    smoothing = result.parameters["loading_constraint"]
    # left out where these few positions are too unlike each other
    assert (smoothing is None) == (result.parameters["smoothing_cost"] > 1.2)
    if smoothing is not None:
        assert smoothing.startswith("GaussianSmoothing(")
        size = (1,) * len(navigation[:-2]) + (3,) * len(navigation[-2:])
        assert f"size={size}" in smoothing
    # the signal is as it was
    for part in ("class", "data", "axes", "metadata"):
        assert after[part] == before[part]
    # HyperSpy's own methods
    assert scan.get_decomposition_factors().data.shape == (3, *signal)
    assert scan.get_decomposition_loadings().data.shape == (3, *navigation)
    model = np.asarray(scan.get_decomposition_model().data)
    maps, patterns = make_components(
        navigation, signal, 3, constraint is AzimuthalFloor
    )
    expected = 2e3 * np.tensordot(maps, patterns, axes=(0, 0))
    assert relative_difference(model, expected) < 0.2


@pytest.mark.parametrize("name", ["ElectronDiffraction2D", "Signal1D", "line scan"])
@LAZY
def test_hyperspys_plots_work(make_scan, name, lazy):
    signal_type, navigation, signal, _ = KINDS[name]
    chunks = chunks_for(lazy, navigation, signal)
    scan = make_scan(navigation, signal, signal_type, chunks=chunks)
    mask = np.zeros(signal[::-1], dtype=bool)
    mask[2] = True
    scan.decomposition(**QUICK, signal_mask=mask)
    scan.plot_decomposition_results()
    scan.plot_decomposition_factors(comp_ids=2)
    scan.plot_decomposition_loadings(comp_ids=[0, 2])
    residual = scan - scan.get_decomposition_model([0, 1])
    assert residual.axes_manager.shape == scan.axes_manager.shape


@LAZY
def test_signals_go_on_working(make_scan, lazy):
    chunks = (3, 8, 12, 10) if lazy else None
    scan = make_scan(signal_type="electron_diffraction", chunks=chunks)
    scan.decomposition(**QUICK)
    result = get_result(scan)
    assert scan.inav[2, 3].data.shape == (12, 10)
    assert scan.isig[4:, 2:-4].data.shape == (6, 8, 6, 6)
    same = [scan.deepcopy(), scan.as_lazy()]
    scan.set_signal_type("diffraction")
    for other in [*same, scan]:
        np.testing.assert_array_equal(get_result(other).loadings, result.loadings)
        assert other.get_decomposition_factors().data.shape == (3, 12, 10)
        other.decomposition(**QUICK)
        np.testing.assert_allclose(
            get_result(other).loadings, result.loadings, rtol=1e-3, atol=1
        )
    scan.learning_results.crop_decomposition_dimension(2)
    assert scan.get_decomposition_loadings().data.shape == (2, 6, 8)
    assert get_result(scan).factors.shape == (2, 120)


# --- what is returned and printed --------------------------------------------


@LAZY
def test_the_result_is_returned_on_request(make_scan, lazy):
    scan = make_scan(chunks=(3, 8, 12, 10) if lazy else None)
    result = scan.decomposition(**QUICK, return_info=True)
    assert isinstance(result, Result)
    assert result.factors.shape == (3, 120) and result.loadings.shape == (3, 48)
    assert len(result.status) == len(result.n_iter) == len(result.seeds) == 2
    assert len(set(result.seeds)) == 2
    for name in ("error", "factor_change", "loading_change"):
        history = getattr(result, f"{name}_history")
        assert history.shape == (2, result.n_iter.max())
        for start, n in zip(history, result.n_iter, strict=True):
            assert np.isfinite(start[:n]).all() and np.isnan(start[n:]).all()
    last = result.error_history[np.arange(2), result.n_iter - 1]
    assert result.best == last.argmin()
    stored = get_result(scan)
    np.testing.assert_array_equal(stored.factors, result.factors)
    np.testing.assert_array_equal(stored.error_history, result.error_history)
    assert stored.status == result.status and stored.error == result.error


@LAZY
def test_the_error_is_that_of_the_model(make_scan, lazy):
    scan = make_scan(chunks=(3, 8, 12, 5) if lazy else None)
    result = scan.decomposition(**QUICK, return_info=True)
    model = np.asarray(scan.get_decomposition_model().data)
    residual = np.asarray(scan.data) - model
    assert result.error == pytest.approx((residual**2).mean(), rel=1e-4)
    assert result.square_norm == pytest.approx((np.asarray(scan.data) ** 2).sum())


def test_the_end_is_named(make_scan, caplog, capsys):
    scan = make_scan()
    scan.decomposition(**QUICK | {"max_iter": 2, "print_info": True})
    assert get_result(scan).status == ("max_iter", "max_iter")
    assert "max_iter" in caplog.text
    assert "status=max_iter" in capsys.readouterr().out
    caplog.clear()
    scan.decomposition(**QUICK | {"max_iter": 500, "tol": 1e-2})
    assert get_result(scan).status == ("converged", "converged")
    assert not caplog.records and not capsys.readouterr().out


@LAZY
def test_the_progressbar_is_drawn_on_request(make_scan, capfd, lazy):
    scan = make_scan(chunks=(3, 8, 12, 10) if lazy else None)
    scan.decomposition(**QUICK)
    quiet = capfd.readouterr()
    assert not quiet.out and not quiet.err
    scan.decomposition(**QUICK | {"max_iter": 5}, show_progressbar=True)
    drawn = capfd.readouterr()
    assert "Constrained NMF" in drawn.err and "100%" in drawn.err
    assert "Forming images" in drawn.err and not drawn.out
    assert drawn.err.count("\n") == 1


# --- the estimator as algorithm ----------------------------------------------


@LAZY
def test_an_estimator_is_an_algorithm(make_scan, lazy):
    chunks = (3, 8, 12, 10) if lazy else None
    scan = make_scan(signal_type="electron_diffraction", chunks=chunks)
    estimator = ConstrainedNMF(
        3, factor_constraint="auto", loading_constraint="auto", n_init=2, max_iter=40,
        random_state=0,
    )  # fmt: skip
    returned = scan.decomposition(
        algorithm=estimator, return_info=True, print_info=False
    )
    assert returned is estimator
    assert estimator.factor_constraint == "auto"
    assert estimator.components_.shape == (3, 120)
    assert estimator.n_iter_ == get_result(scan).n_iter[get_result(scan).best]
    factors = scan.learning_results.factors
    np.testing.assert_array_equal(estimator.components_.T, factors)
    scan.decomposition(**QUICK)
    np.testing.assert_array_equal(scan.learning_results.factors, factors)
    scan.decomposition(algorithm=estimator, output_dimension=2, print_info=False)
    assert estimator.components_.shape == (2, 120) and estimator.n_components == 3


def test_parameters_beside_an_estimator_are_not_ignored(make_scan):
    with pytest.raises(ValueError, match=r"(?s)max_iter.*ConstrainedNMF"):
        make_scan().decomposition(algorithm=ConstrainedNMF(3), max_iter=7)


def test_the_function_is_the_method(make_scan):
    scan, other = make_scan(), make_scan()
    arguments = {n: v for n, v in QUICK.items() if n != "algorithm"}
    decompose(scan, **arguments)
    other.decomposition(**QUICK)
    np.testing.assert_array_equal(
        scan.learning_results.loadings, other.learning_results.loadings
    )


def test_a_signal_without_results_says_so(make_scan):
    with pytest.raises(RuntimeError, match="constrained_nmf"):
        get_result(make_scan())


# --- data types and layouts --------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["uint8", "int16", ">u2", "uint16", "int32", "int64", "uint64", "float32"]
)
@LAZY
def test_every_real_type_gives_the_same_answer(
    make_scan, relative_difference, dtype, lazy
):
    chunks = (3, 4, 12, 10) if lazy else None
    arguments = {"counts": 150, "signal_type": "diffraction"}
    expected = make_scan(**arguments)
    assert expected.data.max() < 256
    expected.decomposition(**QUICK)
    scan = make_scan(**arguments, dtype=dtype, chunks=chunks)
    scan.decomposition(**QUICK)
    assert scan.data.dtype == np.dtype(dtype)
    model, reference = (
        s.learning_results.loadings @ s.learning_results.factors.T
        for s in (scan, expected)
    )
    assert relative_difference(model, reference) < 1e-4


def test_booleans_are_counts(make_scan):
    scan = make_scan(counts=50)
    scan.data = scan.data > 0
    scan.decomposition(**QUICK)
    loadings = scan.learning_results.loadings
    scan.data = scan.data.astype(float)
    scan.decomposition(**QUICK)
    np.testing.assert_allclose(loadings, scan.learning_results.loadings, rtol=1e-3)


@LAZY
@pytest.mark.parametrize("signal_axes", [[0], [0, 2], [1, 3], [3, 0]], ids=str)
def test_transposed_signals_are_decomposed_as_their_copies(
    make_scan, signal_axes, lazy
):
    scan = make_scan(chunks=(3, 8, 12, 5) if lazy else None)
    view = scan.transpose(signal_axes=signal_axes)
    assert lazy or view.data.base is not None
    copy = view.deepcopy()
    copy.data = np.array(copy.data) if not lazy else copy.data.copy()
    for signal in (view, copy):
        signal.decomposition(**QUICK)
    results = view.learning_results, copy.learning_results
    np.testing.assert_array_equal(results[0].factors, results[1].factors)
    assert view.get_decomposition_model().data.shape == view.data.shape


@LAZY
def test_data_need_not_be_aligned_with_the_axes(make_scan, lazy):
    straight = make_scan()
    straight.decomposition(**QUICK)
    data = np.ascontiguousarray(straight.data.transpose(2, 3, 0, 1))
    crossed = BaseSignal(data)
    if lazy:
        crossed = crossed.as_lazy()
    for axis, navigate in zip(
        crossed.axes_manager._axes, (False, False, True, True), strict=True
    ):
        axis.navigate = navigate
    assert not crossed.axes_manager.axes_are_aligned_with_data
    crossed.decomposition(**QUICK)
    np.testing.assert_allclose(
        crossed.learning_results.loadings,
        straight.learning_results.loadings,
        rtol=1e-6,
    )
    model = crossed.get_decomposition_model()
    np.testing.assert_allclose(
        np.asarray(model.data), straight.get_decomposition_model().data, rtol=1e-6
    )
    np.testing.assert_array_equal(np.asarray(crossed.data), data)
