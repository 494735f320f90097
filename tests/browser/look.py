"""Figures in JupyterLab, in a real browser: what is drawn once, and what clicks do.

``python tests/browser/look.py FOLDER`` opens notebooks in Chromium, looks, clicks and
drags, and leaves pictures of what was seen in the folder. It ends with an error where
something is not as it should be. Pytest does not collect it: it needs a browser, and
``pip install jupyterlab ipympl playwright``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client import BlockingKernelClient
from playwright.sync_api import Page, sync_playwright

#: A small scan, decomposed: the first cell of each notebook.
_SCAN = """\
import hspy_cnmf

s = hspy_cnmf.data.four_phases((18, 18))
s.decomposition(
    algorithm="constrained_nmf", output_dimension=10, n_init=2, random_state=0,
    print_info=False,
)
clusters = s.cluster_diffraction(print_info=False)
residual = s.get_decomposition_residual(show_progressbar=False)"""

#: The lines that draw, as pages and README have them.
_DRAWING = (
    "hspy_cnmf.plot_components(s)",
    "s.plot_convergence()",
    "clusters.plot()",
    "clusters.dendrogram.plot()",
    "residual.plot()",
    "s.check_components().plot()",
    "s.get_component_fractions().plot()",
)

#: Results that show a table or words.
_SHOWING = ("hspy_cnmf.get_result(s)", "clusters", "residual")

_TIME = 90_000  # milliseconds for a cell


def main() -> None:
    """Look at pictures, at widgets, and at figures that are clicked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where pictures of the pages go")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lab = stack.enter_context(_lab(home))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1100})
        for look in (_look_at_pictures, _look_at_widgets, _explore, _cut):
            try:
                look(page, lab, options.folder)
            except Exception:
                page.screenshot(path=options.folder / "failed.png")
                raise
            print(f"{look.__name__.strip('_')}: as it should be")
        browser.close()


def _look_at_pictures(page: Page, lab: Lab, folder: Path) -> None:
    """Inline, each line that draws shows one picture, each result words or a table."""
    notebook = lab.open(page, "inline", [_SCAN, *_DRAWING, *_SHOWING])
    notebook.picture(folder / "inline.png")
    for line in _DRAWING:
        _check(f"pictures of {line}", notebook.output(line).locator("img").count(), 1)
    for line in _SHOWING:
        shown = notebook.output(line).inner_text()
        assert "array(" not in shown and len(shown) > 20, (line, shown)


def _look_at_widgets(page: Page, lab: Lab, folder: Path) -> None:
    """With ipympl, each line that draws shows one canvas, and no picture beside it."""
    cells = ["%matplotlib widget", _SCAN, *_DRAWING]
    notebook = lab.open(page, "widget", cells)
    notebook.picture(folder / "widget.png")
    for line in _DRAWING:
        output = notebook.output(line)
        output.locator(".jupyter-matplotlib-canvas-div").first.wait_for(timeout=_TIME)
        found = output.locator(".jupyter-matplotlib-canvas-div").count()
        _check(f"canvases of {line}", found, 1)
        _check(f"pictures beside {line}", output.locator("img").count(), 0)


def _explore(page: Page, lab: Lab, folder: Path) -> None:
    """A click on the map goes there, in HyperSpy's navigator too; shares choose."""
    line = "explorer = s.explore_components()"
    navigator = "s.plot(); marks = s._plot.navigator_plot.figure"
    notebook = lab.open(page, "explore", ["%matplotlib widget", _SCAN, line, navigator])
    title = "all components"
    notebook.click(line, f"explorer.figure, _titled(explorer, {title!r})", (12, 5))
    at = notebook.value("explorer.position")
    _check("position after a click at x = 12, y = 5", at, "(5, 12)")
    _check("HyperSpy's", notebook.value("s.axes_manager.indices"), "(12, 5)")
    notebook.picture(folder / "explore_position.png", line)
    notebook.click(line, "explorer.figure, _titled(explorer, 'shares')", (0.1, 1))
    _check("component", notebook.value("explorer.component"), "1")
    notebook.picture(folder / "explore_component.png", line)
    notebook.value("[setattr(s.axes_manager, 'indices', (2, 3))]")
    _check("position that follows", notebook.value("explorer.position"), "(3, 2)")
    page.wait_for_timeout(1500)
    notebook.picture(folder / "explore_followed.png", line)


def _cut(page: Page, lab: Lab, folder: Path) -> None:
    """The dendrogram's cut is dragged, and groups follow."""
    line = "groups = clusters.explore()"
    notebook = lab.open(page, "cut", ["%matplotlib widget", _SCAN, line])
    before = int(notebook.value("groups.n_clusters"))
    cut = float(notebook.value("float(groups.distance_threshold)"))
    last = float(notebook.value("float(groups._tree_ax.get_xlim()[1]) * 0.999"))
    where = "groups.figure, groups._tree_ax"
    notebook.drag(line, where, (cut, 0.5), (last, 0.5))
    _check("groups", int(notebook.value("groups.n_clusters")), 1)
    notebook.picture(folder / "cut_dragged.png", line)
    notebook.drag(line, where, (last, 0.5), (cut, 0.5))
    _check("groups again", int(notebook.value("groups.n_clusters")), before)
    notebook.click(line, where, (0.01, 2))
    notebook.picture(folder / "cut_component.png", line)


def _check(what: str, found: object, expected: object) -> None:
    assert found == expected, f"{what}: {found!r}, where {expected!r} belongs"


