"""The report: one page that needs nothing else and says what the signal says."""

import re

import hyperspy.api as hs
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf import (
    get_bands,
    get_clusters,
    get_component_check,
    get_fractions,
    get_residual,
    get_result,
    get_scan,
    write_report,
)
from tests.conftest import QUICK
from tests.helpers.layout import leave_axes
from tests.helpers.report_page import Page, images
from tests.selection.test_scan import SHORT


def agrees(rows, table):
    """Assert that a table of a page holds the values of another."""
    assert len(rows) == len(table) > 0
    for row, values in zip(rows, table.tolist(), strict=True):
        for text, value in zip(row, values, strict=True):
            if isinstance(value, bool):
                assert text == ("yes" if value else "no")
            elif isinstance(value, float) and np.isnan(value):
                assert text == "–"
            elif isinstance(value, float):
                assert float(text) == pytest.approx(value, rel=5e-4)
            else:
                assert text == str(value)


@pytest.fixture(scope="module")
def decomposed(make_scan):
    """Return a function that makes a decomposed scan."""

    def make(signal_type="electron_diffraction", **arguments):
        scan = make_scan(signal_type=signal_type, **arguments)
        scan.metadata.General.title = "Scan"
        scan.decomposition(**QUICK)
        return scan

    return make


@pytest.fixture(scope="module")
def full(decomposed, tmp_path_factory):
    """Return a scan with everything that there can be, and its report."""
    scan = decomposed(signal=(24, 22))
    scan.scan_output_dimension([2, 3, 4], **SHORT)
    scan.cluster_diffraction(n_clusters=2, print_info=False)
    scan.get_decomposition_residual(significance=0.2)
    scan.check_components()
    scan.get_component_fractions()
    scan.get_solution_bands()
    path = tmp_path_factory.mktemp("report") / "report.html"
    with pytest.MonkeyPatch.context() as patch:
        leave_axes(patch)  # as in the tests that compare with it
        assert write_report(scan, path) == path
    return scan, Page(path)


# --- the page ----------------------------------------------------------------


def test_all_that_there_is_is_shown(full):
    scan, page = full
    assert page.names == [
        "summary",
        "data",
        "scan",
        "components",
        "groups",
        "residuals",
        "restarts",
        "check",
        "overlap",
        "bands",
        "parameters",
    ]
    links = [link["href"] for link in page.all("a")]
    assert links == [f"#{name}" for name in page.names[1:]]
    assert page.texts["h1"] == page.texts["title"] == "Scan"
    assert get_scan(scan).reason in page.texts["dd"]
    assert f"{get_residual(scan).n_flagged} of 48" in page.texts["dd"]


def test_images_are_embedded_described_and_not_blank(full):
    _, page = full
    found = images(page)
    assert len(found) == len(page.all("figcaption")) == 9
    assert all(len(attributes["alt"]) > 20 for attributes in page.all("img"))
    for image in found:
        assert image[..., :3].std() > 0.02


def test_nothing_is_loaded(full):
    _, page = full
    for _, attributes in page.tags:
        for name in ("src", "href", "data", "action", "srcset", "poster"):
            value = attributes.get(name, "#")
            assert value.startswith(("#", "data:image/png;base64,"))
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base"}
    assert not re.search(r"url\(|@import|https?:", page.texts["style"])
    assert not [text for text in page.texts.values() if "http" in text]


def test_numbers_are_those_of_the_signal(full):
    scan, page = full
    result, clusters = get_result(scan), get_clusters(scan)
    agrees(page.table("The curves"), get_scan(scan).table())
    agrees(page.table("Check of each component"), get_component_check(scan).table)
    overlap = get_fractions(scan).table()
    overlap = overlap[np.argsort(-overlap["n_positions"], kind="stable")]
    agrees(page.table("Pairs"), overlap[overlap["n_positions"] > 0])
    of_fractions = np.array(page.table("Each component: at"), dtype=float)
    agrees(page.table("Each component: its share"), get_bands(scan).table)
    present = get_fractions(scan).present().sum(axis=1)
    np.testing.assert_array_equal(of_fractions[:, 1], present)
    assert of_fractions[:, 2].sum() == pytest.approx(1, abs=1e-3)
    uncertainty = get_fractions(scan).uncertainty.data
    assert of_fractions[:, 4].max() == pytest.approx(uncertainty.max(), rel=5e-4)
    counts = [float(row[1]) for row in page.table("Counts")]
    np.testing.assert_allclose(counts, result.loadings.sum(axis=1), rtol=5e-4)
    shares = [float(row[2]) for row in page.table("Counts")]
    assert sum(shares) == pytest.approx(100, rel=1e-3)
    again = np.array(page.table("How many"), dtype=float)
    np.testing.assert_allclose(again[:, 1], 100 * result.found_again, rtol=5e-4)
    np.testing.assert_allclose(again[:, 2], result.median_agreement, rtol=5e-4)
    starts = page.table("Starts")
    assert [int(row[1]) for row in starts] == result.seeds.tolist()
    assert [int(row[2]) for row in starts] == result.n_iter.tolist()
    for group, row in enumerate(page.table("Members")):
        assert row[1] == ", ".join(map(str, clusters.members(group)))
    assert (f"{result.error:.6g}") in page.texts["dd"]


