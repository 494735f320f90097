"""How it was analysed: parameters and versions."""

import platform
from importlib.metadata import version

from hspy_cnmf import registration
from hspy_cnmf.report.elements import table
from hspy_cnmf.report.page import Section
from hspy_cnmf.storage import get_result
from hspy_cnmf.tables import Table

#: Whose versions are told.
PACKAGES = ("hspy-cnmf", "hyperspy", "pyxem", "numpy", "scipy", "dask", "scikit-learn")


def run_section(signal, sections):
    """Return the section on parameters and versions.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Decomposed signal.
    sections : sequence of Section
        The others, with parameters of their own.

    Returns
    -------
    Section
    """
    parameters = get_result(signal).parameters
    steps = {"Factorisation": parameters}
    steps |= {s.title: s.parameters for s in sections if s.parameters}
    finding = (
        f"Algorithm {registration.ALGORITHM}, random_state="
        f"{parameters.get('random_state')}, of hspy-cnmf {parameters['hspy_cnmf']}. "
        f"This report was written by hspy-cnmf {version('hspy-cnmf')}."
    )
    tables = [
        table(_rows(values), f"{name}: parameters.") for name, values in steps.items()
    ]
    versions = {name: version(name) for name in PACKAGES}
    versions["Python"] = platform.python_version()
    software = Table.of(software=list(versions), version=list(versions.values()))
    tables.append(table(software, "Versions at the time this report was written."))
    return Section("parameters", "Parameters and versions", finding, tuple(tables))


def _rows(parameters):
    return Table.of(
        parameter=list(parameters),
        value=[
            f"{value:.6g}" if isinstance(value, float) else str(value)
            for value in parameters.values()
        ],
    )
