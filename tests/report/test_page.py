"""The file of the report: text of others in it, where it goes, what is refused."""

import matplotlib.pyplot as plt
import pytest

from hspy_cnmf import write_report
from tests.conftest import QUICK
from tests.helpers.report_page import Page


@pytest.fixture(scope="module")
def decomposed(make_scan):
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK)
    return scan


@pytest.fixture
def scan(decomposed):
    """Return a decomposed scan of one's own."""
    return decomposed.deepcopy()


# --- text that others give ---------------------------------------------------


@pytest.mark.parametrize(
    "title",
    ['<script src="x">&amp;', "a $ b_ {$ \\c", "Größe 'µm' \"≤\"", "</title></h1>"],
)
def test_titles_are_text(scan, tmp_path, title):
    scan.metadata.General.title = title
    scan.metadata.set_item("Acquisition_instrument.TEM.microscope", "<b>M&M</b>")
    scan.axes_manager[0].name = "<i>"
    path = write_report(scan, tmp_path / "report.html", notes=["1 < 2 & 3"])
    page = Page(path)
    assert page.texts["h1"] == page.texts["title"] == title
    assert ["TEM microscope", "<b>M&M</b>"] in page.table("Acquisition")
    assert page.table("Axes")[0][0] == "<i>"
    assert "1 < 2 & 3" in page.texts["p"]
    assert not {"script", "b", "i"} & {tag for tag, _ in page.tags}


def test_a_title_can_be_given(scan, tmp_path):
    path = write_report(scan, tmp_path / "report.html", title="Alloy <7>")
    assert Page(path).texts["h1"] == "Alloy <7>"


# --- the file, and the signal ------------------------------------------------


def test_the_signal_stays_as_it_is(scan, tmp_path, snapshot):
    scan.get_decomposition_residual()
    before, style = snapshot(scan), plt.rcParams.copy()
    figures = plt.get_fignums()
    write_report(scan, tmp_path / "report.html")
    after = snapshot(scan)
    assert before.pop("metadata").keys() == after.pop("metadata").keys()
    assert before == after
    assert plt.rcParams == style and plt.get_fignums() == figures


def test_a_report_is_there_whole_or_not_at_all(scan, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("earlier")

    def no_space(_):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        write_report(scan, path)
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    write_report(scan, str(path))
    assert path.read_text().startswith("<!DOCTYPE html>")


def test_signals_without_a_decomposition_are_refused(make_scan, tmp_path):
    scan = make_scan()
    with pytest.raises(RuntimeError, match="no constrained NMF: run"):
        write_report(scan, tmp_path / "report.html")
    scan.decomposition(algorithm="SVD", print_info=False)
    with pytest.raises(RuntimeError, match="no constrained NMF: run"):
        write_report(scan, tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


def test_what_is_no_place_for_a_file_is_refused(scan, tmp_path):
    with pytest.raises(ValueError, match="There is no folder"):
        write_report(scan, tmp_path / "missing" / "report.html")
    with pytest.raises(ValueError, match="is a folder"):
        write_report(scan, tmp_path)
    assert not list(tmp_path.iterdir())
