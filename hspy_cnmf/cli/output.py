"""Files that the command writes: the analysed signal, figures, tables and a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.figure import Figure, FigureBase
from orix import io

from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.cli.interrupts import uninterrupted
from hspy_cnmf.cli.output_folder import OutputFolder
from hspy_cnmf.clustering import DiffractionClusters
from hspy_cnmf.domains import DomainMap
from hspy_cnmf.figures import plot_components, plot_convergence
from hspy_cnmf.figures.domains import (
    plot_domain_factors,
    plot_domain_maps,
    plot_latent_space,
)
from hspy_cnmf.operators.memory import give_back
from hspy_cnmf.phases import PhaseIdentification
from hspy_cnmf.report import write_report
from hspy_cnmf.report.measurements import PHASE_TABLES, TABLES
from hspy_cnmf.tables import Table
from hspy_cnmf.whole_file import whole_file, whole_path

_SIGNAL, _REPORT = "analysed.zspy", "report.html"

#: What is always written of a factorisation.
FILES = (_SIGNAL, "components.png", "convergence.png", _REPORT)

#: What is written where components are grouped, tables where they can be measured.
CLUSTER_FILES = ("dendrogram.png", "clusters.png", *(f"{name}.csv" for name in TABLES))

#: What is written where phases are identified, and can be mapped.
PHASE_FILES = (
    "phases.png",
    "crystal_map.h5",
    *(f"{name}.csv" for name in PHASE_TABLES),
)

#: What is written of a map of domains.
DOMAIN_FILES = (
    _SIGNAL,
    "domains.png",
    "domain_factors.png",
    "latent_space.png",
    "domain_model.pt",
    _REPORT,
)

#: Dots per inch of the figures.
_RESOLUTION = 150


def output_folder(path: Path, overwrite: bool) -> OutputFolder:
    """Return the folder for the results of either job."""
    names = (*FILES, *CLUSTER_FILES, *PHASE_FILES, *DOMAIN_FILES)
    return OutputFolder(path, names, overwrite)


def write_signal(signal: BaseSignal, folder: OutputFolder, bars: bool) -> None:
    """Write an analysed signal with its data."""
    signal.save(folder.part / _SIGNAL, show_progressbar=bars)


def write_components(signal: BaseSignal, folder: OutputFolder) -> None:
    """Write the figures of components."""
    _save(plot_components(signal), folder.part / "components.png")
    _save(plot_convergence(signal), folder.part / "convergence.png")


def write_findings(signal: BaseSignal, folder: OutputFolder) -> None:
    """Add to a signal that is written what was found since; its data stay."""
    with uninterrupted():
        signal.save(folder.part / _SIGNAL, overwrite=True, write_dataset=False)
    give_back()


def write_groups(
    clusters: DiffractionClusters, tables: dict[str, Table], folder: OutputFolder
) -> None:
    """Write figures of groups, and the tables of what was measured in them."""
    _save(clusters.dendrogram.plot(), folder.part / "dendrogram.png")
    _save(clusters.plot(), folder.part / "clusters.png")
    for name, table in tables.items():
        table.save(folder.part / f"{name}.csv")


def write_phases(
    phases: PhaseIdentification, tables: dict[str, Table], folder: OutputFolder
) -> None:
    """Write the figure of phases, the map for orix, and the tables."""
    _save(phases.plot(), folder.part / "phases.png")
    if phases.has_map:
        with whole_path(folder.part / "crystal_map.h5") as path:
            io.save(path, phases.to_crystal_map())
    for name, table in tables.items():
        table.save(folder.part / f"{name}.csv")


def finish(
    signal: BaseSignal,
    folder: OutputFolder,
    notes: Sequence[str] = (),
    blur: float = 0.0,
) -> None:
    """Write the report and have all that is written appear."""
    write_report(signal, folder.part / _REPORT, notes=notes, blur=blur)
    folder.publish()


def write_domains(domains: DomainMap, folder: OutputFolder) -> None:
    """Write the model of domains, and figures."""
    domains.save_model(folder.part / "domain_model.pt")
    _save(plot_domain_maps(domains), folder.part / "domains.png")
    _save(plot_domain_factors(domains), folder.part / "domain_factors.png")
    _save(plot_latent_space(domains), folder.part / "latent_space.png")


def _save(figure: FigureBase, path: Path) -> None:
    assert isinstance(figure, Figure)  # not a part of one
    with whole_file(path) as file:
        figure.savefig(file, dpi=_RESOLUTION, format="png")
    plt.close(figure)
    give_back()  # the canvas
