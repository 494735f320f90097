"""What was found out about the phases of groups."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from hyperspy.signal import BaseSignal
from orix.crystal_map import CrystalMap
from orix.quaternion import Orientation

from hspy_cnmf._hyperspy import nodes
from hspy_cnmf._hyperspy.results import StoredResult, to_json
from hspy_cnmf.clustering.clusters import get_clusters
from hspy_cnmf.clustering.measures import check_group
from hspy_cnmf.figures.figure import AnyFigure
from hspy_cnmf.figures.phases import plot_phases
from hspy_cnmf.phases.amounts import (
    area_fractions,
    number_densities,
    size_distribution,
)
from hspy_cnmf.phases.crystal_map import crystal_map
from hspy_cnmf.phases.group_phases import GroupPhases
from hspy_cnmf.phases.orientation import orientation_of
from hspy_cnmf.phases.phase_store import phase_from_dictionary, phase_to_dictionary
from hspy_cnmf.phases.reflections import Beam, Reflections
from hspy_cnmf.phases.tables import scale_notes
from hspy_cnmf.tables import Table


@dataclass(frozen=True, eq=False, repr=False)
class PhaseIdentification(GroupPhases, StoredResult):
    """Phases and orientations of groups of components.

    Attributes
    ----------
    clusters, phases, matrices, phase_ids
        As in `GroupPhases`.
    table : Table
        One row for each group; see `hspy_cnmf.phases.tables.group_table`.
    candidates : Table
        One row for each group with spots and candidate.
    parameters : dict
        Arguments, and what was refined.
    """

    node = nodes.PHASES
    noun = "phases"
    command = "s.identify_phases([...])"
    columns: ClassVar[dict] = {
        "table": "group phase candidate zone_axis margin second deciding other_scale"
    }
    entries: ClassVar[dict] = {
        "scale": Real,
        "reach": Real,
        "beam_energy": Real,
        "max_excitation_error": Real,
    }

    table: Table
    candidates: Table
    parameters: dict

    def orientation(self, component: int) -> Orientation | None:
        """Return how the crystal of a component is turned, None without a phase.

        Parameters
        ----------
        component : int
            As it is counted in the signal.

        Returns
        -------
        orix.quaternion.Orientation or None
            Takes vectors from the frame of the patterns, kx to the right, ky down, to
            the crystal's. A pattern of the zero-order Laue zone looks the same after
            half a turn in the plane: where the zone axis has no such symmetry, so may
            the orientation be.
        """
        place = np.flatnonzero(self.clusters.components.indices == component)
        if not len(place):
            raise IndexError(f"component={component!r} was not clustered.")
        group = int(self.clusters.labels.data[place[0]])
        if self.phase_ids[group] < 0:
            return None
        matrix = self.component_matrices[place[0]]
        return orientation_of(matrix[np.newaxis], self.phases[self.phase_ids[group]])

    @property
    def has_map(self) -> bool:
        """Whether there are maps of one or two dimensions."""
        loadings = self.clusters.components.loadings
        return loadings is not None and loadings.axes_manager.signal_dimension <= 2

    def to_crystal_map(self, n_overlapping: int = 2) -> CrystalMap:
        """Return phases and orientations at each position of the scan.

        See `hspy_cnmf.phases.crystal_map.crystal_map`.
        """
        return crystal_map(self, n_overlapping)

    def reflections(self, group: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where the reflections of a group's phase are simulated.

        Parameters
        ----------
        group : int
            A group for which there is a candidate.

        Returns
        -------
        places : numpy.ndarray, shape (n, 2)
            (kx, ky) in the units of the patterns' axes, as calibrated.
        amplitudes : numpy.ndarray, shape (n,)
            Square roots of kinematic intensities, 1 at most.
        """
        check_group(group, len(self.matrices))
        names = [phase.name for phase in self.phases]
        if self.table["candidate"][group] not in names:
            raise ValueError(f"Group {group} is none of the candidates.")
        phase = self.phases[names.index(self.table["candidate"][group])]
        kept = self.parameters
        step = self.clusters.radial_step / kept["scale"]
        lattice = Reflections.of(phase, kept["reach"])
        beam = Beam.of(kept["beam_energy"], kept["max_excitation_error"])
        vectors = lattice.vectors @ self.matrices[group].T
        amplitudes = np.sqrt(lattice.intensities * beam.shape_factors(vectors))
        seen = amplitudes > 0
        return step * vectors[seen, :2], amplitudes[seen] / amplitudes.max(initial=1e-9)

    def plot(self, groups: list[int] | None = None) -> AnyFigure:
        """Plot the phases over the scan, and patterns with simulated reflections.

        See `hspy_cnmf.figures.phases.plot_phases`.
        """
        return plot_phases(self, groups)

    def number_densities(self, blur: float = 0.0) -> Table:
        """Return how many particles of each phase there are per area.

        See `hspy_cnmf.phases.amounts.number_densities`.
        """
        return number_densities(self, blur)

    def area_fractions(self) -> Table:
        """Return which part of the scan each phase covers.

        See `hspy_cnmf.phases.amounts.area_fractions`.
        """
        return area_fractions(self)

    def size_distribution(
        self, bins: int | np.ndarray = 10, blur: float = 0.0
    ) -> Table:
        """Return how many particles of each phase have which diameter.

        See `hspy_cnmf.phases.amounts.size_distribution`.
        """
        return size_distribution(self, bins, blur)

    def shown_table(self) -> Table:
        """Return what matters most of the table."""
        names = ["group", "phase", "zone_axis", "margin", "second", "other_scale"]
        return self.table[names].view(Table)

    def summary(self) -> str:
        """Return in words what was found."""
        lines = ["Phases of groups:"]
        for row in self.table:
            text = f"  group {row['group']}: {row['phase']}"
            if row["zone_axis"] and row["phase"] == row["candidate"]:
                text += f" near {row['zone_axis']}, margin {row['margin']:.1f}"
            elif row["deciding"]:
                text += f": {row['candidate']} or {row['second']}, told apart by "
                at = row["deciding"]
                text += f"a better {at}" if at == "scale" else f"spots at {at} Å"
            lines.append(text)
        return "\n".join(lines + scale_notes(self.table))

    def check(self) -> None:
        """Raise unless each group has a row, a matrix and a phase that is there."""
        n = self.clusters.n_clusters
        lengths = len(self.table), len(self.matrices), len(self.phase_ids)
        if set(lengths) != {n} or self.matrices.shape[1:] != (3, 3):
            raise ValueError(f"it is not of {n} groups.")
        if not np.isin(self.phase_ids, range(-1, len(self.phases))).all():
            raise ValueError(f"'phase_ids' are not those of {len(self.phases)} phases.")

    def to_store(self) -> dict[str, Any]:
        """Return what is kept: strings of JSON, and the version."""
        crystals = {
            "phases": [phase_to_dictionary(phase) for phase in self.phases],
            "matrices": self.matrices,
            "phase_ids": self.phase_ids,
        }
        return super().to_store() | {"crystals": to_json(crystals)}

    @classmethod
    def from_signal(
        cls, signal: BaseSignal, stored: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the groups of the signal, and their crystals."""
        try:
            crystals = json.loads(str(stored["crystals"]))
            phases = [phase_from_dictionary(values) for values in crystals["phases"]]
            matrices = np.array(crystals["matrices"], float)
            phase_ids = np.array(crystals["phase_ids"], int)
        except Exception as error:  # of orix and diffpy, too
            raise ValueError(f"'crystals' are damaged ({error!r:.80}).") from error
        return {
            "clusters": get_clusters(signal),
            "phases": phases,
            "matrices": matrices,
            "phase_ids": phase_ids,
        }


def get_phases(signal: BaseSignal) -> PhaseIdentification:
    """Return the phases that are kept in a signal, also after save and load.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D or PolarDiffraction2D
        A signal after ``identify_phases``.

    Raises
    ------
    RuntimeError
        If the phases of this signal's groups have not been identified.
    ValueError
        If they are damaged, or do not fit the signal any longer.
    """
    return PhaseIdentification.read_from(signal)
