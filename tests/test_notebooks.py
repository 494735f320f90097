"""Every notebook runs from top to bottom."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

of_each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@of_each
def test_notebook_runs(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources=resources
    ).execute()


@of_each
def test_notebook_is_stored_as_it_ran(path):
    """Outputs are those of one run from top to bottom, and fit for a repository."""
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in code]
    assert counts == list(range(1, len(code) + 1))
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert "display_data" in kinds
    assert "error" not in kinds
    assert path.stat().st_size < 1.5e6


def test_there_are_notebooks():
    assert NOTEBOOKS