# --- a server, a page, a kernel ------------------------------------------------


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab."""

    home: Path
    port: int

    def open(self, page: Page, name: str, cells: list[str]) -> Notebook:
        """Open a new notebook, run all of it, and wait until it has run."""
        code = [nbformat.v4.new_code_cell(cell) for cell in cells]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        content = nbformat.v4.new_notebook(cells=code, metadata={"kernelspec": kernel})
        nbformat.write(content, self.home / f"{name}.ipynb")
        page.goto(f"http://localhost:{self.port}/lab/tree/{name}.ipynb?reset")
        last = page.locator(".jp-CodeCell").nth(len(cells) - 1)
        last.wait_for(timeout=_TIME)
        # What runs before the kernel has said so is lost.
        page.get_by_text("| Idle").first.wait_for(timeout=_TIME)
        page.wait_for_timeout(1500)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        prompt = f"[{len(cells)}]:"
        last.locator(".jp-InputPrompt", has_text=prompt).wait_for(timeout=_TIME)
        page.wait_for_timeout(1500)
        errors = page.locator(".jp-OutputArea-output[data-mime-type*=error]")
        assert not errors.count(), errors.all_inner_texts()
        return Notebook(page, cells, self._client())

    def _client(self) -> BlockingKernelClient:
        """Return a client of the kernel that was started last."""
        files = (self.home / "runtime").glob("kernel-*.json")
        client = BlockingKernelClient(
            connection_file=str(max(files, key=os.path.getmtime))
        )
        client.load_connection_file()
        client.start_channels()
        return client


@dataclass(frozen=True)
class Notebook:
    """A notebook that has run, and its kernel."""

    page: Page
    cells: list[str]
    client: BlockingKernelClient

    def output(self, cell: str) -> Any:
        """Return what is below a cell."""
        place = self.page.locator(".jp-CodeCell").nth(self.cells.index(cell))
        return place.locator(".jp-Cell-outputWrapper")

    def value(self, expression: str) -> str:
        """Return what an expression is in the kernel, as text."""
        reply = self.client.execute_interactive(
            _HELP,
            silent=True,
            user_expressions={"value": expression},
            timeout=60,
            output_hook=lambda message: None,
        )
        value = reply["content"]["user_expressions"]["value"]
        assert value["status"] == "ok", value
        return value["data"]["text/plain"]

    def click(self, cell: str, axes: str, at: tuple[float, float]) -> None:
        """Click into the axes of a figure, at a place in their coordinates."""
        self.page.mouse.click(*self._place(cell, axes, at))
        self.page.wait_for_timeout(1500)

    def drag(
        self, cell: str, axes: str, first: tuple[float, float], last: tuple
    ) -> None:
        """Drag from a place in axes to another."""
        mouse = self.page.mouse
        begin, end = (self._place(cell, axes, at) for at in (first, last))
        mouse.move(*begin)
        mouse.down()
        mouse.move(*end, steps=8)
        self.page.wait_for_timeout(1500)
        mouse.up()
        self.page.wait_for_timeout(1500)

    def picture(self, path: Path, cell: str | None = None) -> None:
        """Keep a picture of what is below a cell, or of the whole page."""
        if cell is not None:
            self.output(cell).screenshot(path=path)
            return
        size = self.page.viewport_size
        tall = self.page.locator(".jp-WindowedPanel-inner").first.bounding_box()
        height = int(tall["height"]) + 200 if tall else size["height"]
        self.page.set_viewport_size({"width": size["width"], "height": height})
        self.page.wait_for_timeout(800)
        self.page.screenshot(path=path)
        self.page.set_viewport_size(size)

    def _place(
        self, cell: str, axes: str, at: tuple[float, float]
    ) -> tuple[float, float]:
        """Return where on the page a place in axes is."""
        canvas = self.output(cell).locator(".jupyter-matplotlib-canvas-div canvas").last
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        x, y = json.loads(self.value(f"_part(*({axes}), {at})").strip("'"))
        return box["x"] + x * box["width"], box["y"] + y * box["height"]


#: What the kernel is asked with: axes by their titles, and places as parts of a figure.
_HELP = """\
def _titled(explorer, title):
    titles = {ax.get_title(loc="left"): ax for ax in explorer.figure.axes}
    return next(ax for name, ax in titles.items() if name.startswith(title))

def _part(figure, ax, at):
    import json
    x, y = ax.transData.transform(at)
    return json.dumps([x / figure.bbox.width, 1 - y / figure.bbox.height])
"""

#: Cells that are out of sight are there, too, and nothing is in the way.
_SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false"},
}


@contextmanager
def _lab(home: Path) -> Iterator[Lab]:
    """Run JupyterLab in a folder, with settings of its own."""
    with socket.socket() as one:
        one.bind(("localhost", 0))
        port = one.getsockname()[1]
    for name, values in _SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values))
    (home / "runtime").mkdir()
    environment = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "OMP_NUM_THREADS": "1",
    }
    environment.pop("MPLBACKEND", None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", f"--ServerApp.root_dir={home}"]
    command += ["--IdentityProvider.token=", "--ServerApp.open_browser=False"]
    with (home / "lab.log").open("w") as log:
        lab = subprocess.Popen(
            command, cwd=home, env=environment, stdout=log, stderr=log
        )
        try:
            _wait_for(port, lab)
            yield Lab(home, port)
        finally:
            lab.terminate()
            lab.wait(60)


def _wait_for(port: int, process: subprocess.Popen) -> None:
    """Wait until something answers at a port."""
    for _ in range(120):
        assert process.poll() is None, "JupyterLab has ended"
        with socket.socket() as one:
            if not one.connect_ex(("localhost", port)):
                return
        time.sleep(0.5)
    raise TimeoutError("JupyterLab does not answer.")


if __name__ == "__main__":
    main()
