"""Results survive saving and loading: everything that a run tells, in every format."""

import json
from dataclasses import fields

import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF, Result, get_result, plot_components
from hspy_cnmf._hyperspy.store import component_signals, gain_of_data
from hspy_cnmf.constraints import GaussianSmoothing, RadialFloor
from tests.conftest import QUICK

MASK = np.zeros((8, 6), dtype=bool)
MASK[2:4, 1] = True

RUNS = {
    "automatic": {},
    "masked and normalised": {
        "navigation_mask": MASK,
        "signal_mask": hs.signals.Signal2D(np.eye(12, 10, dtype=bool)),
        "normalize_poissonian_noise": True,
    },
    "objects": {
        "factor_constraint": RadialFloor(center=(5.0, 4.5), affine=np.diag([1.1, 1.0])),
        "loading_constraint": GaussianSmoothing(fwhm=(1.0, 2.0)),
        "compression": 7,
        "init": np.random.default_rng(0).random((3, 6, 8)),
        "random_state": np.random.default_rng(5),
    },
    "callables": {
        "factor_constraint": lambda images: images,
        "loading_constraint": np.abs,
        "random_state": None,
        "max_iter": 1,
    },
}


def assert_equal_results(one, other):
    for field in fields(Result):
        first, second = getattr(one, field.name), getattr(other, field.name)
        assert type(first) is type(second), field.name
        if isinstance(first, np.ndarray):
            assert first.dtype == second.dtype, field.name
            np.testing.assert_array_equal(first, second, err_msg=field.name)
        else:
            assert first == second, field.name


@pytest.fixture(params=RUNS)
def analysed(request, make_scan):
    """Return a decomposed signal."""
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK | RUNS[request.param])
    return scan


@pytest.mark.parametrize("lazy", [False, True], ids=["eager", "lazy"])
@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_signals_keep_their_results(analysed, tmp_path, extension, lazy):
    before = get_result(analysed)
    analysed.save(tmp_path / f"scan.{extension}")
    loaded = hs.load(tmp_path / f"scan.{extension}", lazy=lazy)
    assert loaded._lazy is lazy
    assert_equal_results(get_result(loaded), before)
    results, expected = loaded.learning_results, vars(analysed.learning_results)
    for name in ("navigation_mask", "signal_mask", "factors", "loadings"):
        if expected[name] is None:
            assert getattr(results, name) is None
        else:
            np.testing.assert_array_equal(getattr(results, name), expected[name])
    assert results.decomposition_algorithm == "constrained_nmf"
    model = np.asarray(loaded.get_decomposition_model().data)
    expected = analysed.get_decomposition_model().data
    np.testing.assert_allclose(model, expected, rtol=1e-12)
    if not lazy:  # HyperSpy 2.5 cannot, whatever the algorithm.
        loaded.plot_decomposition_loadings(comp_ids=[0])
    # and once more, now from what was loaded
    loaded.save(tmp_path / f"again.{extension}")
    again = hs.load(tmp_path / f"again.{extension}")
    assert_equal_results(get_result(again), before)


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_lazy_signals_are_saved_with_their_results(make_scan, tmp_path, extension):
    scan = make_scan(chunks=(3, 4, 12, 10))
    scan.decomposition(**QUICK)
    scan.save(tmp_path / f"scan.{extension}")
    loaded = hs.load(tmp_path / f"scan.{extension}", lazy=True)
    assert_equal_results(get_result(loaded), get_result(scan))
    loaded.decomposition(**QUICK)
    np.testing.assert_allclose(
        loaded.learning_results.loadings, scan.learning_results.loadings, rtol=1e-6
    )


def test_learning_results_are_saved_by_themselves(analysed, make_scan, tmp_path):
    analysed.learning_results.save(tmp_path / "results.npz", overwrite=True)
    other = make_scan(signal_type="electron_diffraction")
    other.learning_results.load(tmp_path / "results.npz")
    assert_equal_results(get_result(other), get_result(analysed))
    factors = other.get_decomposition_factors().data
    np.testing.assert_array_equal(factors, analysed.get_decomposition_factors().data)


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_a_later_decomposition_leaves_nothing_in_the_file(
    make_scan, tmp_path, extension
):
    scan = make_scan()
    scan.decomposition(**QUICK)
    scan.decomposition(print_info=False)
    scan.save(tmp_path / f"scan.{extension}")
    names = vars(hs.load(tmp_path / f"scan.{extension}").learning_results)
    assert not [name for name in names if name.startswith("constrained_nmf")]


def test_every_parameter_is_told(analysed):
    result = get_result(analysed)
    assert set(ConstrainedNMF().get_params()) < set(result.parameters)
    assert {"hspy_cnmf", "compression_rank"} < set(result.parameters)
    assert result.parameters["n_components"] == 3
    assert result.parameters["tol"] == 1e-4
    # Plain text, readable without this package.
    run = json.loads(analysed.learning_results.constrained_nmf_run)
    assert run["parameters"] == result.parameters
    assert run["status"] == list(result.status)
    assert f"{result.n_iter[result.best]} iterations" in result.summary()


def test_results_are_copied_with_the_signal(analysed):
    copy = analysed.deepcopy()
    before = get_result(copy)
    analysed.decomposition(**QUICK | {"output_dimension": 2})
    assert_equal_results(get_result(copy), before)


# --- results of a signal that has changed since ------------------------------


def cropped(scan):
    scan.crop(0, 1, 7)
    return scan


def cropped_pattern(scan):
    scan.crop(2, 1, 9)
    return scan


def rebinned(scan):
    results = scan.learning_results
    scan = scan.rebin(scale=(2, 2, 1, 1))
    scan.learning_results = results
    return scan


def transposed(scan):
    results = scan.learning_results
    scan = scan.transpose(navigation_axes=(1, 0), signal_axes=(2, 3))
    scan.learning_results = results
    return scan


READERS = (
    get_result,
    plot_components,
    lambda scan: scan.get_decomposition_residual(),
    lambda scan: scan.get_component_fractions(),
    lambda scan: scan.check_components(),
    lambda scan: scan.cluster_diffraction(),
)


@pytest.mark.parametrize("change", [cropped, cropped_pattern, rebinned, transposed])
def test_all_explain_alike_that_results_no_longer_fit(make_scan, change):
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK)
    scan = change(scan)
    messages = set()
    for read in READERS:
        with pytest.raises(ValueError, match="cropped, rebinned or transposed") as info:
            read(scan)
        messages.add(str(info.value))
    assert len(messages) == 1


@pytest.mark.parametrize("normalized", [False, True])
def test_factors_know_the_gain_of_the_data(make_scan, normalized):
    """Counts have 1, also where pixels see none; factors that were given, none."""
    scan = make_scan(signal_type="electron_diffraction")
    scan.data[..., :4] = 0
    run = QUICK | {"normalize_poissonian_noise": normalized}
    scan.decomposition(**run)
    factors, _ = component_signals(scan)
    assert gain_of_data(factors) == pytest.approx(1, abs=0.1)
    again = scan.deepcopy()
    again.decomposition(**run, fixed_factors=factors)
    assert gain_of_data(component_signals(again)[0]) is None
    scan.data = scan.data * 3
    scan.decomposition(**run)
    assert gain_of_data(component_signals(scan)[0]) == pytest.approx(3, abs=0.3)
