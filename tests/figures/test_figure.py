"""How notebooks show figures, what they leave out, and text of others in them."""

import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from pyxem.signals import ElectronDiffraction2D

import hspy_cnmf
from hspy_cnmf.figures.figure import new_figure
from tests.conftest import QUICK

NASTY = ("$\\micro$m", "a $ b_ {$ \\c %&#", "\udcff\ud800", "<b>" * 400, "$x^{-1}$")


CELL = """
from hspy_cnmf.figures.figure import new_figure, without_tex

@without_tex
def draw():
    figure = new_figure("Components", figsize=(1, 1))
    figure.subplots()
    return figure

figure = draw()
"""
OTHERS = "import matplotlib.pyplot as plt; plt.plot([1, 2]);"


def test_a_notebook_shows_a_figure_once(monkeypatch):
    """Returned or not, the first one or not, and again where it is asked for."""
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel's own: inline
    cells = [CELL + last for last in ("figure", "", "figure;", "print(1)")]
    cells += ["figure", OTHERS, "plt.ioff()", CELL + "figure"]
    (pictures,) = numbers_shown(cells, "image/png")
    assert pictures == [1, 1, 1, 1, 1, 1, 0, 1]


def test_a_notebook_shows_a_widget_once(monkeypatch):
    """As with ipympl, of whose figures IPython has a way of its own."""
    monkeypatch.delenv("MPLBACKEND", raising=False)
    cells = [CELL + last for last in ("", "figure", "figure;")]
    cells = ["%matplotlib nbagg", *cells, "figure"]
    widgets, pictures = numbers_shown(cells, "application/javascript", "image/png")
    assert widgets == [0, 1, 1, 1, 0]
    assert pictures == [0, 0, 0, 0, 1]


def numbers_shown(cells, *kinds):
    """Run cells, and return for each kind how much of it each shows."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [[o.get("data", {}) for o in cell.outputs] for cell in notebook.cells]
    return [[sum(kind in data for data in cell) for cell in shown] for kind in kinds]


def test_all_figures_are_made_in_one_place():
    """So that all have names, and are shown once."""
    package = Path(hspy_cnmf.__file__).parent
    making = re.compile(r"plt\.(figure|subplots|subplot_mosaic)\(")
    found = [p.name for p in package.rglob("*.py") if making.search(p.read_text())]
    assert found == ["figure.py"]


def test_figures_have_names():
    figures = [new_figure("Components"), new_figure("Components")]
    assert figures[0] is not figures[1]
    assert [figure.get_label() for figure in figures] == ["Components"] * 2
    assert len(plt.get_fignums()) == 2


# --- empty components --------------------------------------------------------


@pytest.fixture(scope="module")
def some_of_five(make_scan):
    """Return a scan that is decomposed into more components than it has."""
    scan = make_scan((12, 14), (48,), n_components=2)
    scan.decomposition(**QUICK | {"output_dimension": 5, "max_iter": 100})
    assert 1 < hspy_cnmf.get_result(scan).n_found < 5
    return scan


def test_empty_components_are_counted_and_not_drawn(some_of_five):
    n = hspy_cnmf.get_result(some_of_five).n_found
    figure = hspy_cnmf.plot_components(some_of_five)
    assert f"{n} of 5 components found" in figure.get_suptitle()
    assert len([ax for ax in figure.axes if ax.get_title("left")]) == 2 * n
    figure = hspy_cnmf.plot_components(some_of_five, comp_ids=[1, 4], per_row=1)
    assert "2 of 5 components" in figure.get_suptitle()
    assert "components found" not in figure.get_suptitle()
    titles = [ax.get_title("left") for ax in figure.axes if ax.get_title("left")]
    assert titles[0] == "$w_{1}$" and titles[2] == "$w_{4}$"
    fractions = some_of_five.get_component_fractions().plot()
    assert fractions.get_suptitle() == f"{n} of 5 components found"
    names = [ax.get_title() for ax in fractions.axes]
    assert len([name for name in names if name.startswith("component")]) == n


def test_colours_and_columns_can_be_chosen(some_of_five):
    figure = hspy_cnmf.plot_components(some_of_five, cmap="gray", per_row=1)
    image = next(image for ax in figure.axes for image in ax.get_images())
    assert image.get_cmap().name == "gray"
    places = [ax.get_subplotspec().rowspan.start for ax in figure.axes[:4]]
    assert places == [0, 0, 1, 1]
    with pytest.raises(ValueError, match=r"per_row must be .* not 0"):
        hspy_cnmf.plot_components(some_of_five, per_row=0)


# --- text of others ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "usetex"), [*((text, False) for text in NASTY), (NASTY[1], True)]
)
def test_titles_names_and_units_are_no_markup(tmp_path, text, usetex):
    """TeX need not be installed: it is not asked."""
    data = np.random.default_rng(0).poisson(5, (5, 6, 12, 12))
    scan = ElectronDiffraction2D(data)
    scan.metadata.General.title = text
    for axis in scan.axes_manager.navigation_axes:
        axis.name = axis.units = text
    scan.axes_manager.signal_axes[0].units = text
    scan.decomposition(**QUICK | {"max_iter": 3})
    with mpl.rc_context({"text.usetex": usetex}):
        for plot in (hspy_cnmf.plot_components, hspy_cnmf.plot_convergence):
            plot(scan).canvas.draw()
    path = hspy_cnmf.write_report(scan, tmp_path / "report.html")
    assert "<b>" not in path.read_text("utf-8")