def test_flagged_positions_are_those_of_the_residual(full):
    scan, page = full
    residual = get_residual(scan)
    rows = page.table("Flagged")
    assert len(rows) == min(residual.n_flagged, 20) > 2
    probabilities = [float(row[-1]) for row in rows]
    assert probabilities == sorted(probabilities)
    for row in rows:
        x, y = int(row[0]), int(row[2])
        assert residual.flagged.data[y, x]
        for text, name in ((row[-2], "chi_square"), (row[-1], "probability")):
            value = getattr(residual, name).data[y, x]
            assert float(text) == pytest.approx(value, rel=5e-4)


@pytest.mark.parametrize("name", [None, "x"], ids=["without names", "same names"])
def test_axes_whose_names_do_not_tell_them_apart(make_scan, tmp_path, name):
    scan = make_scan()
    for axis in scan.axes_manager.navigation_axes if name else ():
        axis.name = name
    scan.decomposition(**QUICK)
    residual = scan.get_decomposition_residual(significance=0.5)
    page = Page(write_report(scan, tmp_path / "report.html"))
    assert [row[0] for row in page.table("Axes")[:2]] == [name or "unnamed"] * 2
    for x, _, y, *_ in page.table("Flagged"):
        assert residual.flagged.data[int(y), int(x)]


def test_parameters_and_versions_are_told(full):
    _, page = full
    parameters = dict(page.table("Factorisation: parameters"))
    assert parameters["n_components"] == "3"
    assert parameters["random_state"] == "0"
    assert dict(page.table("Residuals: parameters"))["significance"] == "0.2"
    versions = dict(page.table("Versions"))
    assert versions["hyperspy"] == hs.__version__
    assert versions["numpy"] == np.__version__
    assert versions["hspy-cnmf"] == hspy_cnmf.__version__
    assert {"pyxem", "scipy", "dask", "Python"} < set(versions)


def test_axes_and_masks_are_told(make_scan, tmp_path):
    scan = make_scan(signal_type="electron_diffraction")
    scan.axes_manager[0].units = "nm"
    scan.axes_manager.signal_axes[0].units = "nm$^{-1}$"
    scan.set_experimental_parameters(beam_energy=200)
    mask = np.zeros((12, 10), dtype=bool)
    mask[:3] = True
    scan.decomposition(**QUICK, signal_mask=mask)
    page = Page(write_report(scan, tmp_path / "report.html"))
    axes = page.table("Axes")
    assert [row[2] for row in axes] == ["8", "6", "10", "12"]
    assert [row[-1] for row in axes] == ["nm", "px", "nm⁻¹", "1/nm"]
    assert page.table("What took part")[1] == ["pixels", "90", "30", "120"]
    assert ["TEM beam energy", "200"] in page.table("Acquisition")


# --- what there is not -------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"signal": (40,), "signal_type": ""},
        {"signal_type": "polar_diffraction"},
        {"signal_type": ""},
        {"navigation": (24,)},
        {"navigation": (2, 4, 5)},
        {"chunks": (3, 4, 12, 10)},
    ],
    ids=["spectra", "polar", "images", "line scan", "series", "lazy"],
)
def test_signals_of_every_kind(decomposed, tmp_path, arguments):
    scan = decomposed(**arguments)
    first = Page(write_report(scan, tmp_path / "report.html"))
    assert first.names == ["summary", "data", "components", "restarts", "parameters"]
    scan.get_decomposition_residual(significance=0.3)
    second = Page(write_report(scan, tmp_path / "report.html"))
    assert set(second.names) - set(first.names) == {"residuals"}
    assert len(images(second)) == len(images(first)) + 1
    assert scan._lazy == ("chunks" in arguments)


@pytest.mark.parametrize("lazy", [False, True], ids=["eager", "lazy"])
def test_the_report_of_a_loaded_signal_is_the_same(full, tmp_path, lazy):
    scan, page = full
    scan.save(tmp_path / "scan.zspy")
    loaded = hs.load(tmp_path / "scan.zspy", lazy=lazy)
    other = Page(write_report(loaded, tmp_path / "other.html"))
    for caption, rows in page.tables.items():
        assert other.tables[caption] == rows
    for one, image in zip(images(page), images(other), strict=True):
        np.testing.assert_array_equal(one, image)
    assert loaded._lazy == lazy


def test_polar_patterns_are_grouped_and_checked(decomposed, tmp_path):
    scan = decomposed("polar_diffraction", signal=(14, 24))
    scan.cluster_diffraction(n_clusters=2, print_info=False)
    scan.check_components()
    page = Page(write_report(scan, tmp_path / "report.html"))
    assert {"groups", "check"} < set(page.names)
    agrees(page.table("Check of each component"), get_component_check(scan).table)
    assert "Lattice distances: " in page.texts["p"]


def test_a_single_start_and_component(make_scan, tmp_path):
    scan = make_scan()
    scan.decomposition(**QUICK | {"n_init": 1, "output_dimension": 1})
    page = Page(write_report(scan, tmp_path / "report.html"))
    assert "one start only" in page.texts["dd"]
    assert [row[0] for row in page.table("Counts")] == ["0"]


def test_empty_components_are_left_out(make_scan, tmp_path):
    scan = make_scan((12, 12), signal_type="electron_diffraction")
    scan.decomposition(**QUICK | {"output_dimension": 6, "max_iter": 100})
    n_found = get_result(scan).n_found
    assert n_found < 6
    scan.check_components()
    page = Page(write_report(scan, tmp_path / "report.html"))
    assert f"Not shown: {6 - n_found}" in page.texts["dd"]
    for start in ("Counts", "How many", "Check of each"):
        assert len(page.table(start)) == n_found
