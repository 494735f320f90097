"""The folder that ``python -m hspy_cnmf`` writes to."""

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import matplotlib.pyplot as plt

from hspy_cnmf.cli.input_error import InputError
from hspy_cnmf.figures import plot_components, plot_convergence
from hspy_cnmf.figures.domains import (
    plot_domain_factors,
    plot_domain_maps,
    plot_latent_space,
)
from hspy_cnmf.report import write_report
from hspy_cnmf.report.measurements import TABLES

#: What `write` always writes of a factorisation.
FILES = ("analysed.zspy", "components.png", "convergence.png", "report.html")

#: What it writes where components are grouped, tables where they can be measured.
CLUSTER_FILES = ("dendrogram.png", "clusters.png", *(f"{name}.csv" for name in TABLES))

#: What `write_domains` writes.
DOMAIN_FILES = (
    "analysed.zspy",
    "domains.png",
    "domain_factors.png",
    "latent_space.png",
    "domain_model.pt",
    "report.html",
)

_RESOLUTION = 150
"""Dots per inch of the figures."""


@contextmanager
def output_folder(folder, overwrite):
    """Give a folder to write to, whose files appear in `folder` only if all went well.

    Parameters
    ----------
    folder : pathlib.Path
        Where the results go; made if it is not there. Files in it that are not of
        this pipeline are left alone.
    overwrite : bool
        Replace earlier results, and remove those that have no successor.

    Yields
    ------
    pathlib.Path
        A temporary folder inside `folder`.

    Raises
    ------
    InputError
        If there are earlier results and `overwrite` is not set, or `folder` cannot be
        written to.
    """
    existing = _results_in(folder)
    if existing and not overwrite:
        raise InputError(
            f"{folder} already holds {', '.join(existing)}: add --overwrite to replace "
            "them, or give another folder with --output."
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file: give a folder with --output.")
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}") from error
    try:
        yield partial
        # What has no successor goes too: it would not belong to the new results.
        for name in _results_in(folder):
            _remove(folder / name)
        for path in partial.iterdir():
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if is_new and not any(folder.iterdir()):
            folder.rmdir()


def _results_in(folder):
    """Return the names of results that are in a folder."""
    names = dict.fromkeys((*FILES, *CLUSTER_FILES, *DOMAIN_FILES))
    return [name for name in names if (folder / name).exists()]


def _remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def write(signal, clusters, tables, folder, **report):
    """Write the analysed signal, its figures and tables, and a report to a folder.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Decomposed signal, which keeps its clusters.
    clusters : DiffractionClusters or None
        Groups of the components, if there are.
    tables : dict of str to Table
        What was measured in them, by names of `TABLES`.
    folder : pathlib.Path
        Where to.
    **report
        For `hspy_cnmf.write_report`.

    Returns
    -------
    list of str
        Names of what was written.
    """
    signal.save(folder / "analysed.zspy")
    _save(plot_components(signal), folder / "components.png")
    _save(plot_convergence(signal), folder / "convergence.png")
    if clusters is not None:
        _save(clusters.dendrogram.plot(), folder / "dendrogram.png")
        _save(clusters.plot(), folder / "clusters.png")
    for name, table in tables.items():
        table.save(folder / f"{name}.csv")
    write_report(signal, folder / "report.html", **report)
    return _results_in(folder)


def write_domains(signal, domains, folder, **report):
    """Write a signal whose domains are mapped, figures, the model and a report.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D
        It keeps its domains.
    domains : DomainMap
        Its domains.
    folder : pathlib.Path
        Where to.
    **report
        For `hspy_cnmf.write_report`.

    Returns
    -------
    list of str
        Names of what was written.
    """
    signal.save(folder / "analysed.zspy")
    _save(plot_domain_maps(domains), folder / "domains.png")
    _save(plot_domain_factors(domains), folder / "domain_factors.png")
    _save(plot_latent_space(domains), folder / "latent_space.png")
    domains.save_model(folder / "domain_model.pt")
    write_report(signal, folder / "report.html", **report)
    return _results_in(folder)


def _save(figure, path):
    figure.savefig(path, dpi=_RESOLUTION)
    plt.close(figure)
