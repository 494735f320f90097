"""HyperSpy's own methods on learning results work after ours, or refuse in words."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hyperspy.signal import BaseSignal

import hspy_cnmf
from hspy_cnmf.methods import METHODS
from tests.conftest import QUICK

FOUND = {"output_dimension": 5, "prune": True}


def masks():
    """Return masks of the fixture's scan, in HyperSpy's orders."""
    signal_mask = np.zeros((12, 10), bool)
    signal_mask[:2, :3] = True
    navigation_mask = np.zeros((8, 6), bool)
    navigation_mask[0, 0] = True
    return {"signal_mask": signal_mask, "navigation_mask": navigation_mask}


CASES = {
    "eager": (None, {}),
    "eager, masked, pruned": (None, FOUND | masks()),
    "lazy, masked, pruned": ((3, 4, 12, 10), FOUND | masks()),
}


@pytest.fixture(scope="module", params=CASES)
def decomposed(request, make_scan):
    chunks, arguments = CASES[request.param]
    scan = make_scan(signal_type="electron_diffraction", chunks=chunks)
    scan.decomposition(**QUICK | arguments)
    return scan


@pytest.fixture
def scan(decomposed):
    """A signal whose results may be changed, and are put back."""
    results = decomposed.learning_results
    before = dict(vars(results))
    for name in ("factors", "loadings"):
        setattr(results, name, before[name].copy())
    yield decomposed
    vars(results).clear()
    vars(results).update(before)


def model_of(scan):
    results = scan.learning_results
    return results.factors @ results.loadings.T


CLUSTERED = {"cluster_source": "decomposition"}
EXPORT = {"multiple_files": False, "factor_format": "hspy", "loading_format": "hspy"}

#: HyperSpy's methods on learning results that work after ours, with arguments, by what
#: has to come before.
WORKING = {
    "": {
        "blind_source_separation": {"number_of_components": 2},
        "cluster_analysis": CLUSTERED | {"n_clusters": 2},
        "estimate_number_of_clusters": CLUSTERED | {"max_clusters": 3},
        "export_decomposition_results": EXPORT,
        "get_decomposition_factors": {},
        "get_decomposition_loadings": {},
        "get_decomposition_model": {"components": 2},
        "normalize_decomposition_components": {},
        "plot_decomposition_factors": {},
        "plot_decomposition_loadings": {},
        "plot_decomposition_results": {},
        "reverse_decomposition_component": {"component_number": 0},
        "undo_treatments": {},
    },
    "blind_source_separation": {
        "export_bss_results": EXPORT,
        "get_bss_factors": {},
        "get_bss_loadings": {},
        "get_bss_model": {"components": 1},
        "normalize_bss_components": {},
        "plot_bss_factors": {},
        "plot_bss_loadings": {},
        "plot_bss_results": {},
        "reverse_bss_component": {"component_number": 0},
    },
    "cluster_analysis": {
        "get_cluster_distances": {},
        "get_cluster_labels": {},
        "get_cluster_signals": {},
        "plot_cluster_distances": {},
        "plot_cluster_labels": {},
        "plot_cluster_results": {},
        "plot_cluster_signals": {},
    },
    "estimate_number_of_clusters": {"plot_cluster_metric": {}},
}

#: Those that refuse, in words.
REFUSING = {
    "estimate_elbow_position",
    "get_explained_variance_ratio",
    "get_scree_plot_data",
    "plot_cumulative_explained_variance_ratio",
    "plot_cumulative_scree_plot",
    "plot_explained_variance_ratio",
    "plot_scree_plot",
}

CALLS = [(before, name) for before, methods in WORKING.items() for name in methods]


def test_no_method_of_hyperspy_is_left_out():
    words = "decomposition|bss|blind_source|cluster|scree|variance_ratio|elbow|undo_t"
    ours = {"decomposition", *(method.name for method in METHODS)}
    theirs = {n for n in dir(BaseSignal) if re.search(words, n) and n[0] != "_"} - ours
    assert theirs <= REFUSING | {"export_cluster_results"} | {n for _, n in CALLS}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("decomposed", list(CASES)[-1:], indirect=True)
@pytest.mark.parametrize(("before", "name"), CALLS)
def test_methods_work_and_leave_the_data(scan, before, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if before:
        getattr(scan, before)(**WORKING[""][before])
    data = np.array(scan.data)
    getattr(scan, name)(**WORKING[before][name])
    np.testing.assert_array_equal(scan.data, data)
    plt.close("all")


@pytest.mark.filterwarnings("ignore")
def test_clusters_are_exported_or_the_other_way_is_named(scan, tmp_path):
    scan.cluster_analysis(**WORKING[""]["cluster_analysis"])
    try:
        scan.export_cluster_results(folder=tmp_path)
    except AttributeError as error:
        assert "get_cluster_signals().save" in str(error)


@pytest.mark.filterwarnings("ignore")
def test_undoing_after_another_decomposition_is_hyperspys(make_scan):
    with pytest.raises(AttributeError, match="Unable to undo"):
        make_scan().undo_treatments()


@pytest.mark.parametrize("function", [np.sum, np.max])
@pytest.mark.parametrize("target", ["factors", "loadings"])
def test_normalising_keeps_the_model_and_what_is_masked(scan, target, function):
    before = model_of(scan)
    n_found = hspy_cnmf.get_result(scan).n_found
    scan.normalize_decomposition_components(target=target, function=function)
    np.testing.assert_allclose(model_of(scan), before, rtol=1e-9)
    values = getattr(scan.learning_results, target)
    sizes = function(values[np.isfinite(values).all(axis=1)], axis=0)
    np.testing.assert_allclose(sizes[:n_found], 1)
    result = hspy_cnmf.get_result(scan)
    assert result.n_found == n_found
    assert "NaN" not in result.summary()
    hspy_cnmf.plot_components(scan)


def test_a_target_that_is_none_is_hyperspys_error(scan):
    with pytest.raises(ValueError, match="target must be"):
        scan.normalize_decomposition_components(target="nothing")


def test_numbers_that_masks_made_nan_are_named(scan):
    results = scan.learning_results
    results.factors[:] = np.nan
    for ask in (hspy_cnmf.get_result, hspy_cnmf.plot_components):
        with pytest.raises(ValueError, match=r"All factors .* NaN.*decompose again"):
            ask(scan)


def test_components_that_became_nan_are_not_called_empty(scan):
    scan.learning_results.loadings[:, 1] = np.nan
    assert "loadings 1 hold NaN only" in hspy_cnmf.get_result(scan).summary()


def test_reversed_and_cropped_components_are_told(scan):
    summary = hspy_cnmf.get_result(scan).summary()
    scan.reverse_decomposition_component(0)
    assert "factors 0 are negative" in hspy_cnmf.get_result(scan).summary()
    scan.reverse_decomposition_component(0)
    assert hspy_cnmf.get_result(scan).summary() == summary
    n = scan.learning_results.factors.shape[1]
    scan.learning_results.crop_decomposition_dimension(2)
    assert f"2 of {n} components were kept" in hspy_cnmf.get_result(scan).summary()
    hspy_cnmf.plot_components(scan)


@pytest.mark.filterwarnings("ignore")
def test_separation_and_clusters_leave_out_what_is_masked(scan):
    scan.blind_source_separation(2, print_info=False)
    assert scan.learning_results.bss_factors.shape[1] == 2
    scan.cluster_analysis("decomposition", n_clusters=2)
    assert scan.learning_results.number_of_clusters == 2
    assert scan.estimate_number_of_clusters("decomposition", max_clusters=3) >= 1


def test_the_model_of_some_components_is_their_sum(scan):
    some = scan.get_decomposition_model([0, 2])
    if some._lazy:
        some.compute()
    results = scan.learning_results
    expected = results.loadings[:, [0, 2]] @ results.factors[:, [0, 2]].T
    np.testing.assert_allclose(some.data.reshape(expected.shape), expected)


def test_components_are_exported_or_the_other_way_is_named(scan, tmp_path):
    formats = {"factor_format": "hspy", "loading_format": "hspy"}
    scan.export_decomposition_results(folder=tmp_path, multiple_files=False, **formats)
    assert list(tmp_path.iterdir())
    try:
        scan.export_decomposition_results(folder=tmp_path, **formats)
    except TypeError as error:
        assert "multiple_files=False" in str(error)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(REFUSING))
def test_explained_variance_is_refused_with_what_to_do(scan, name):
    with pytest.raises(AttributeError, match=r"not orthogonal.*scan_output_dimension"):
        getattr(scan, name)()


def test_the_elbow_of_given_values_is_hyperspys(scan):
    values = np.array([10, 5, 1, 0.5, 0.4, 0.3])
    original = type(scan).estimate_elbow_position._hspy_cnmf_original
    assert scan.estimate_elbow_position(values) == original(scan, values)


@pytest.mark.filterwarnings("ignore")
def test_after_a_scan_the_scree_plot_is_that_of_the_scan(make_scan):
    scan = make_scan()
    found = scan.scan_output_dimension(range(2, 5), n_init=1, held_out=False)
    _, given = plt.subplots()
    for decompose in (False, True):
        if decompose:
            scan.decomposition(**QUICK)
        assert scan.plot_scree_plot(ax=given) is given
        ax = scan.plot_explained_variance_ratio()
        shown = next(line for line in ax.lines if line.get_label().startswith("NMF"))
        np.testing.assert_array_equal(shown.get_xdata(), [2, 3, 4])
        np.testing.assert_array_equal(shown.get_ydata(), found.error.data)
    with pytest.raises(AttributeError, match=f"suggests {found.suggested}"):
        scan.get_scree_plot_data()
    scan.decomposition(algorithm="SVD", print_info=False)
    assert scan.plot_scree_plot() is not None
    assert scan.get_scree_plot_data().data.ndim == 1
