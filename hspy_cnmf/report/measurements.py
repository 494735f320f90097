"""Measurements in the groups of a clustering, and of their phases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial

from hspy_cnmf.clustering import DiffractionClusters
from hspy_cnmf.clustering.measures import mean_diameters
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
    particles = cache(partial(clusters.particle_diameters, blur))  # found once
    measured: dict[str, Callable[[], Table]] = {
        "lattice_distances": clusters.lattice_distances,
        "particle_diameters": particles,
        "mean_particle_diameters": lambda: mean_diameters(particles()),
    }
    return _measured(measured)


def _measured(
    measured: Mapping[str, Callable[[], Table]],
) -> tuple[dict[str, Table], dict[str, str]]:
    """Return tables by what makes them, and why there are no others."""
    tables, reasons = {}, {}
    for name, measure_it in measured.items():
        try:
            tables[name] = measure_it()
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
    measured = {
        "phases": lambda: phases.table,
        "phase_candidates": lambda: phases.candidates,
        "area_fractions": phases.area_fractions,
        "number_densities": lambda: phases.number_densities(blur),
        "size_distribution": lambda: phases.size_distribution(blur=blur),
    }
    return _measured(measured)
