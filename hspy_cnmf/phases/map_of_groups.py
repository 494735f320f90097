"""The crystal map of groups, in one call."""

from collections.abc import Sequence

from orix.crystal_map import CrystalMap

from hspy_cnmf.clustering.clusters import DiffractionClusters
from hspy_cnmf.phases.candidates import Candidate
from hspy_cnmf.phases.identify_phases import identify_phases


def map_of_groups(
    clusters: DiffractionClusters,
    phases: Candidate | Sequence[Candidate],
    *,
    n_overlapping: int = 2,
    calibrate_from: str | int | None = None,
    scale_uncertainty: float = 0.005,
    beam_energy: float | None = None,
    max_excitation_error: float = 0.03,
    resolution: float = 2.0,
    threshold: float = 5.0,
) -> CrystalMap:
    """Return phases and orientations at each position as an orix crystal map.

    This is what ``clusters.to_crystal_map(...)`` calls.

    Parameters
    ----------
    clusters : DiffractionClusters
        Groups of patterns that are the same crystal.
    phases
        See `hspy_cnmf.phases.identify_phases.identify_phases`.
    n_overlapping
        See `hspy_cnmf.phases.crystal_map.crystal_map`.
    calibrate_from, scale_uncertainty, beam_energy
        See `hspy_cnmf.phases.identify_phases.identify_phases`.
    max_excitation_error, resolution, threshold
        See `hspy_cnmf.phases.identify_phases.identify_phases`.

    Returns
    -------
    orix.crystal_map.CrystalMap
        As of `hspy_cnmf.PhaseIdentification.to_crystal_map`.
    """
    found = identify_phases(
        clusters,
        phases,
        calibrate_from=calibrate_from,
        scale_uncertainty=scale_uncertainty,
        beam_energy=beam_energy,
        max_excitation_error=max_excitation_error,
        resolution=resolution,
        threshold=threshold,
    )
    return found.to_crystal_map(n_overlapping)
