"""Configuration of the documentation: ``sphinx-build -W docs docs/_build``."""

import os
import re
import shutil
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent

project = "hspy-cnmf"
author = "The hspy-cnmf developers"
copyright = author
version = release = installed_version("hspy-cnmf")

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
]
exclude_patterns = ["_build", "_templates", "images", "jupyter_execute"]
templates_path = ["_templates"]

# --- pages -------------------------------------------------------------------

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
# Notebooks are stored with their outputs; a test runs them.
nb_execution_mode = "off"

# --- API ---------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# --- other projects ----------------------------------------------------------

# Inventories are fetched from the web, so that without it a build would warn.
if os.environ.get("DOCS_INTERSPHINX"):
    intersphinx_mapping = {
        "dask": ("https://docs.dask.org/en/stable/", None),
        "hyperspy": ("https://hyperspy.org/hyperspy-doc/current/", None),
        "numpy": ("https://numpy.org/doc/stable/", None),
        "pyxem": ("https://pyxem.readthedocs.io/en/stable/", None),
        "python": ("https://docs.python.org/3/", None),
        "scipy": ("https://docs.scipy.org/doc/scipy/", None),
    }

# --- appearance --------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "hspy-cnmf"
html_theme_options = {
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
}
html_show_sourcelink = False
# Pages without pages below them have no list of these.
_ALONE = ("install", "first_steps", "method", "developing", "changes")
html_sidebars = {page: [] for page in _ALONE}

# --- files of the repository that are pages too -------------------------------

#: Links of pages as they are in the repository, and on the site.
MOVED = {
    "../notebooks/": "notebooks/",
    "../docs/": "../",
    "../CONTRIBUTING.md": "developing.md",
    "../CHANGELOG.md": "changes.md",
}


def copy_notebooks(app):
    """Put the notebooks, which lie beside this folder, where Sphinx finds them."""
    shutil.rmtree(HERE / "notebooks", ignore_errors=True)
    notebooks = HERE.parent / "notebooks"
    shutil.copytree(notebooks, HERE / "notebooks", ignore=_no_notebook)


def _no_notebook(folder, names):
    return [name for name in names if not name.endswith(".ipynb")]


def relink(app, name, source):
    """Let links to files outside of this folder lead to their pages."""
    for there, here in MOVED.items():
        source[0] = source[0].replace(f"]({there}", f"]({here}")


def escape_shapes(app, what, name, thing, options, lines):
    """Let ``(n, *image_shape)`` be Python, whose star is no emphasis."""
    lines[:] = [re.sub(r"(?<=, )\*(?=\w+_shape)", r"\*", line) for line in lines]


def setup(app):
    """Connect what is done before pages are read."""
    app.connect("autodoc-process-docstring", escape_shapes, priority=1)
    app.connect("builder-inited", copy_notebooks, priority=1)
    app.connect("source-read", relink)
