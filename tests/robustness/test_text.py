"""Titles, names and units from files, of any kind: never markup, and never an error."""

import csv
import warnings

import matplotlib.pyplot as plt
import pytest

import hspy_cnmf
from tests.conftest import QUICK
from tests.helpers.command_line import run
from tests.helpers.report_page import Page

#: What TeX, mathtext, HTML, a terminal, a spreadsheet or an encoder may stumble over.
TEXTS = {
    "TeX": "$\\frac{1}{$ \\input{x} %&#~^_ $\\micro$m",
    "HTML": "</title><script>alert(1)</script><b>&amp;\"'",
    "no Unicode": "x\udcff\ud800y",
    "long": "long " * 4000,
    "control": "a\x1b[31mred\x07\x00\r\nb\u2028c",
    "formula": "=cmd|' /C calc'!A0",
    "direction": "abc\u202egnp.exe\u2066\u200f",
    "underscore": "_x",
}
ALL = "".join(TEXTS[name] for name in ("formula", *TEXTS))

#: Characters that must be left in no output.
COMMANDS = {*"\x1b\x07\x00\r\u2028\u202e\u2066\u200f\udcff\ud800"}


@pytest.fixture(scope="module", params=["underscore", ALL], ids=["underscore", "all"])
def analysed(request):
    """A signal, and a phase, in which all texts are of some kind."""
    text = TEXTS.get(request.param, request.param)
    signal = make_signal(text)
    signal.decomposition(**QUICK | {"max_iter": 15})
    signal.cluster_diffraction(n_clusters=2, print_info=False)
    phases = [hspy_cnmf.data.crystal_phase(name) for name in ("Ag", "Si")]
    phases[0].name = text
    signal.identify_phases(phases)
    signal.get_decomposition_residual(gain=1)
    signal.check_components()
    signal.scan_output_dimension([2, 3], n_init=2, max_iter=5, print_info=False)
    signal.map_domains(2, n_repeats=2, max_rounds=1, print_info=False)
    return signal


def make_signal(text):
    signal = hspy_cnmf.data.kinematic_silver_twins(
        (9, 10), detector_shape=(48, 48), random_state=0
    )
    signal.metadata.General.title = text
    for axis in signal.axes_manager._axes:
        axis.name = text + axis.name
    for axis in signal.axes_manager.navigation_axes:
        axis.units = text
    return signal


def results(signal):
    yield hspy_cnmf.get_clusters(signal)
    yield hspy_cnmf.get_phases(signal)
    yield hspy_cnmf.get_residual(signal)
    yield hspy_cnmf.get_component_check(signal)
    yield hspy_cnmf.get_scan(signal)
    yield hspy_cnmf.get_domains(signal)


def test_figures_are_drawn(analysed, tmp_path):
    clusters = hspy_cnmf.get_clusters(analysed)
    dendrogram = clusters.dendrogram.deepcopy()
    dendrogram.metadata.General.title = analysed.metadata.General.title
    dendrogram.metadata.Dendrogram.height_name = analysed.metadata.General.title
    for draw in (
        *(result.plot for result in results(analysed) if hasattr(result, "plot")),
        dendrogram.plot,
        clusters.explore,
        analysed.plot_components,
        analysed.explore_components,
    ):
        with warnings.catch_warnings():
            # Labels that are not shown are warned of.
            warnings.simplefilter("error", UserWarning)
            warnings.filterwarnings("ignore", "Glyph .* missing")
            draw()
            plt.gcf().savefig(tmp_path / "figure.svg")
        plt.close("all")


def test_tables_and_words_are_plain(analysed, tmp_path):
    for result in results(analysed):
        words, page = result.summary() + repr(result), result._repr_html_()
        table = getattr(result, "table", None)
        if table is not None and not callable(table):
            words, page = words + str(table), page + table._repr_html_()
            table.save(tmp_path / "table.csv")
            check_cells(tmp_path / "table.csv")
        assert not COMMANDS & set(words + page) and "<script>alert" not in page


def check_cells(path):
    """No cell of a file is a formula."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            cells = [cell for cell in row if not is_number(cell)]
            assert not [c for c in cells if c.startswith(("=", "+", "-", "@"))]


def is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_reports_hold_them_as_text(analysed, tmp_path):
    path = tmp_path / "report.html"
    hspy_cnmf.write_report(analysed, path, notes=[analysed.metadata.General.title])
    page = path.read_bytes().decode("utf-8")
    assert not (COMMANDS - {"\r"}) & set(page) and "<script>alert" not in page
    assert {"data", "components"} < set(Page(path).names)


def test_series_have_names_that_can_be_printed(capsys):
    text = TEXTS["control"] + TEXTS["no Unicode"]
    scans = [make_signal(text) for _ in range(2)]  # units have to be the same
    scans[1].metadata.General.title += "b"
    evolution = hspy_cnmf.decompose_series(
        scans, 2, n_init=1, max_iter=5, random_state=0
    )
    printed = capsys.readouterr().out + evolution.summary()
    assert not COMMANDS & set(printed)


@pytest.mark.parametrize("name", ["HTML", "long", "control", "direction"])
def test_the_command_says_and_writes_them(name, tmp_path, capsys):
    text = TEXTS[name].replace("\x00", "")  # not in any HDF5 file
    make_signal(text).save(tmp_path / "scan.hspy")
    output = tmp_path / "results"
    arguments = ("--components", 2, "--restarts", 1, "--iterations", 3, "--no-mask")
    arguments += ("--no-verification", "--no-clustering", "--output", output)
    assert run(tmp_path / "scan.hspy", *arguments) == 0
    assert not COMMANDS & set(capsys.readouterr().out)
    assert "<script>alert" not in (output / "report.html").read_text("utf-8")
