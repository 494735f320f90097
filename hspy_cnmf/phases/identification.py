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
from hspy_cnmf.phases.camera_ellipse import ellipse_notes
from hspy_cnmf.phases.candidates import phase_from_dictionary, phase_to_dictionary
from hspy_cnmf.phases.crystal_map import crystal_map
from hspy_cnmf.phases.group_phases import GroupPhases
from hspy_cnmf.phases.likely_scale import scale_advice
from hspy_cnmf.phases.notes import (
    calibration_notes,
    excitation_notes,
    lattice_notes,
    scale_notes,
    told_apart,
)
from hspy_cnmf.phases.orientation import orientation_of
from hspy_cnmf.phases.reflections import Beam, Reflections
from hspy_cnmf.tables import Table

#: How surely a crystal is turned, columns of its table and properties of its map.
_ERRORS = ("tilt_error", "turn_error")


@dataclass(frozen=True, eq=False, repr=False)
class PhaseIdentification(GroupPhases, StoredResult):
    """Phases and orientations of groups of components.

    Attributes
    ----------
    clusters, phases, matrices, phase_ids, groups, parts
        As in `GroupPhases`.
    table : Table
        One row for each crystal; see `hspy_cnmf.phases.tables.group_table`.
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

    def orientation(self, component: int, crystal: int = 1) -> Orientation | None:
        """Return how the crystal of a component is turned, None without a phase.

        Parameters
        ----------
        component : int
            As it is counted in the signal.
        crystal : int, default 1
            2 for the second crystal, where a group has two.

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
        ours = np.flatnonzero(self.members[:, 0] == place[0])
        if crystal not in range(1, len(ours) + 1):
            raise IndexError(
                f"crystal={crystal!r}: component {component} has {len(ours)}."
            )
        number = self.component_phases[ours[crystal - 1]]
        if number < 0:
            return None
        matrix = self.component_matrices[ours[crystal - 1]]
        return orientation_of(matrix[np.newaxis], self.phases[number])

    @property
    def has_map(self) -> bool:
        """Whether there are maps of one or two dimensions."""
        loadings = self.clusters.components.loadings
        return loadings is not None and loadings.axes_manager.signal_dimension <= 2

    def to_crystal_map(self, n_overlapping: int = 2) -> CrystalMap:
        """Return phases and orientations at each position of the scan.

        Its properties have ``tilt_error`` and ``turn_error`` of the table, in degrees;
        see `hspy_cnmf.phases.crystal_map.crystal_map` for the others.
        """
        names = [name for name in _ERRORS if name in self.table.names]
        errors = {name: self.table[name] for name in names}  # older ones lack them
        return crystal_map(self, n_overlapping, errors)

    def reflections(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where the reflections of a crystal are simulated.

        Parameters
        ----------
        row : int
            Of the table: a group, or a second crystal, for which there is a candidate.

        Returns
        -------
        places : numpy.ndarray, shape (n, 2)
            (kx, ky) in the units of the patterns' axes, as calibrated.
        amplitudes : numpy.ndarray, shape (n,)
            Square roots of kinematic intensities, 1 at most.
        """
        check_group(row, len(self.matrices))
        names = [phase.name for phase in self.phases]
        if self.table["candidate"][row] not in names:
            raise ValueError(f"Group {self.groups[row]} is none of the candidates.")
        phase = self.phases[names.index(self.table["candidate"][row])]
        kept = self.parameters
        step = self.clusters.radial_step / kept["scale"]
        lattice = Reflections.of(phase, kept["reach"])
        beam = Beam.of(kept["beam_energy"], self._excitation_error(row))
        vectors = lattice.vectors @ self.matrices[row].T
        amplitudes = np.sqrt(lattice.intensities * beam.shape_factors(vectors))
        seen = amplitudes > 0
        return step * vectors[seen, :2], amplitudes[seen] / amplitudes.max(initial=1e-9)

    def _excitation_error(self, row: int) -> float:
        """Return how far from the Ewald sphere a crystal's reflections are seen."""
        asked = float(self.parameters["max_excitation_error"])
        if "wider_excitation_error" not in self.table.names:  # older ones
            return asked
        return max(asked, float(self.table["wider_excitation_error"][row]))

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
        names = "group crystal phase zone_axis off_axis tilt_error turn_error".split()
        names += ["n_zone_axes", "margin", "second", "other_scale", "distortion"]
        there = self.table.names  # older ones lack one
        return self.table[[name for name in names if name in there]].view(Table)

    def summary(self) -> str:
        """Return in words what was found."""
        lines = ["Phases of groups:"]
        for row in self.table[np.argsort(self.groups, kind="stable")]:
            text = f"  group {row['group']}: {row['phase']}"
            if "crystal" in self.table.names and row["crystal"] > 1:
                text = f"    with another, {row['part']:.0%} of it: {row['phase']}"
            if row["zone_axis"] and row["phase"] == row["candidate"]:
                text += f" near {row['zone_axis']}"
                if "tilt_error" in self.table.names:
                    text += f" (to {row['tilt_error']:.1f} degrees)"
                text += f", margin {row['margin']:.1f}"
            elif row["deciding"]:
                text += f": {row['candidate']} or {told_apart(row)}"
            lines.append(text)
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    @property
    def notes(self) -> list[str]:
        """What to know of all phases, in words: camera, lattice, excitation errors."""
        told = self.parameters
        return [
            *calibration_notes(told),
            *ellipse_notes(told.get("ellipse", {})),
            *lattice_notes(self.table),
            *scale_notes(self.table),
            *scale_advice(told.get("likely_scale", {})),
            *excitation_notes(self.table, told.get("likelier_excitation_error", 0)),
        ]

    def check(self) -> None:
        """Raise unless each group has a row, a matrix and a phase that is there."""
        n, n_crystals = self.clusters.n_clusters, len(self.table)
        lengths = {len(self.matrices), len(self.phase_ids), len(self.parts)}
        firsts = self.groups[:n].tolist() == list(range(n))
        seconds = np.isin(self.groups[n:], range(n)).all()
        if lengths != {n_crystals} or self.matrices.shape[1:] != (3, 3):
            raise ValueError(f"it is not of {n_crystals} crystals.")
        if len(self.groups) != n_crystals or not firsts or not seconds:
            raise ValueError(f"it is not of {n} groups.")
        if not np.isin(self.phase_ids, range(-1, len(self.phases))).all():
            raise ValueError(f"'phase_ids' are not those of {len(self.phases)} phases.")

    def to_store(self) -> dict[str, Any]:
        """Return what is kept: strings of JSON, and the version."""
        crystals = {
            "phases": [phase_to_dictionary(phase) for phase in self.phases],
            "matrices": self.matrices,
            "phase_ids": self.phase_ids,
            "groups": self.groups,
            "parts": self.parts,
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
            # What was written before there were second crystals has one of each group.
            groups = np.array(crystals.get("groups", range(len(phase_ids))), int)
            parts = np.array(crystals.get("parts", np.ones(len(phase_ids))), float)
        except Exception as error:  # of orix and diffpy, too
            raise ValueError(f"'crystals' are damaged ({error!r:.80}).") from error
        return {
            "clusters": get_clusters(signal),
            "phases": phases,
            "matrices": matrices,
            "phase_ids": phase_ids,
            "groups": groups,
            "parts": parts,
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
