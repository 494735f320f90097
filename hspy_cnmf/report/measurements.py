"""Measurements in the groups of a clustering, and of their phases."""

from __future__ import annotations

from hspy_cnmf.clustering import DiffractionClusters
from hspy_cnmf.phases import PhaseIdentification
from hspy_cnmf.tables import Table

#: What is measured, by methods of these names.
TABLES = ("lattice_distances", "particle_diameters", "mean_particle_diameters")


def measure(
    clusters: DiffractionClusters, blur: float
) -> tuple[dict[str, Table], dict[str, str]]:
    """Measure lattice distances and particles where that is possible.

    Parameters
    ----------
    clusters : DiffractionClusters
        Groups to measure.
    blur : float
        Full width at half maximum of what blurred the maps, in the units of the scan.

    Returns
    -------
    tables : dict of str to Table
        Those of `TABLES` that can be measured, by name.
    reasons : dict of str to str
        Why the others cannot.
    """
    arguments = {"particle_diameters": (blur,), "mean_particle_diameters": (blur,)}
    tables, reasons = {}, {}
    for name in TABLES:
        try:
            tables[name] = getattr(clusters, name)(*arguments.get(name, ()))
        except ValueError as error:
            reasons[name] = str(error)
    return tables, reasons


#: What is known of phases, and measured, by name.
PHASE_TABLES = (
    "phases",
    "phase_candidates",
    "area_fractions",
    "number_densities",
    "size_distribution",
)


def measure_phases(
    phases: PhaseIdentification, blur: float
) -> tuple[dict[str, Table], dict[str, str]]:
    """Measure how much there is of each phase where that is possible.

    Parameters
    ----------
    phases : PhaseIdentification
        Of groups.
    blur : float
        As for `measure`.

    Returns
    -------
    tables : dict of str to Table
        Those of `PHASE_TABLES` that can be measured, by name.
    reasons : dict of str to str
        Why the others cannot.
    """
    tables = {"phases": phases.table, "phase_candidates": phases.candidates}
    measured = {
        "area_fractions": phases.area_fractions,
        "number_densities": lambda: phases.number_densities(blur),
        "size_distribution": lambda: phases.size_distribution(blur=blur),
    }
    reasons = {}
    for name, measure_it in measured.items():
        try:
            tables[name] = measure_it()
        except ValueError as error:
            reasons[name] = str(error)
    return tables, reasons
