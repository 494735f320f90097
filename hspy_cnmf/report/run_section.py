"""Section on how it was analysed: parameters and versions."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version

from hspy_cnmf._hyperspy import nodes, store
from hspy_cnmf._hyperspy.store import get_result
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.domains import get_domains
from hspy_cnmf.report.domain_section import parameters as domain_parameters
from hspy_cnmf.report.elements import table
from hspy_cnmf.report.page import Section
from hspy_cnmf.tables import Table

#: Whose versions are told.
PACKAGES = (
    "hspy-cnmf",
    "hyperspy",
    "pyxem",
    "numpy",
    "scipy",
    "dask",
    "scikit-learn",
)


def run_section(signal: BaseSignal, sections: Sequence[Section]) -> Section:
    """Return the section on parameters and versions.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Decomposed signal, or one whose domains are mapped.
    sections : sequence of Section
        The others, with parameters of their own.

    Returns
    -------
    Section
    """
    steps = {s.title: s.parameters for s in sections if s.parameters}
    runs = {}
    if store.get_run(signal):
        runs[f"Algorithm {store.ALGORITHM}"] = get_result(signal).parameters
        steps = {"Factorisation": get_result(signal).parameters} | steps
    if nodes.is_kept(signal, nodes.DOMAINS):
        runs["Map of domains"] = domain_parameters(get_domains(signal))
    findings = [
        f"{name}, random_state={parameters.get('random_state')}, of hspy-cnmf "
        f"{parameters.get('hspy_cnmf')}."
        for name, parameters in runs.items()
    ]
    findings.append(f"This report was written by hspy-cnmf {version('hspy-cnmf')}.")
    tables = [
        table(_rows(values), f"{name}: parameters.") for name, values in steps.items()
    ]
    tables.append(table(_versions(), "Versions at the time this report was written."))
    title = "Parameters and versions"
    return Section("parameters", title, " ".join(findings), tuple(tables))


def _versions() -> Table:
    found = {name: version(name) for name in PACKAGES}
    found["Python"] = platform.python_version()
    return Table.from_columns(software=list(found), version=list(found.values()))


def _rows(parameters: dict) -> Table:
    return Table.from_columns(
        parameter=list(parameters),
        value=[
            f"{value:.6g}" if isinstance(value, float) else str(value)
            for value in parameters.values()
        ],
    )
