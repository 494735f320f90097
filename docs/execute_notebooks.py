"""Run notebooks from top to bottom and store them with their outputs.

``python docs/execute_notebooks.py [NAME ...]``, by default all in ``notebooks/``.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"


def execute(path: Path) -> None:
    """Run a notebook in an empty folder; it is replaced once all of it has run."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as scratch:
        resources = {"metadata": {"path": scratch}}
        NotebookClient(
            notebook,
            timeout=3600,
            kernel_name="python3",
            resources=resources,
            record_timing=False,
        ).execute()
    nbformat.write(notebook, path)


if __name__ == "__main__":
    # Figures are stored by the kernel's own backend: one that is named outside, for
    # machines without a display, would leave none.
    os.environ.pop("MPLBACKEND", None)
    chosen = [FOLDER / f"{name}.ipynb" for name in sys.argv[1:]]
    for notebook in chosen or sorted(FOLDER.glob("*.ipynb")):
        print(notebook.name, flush=True)
        execute(notebook)
