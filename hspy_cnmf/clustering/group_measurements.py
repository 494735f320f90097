"""Measurements of the groups of a clustering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hspy_cnmf._hyperspy import markers
from hspy_cnmf._hyperspy.scales import CommonScale
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.arguments import real_number
from hspy_cnmf.clustering.inputs import Components
from hspy_cnmf.clustering.measures import (
    mean_diameters,
    particle_table,
    particles_of_groups,
    ring_table,
    spots_on_detector,
)
from hspy_cnmf.patterns.geometry import PatternGeometry
from hspy_cnmf.tables import Table

_NOT_CORRECTED = (
    "Not corrected for the blur of the maps: diameters may be some 8 % too small. Give "
    "blur=..."
)

#: Width in steps of the scan below which a map tells of the smoothing alone.
_NARROW = 2.0

_UPPER_LIMITS = (
    " Those of particles narrower than two steps of the scan are upper limits."
)


class GroupMeasurements:
    """Measurements, for a class with the attributes of `DiffractionClusters`."""

    if TYPE_CHECKING:
        components: Components
        factors: BaseSignal
        loadings: BaseSignal | None
        labels: BaseSignal
        parameters: dict[str, Any]

        @property
        def geometry(self) -> PatternGeometry:
            """How patterns turn."""

    def spots(self, threshold: float = 5.0) -> list[np.ndarray]:
        """Find the Bragg spots of each group's mean pattern.

        Parameters
        ----------
        threshold : float, default 5
            Spots are at least this many times above the noise.

        Returns
        -------
        list of numpy.ndarray
            One for each group, with the fields of
            `hspy_cnmf.patterns.spots.find_spots`; rows and columns are those of
            `factors`.
        """
        threshold = real_number("threshold", threshold, exclusive=True)
        found = spots_on_detector(
            self.geometry, self.factors.data, self.parameters["radii"], threshold
        )
        for spots in found:
            spots["row"], spots["column"] = self.geometry.place(spots)
        return found

    def lattice_distances(
        self, threshold: float = 5.0, add_markers: bool = False
    ) -> Table:
        """Measure the lattice distances of each group from its Bragg spots.

        Parameters
        ----------
        threshold : float, default 5
            Spots are at least this many times above the noise.
        add_markers : bool, default False
            Mark the spots in `factors`, permanently.

        Returns
        -------
        Table
            One row for each ring of spots, a group's strongest first: ``group``,
            ``lattice_distance`` and its ``uncertainty`` (one standard deviation, with
            how far members of the group differ, without that of the calibration) in
            ``unit``, ``n_spots`` and their summed ``intensity`` as a fraction of the
            pattern. Without rows for a group without spots, as of amorphous patterns.
            A note says which members differ more than one crystal's would.

        Raises
        ------
        ValueError
            If the patterns are not calibrated in reciprocal lengths or angles; what to
            set is said.

        See Also
        --------
        hspy_cnmf.patterns.lattice_distances, hspy_cnmf.patterns.spots
        """
        energy = self.factors.metadata.get_item(
            "Acquisition_instrument.TEM.beam_energy"
        )
        spots, unit = self.spots(threshold), self.components.scale.unit
        of_members = self._spots_of_members(threshold)
        table = ring_table(spots, of_members, self.radial_step, unit, energy)
        if add_markers:
            markers.add(
                self.factors, markers.spot_markers(self.factors, spots), "spots"
            )
        return table

    def _spots_of_members(self, threshold: float) -> list[list[np.ndarray]]:
        """Return the spots of each member of each group that has several."""
        labels, radii = np.asarray(self.labels.data), self.parameters["radii"]
        groups = [self.components.patterns[labels == k] for k in np.unique(labels)]
        return [
            spots_on_detector(self.geometry, members, radii, threshold)
            if len(members) > 1
            else []
            for members in groups
        ]

    @property
    def radial_step(self) -> float:
        """Width of a pixel along the radius, in the units of the patterns' x axis."""
        return self.components.scale.step

    def particle_diameters(self, blur: float = 0.0, add_markers: bool = False) -> Table:
        """Measure the particles in the maps of each group.

        Parameters
        ----------
        blur : float, default 0
            Full width at half maximum of what blurred the maps, in the units of the
            scan: the probe, and 1.43 steps of the smoothing of maps, in quadrature;
            these times the root of the share that maps were smoothed by
            (``parameters["smoothing_shares"]``).
            With 0, diameters of blurred spheres come out up to 8 % too small, those of
            spheres smaller than two steps too large.
        add_markers : bool, default False
            Circle the particles in `loadings`, permanently.

        Returns
        -------
        Table
            One row for each particle, as in
            `hspy_cnmf.maps.particles.find_particles`: ``group``, ``component``,
            place ``x``, ``y``, ``diameter`` of the sphere whose map is as wide, its
            ``uncertainty``, the ``width`` of the map (diameter of a circle of the area
            above half of the maximum), all in ``unit``; ``contrast`` and
            ``touches_edge``, where the size is a lower limit.

        Raises
        ------
        ValueError
            If there are no maps, or not of two dimensions.
        """
        groups, scale = self._particles(blur)
        if add_markers:
            circles = markers.particle_markers(
                self.loadings, groups, factors=scale.factors
            )
            markers.add(self.loadings, circles, "particles")
        table = particle_table(
            groups,
            self.components.indices,
            lambda *places: scale.coordinates(self.components.map_axes, places),
            scale.unit,
        )
        if not blur:
            is_narrow = table["width"] < _NARROW * max(scale.steps)
            table.note = _NOT_CORRECTED + _UPPER_LIMITS * bool(is_narrow.any())
        return table

    def mean_particle_diameters(self, blur: float = 0.0) -> Table:
        """Return the mean diameter of the particles of each group.

        Parameters
        ----------
        blur : float, default 0
            See `particle_diameters`.

        Returns
        -------
        Table
            One row for each group with particles that touch no edge: ``group``,
            ``n_particles``, mean ``diameter``, its ``uncertainty`` (standard error)
            and the ``standard_deviation`` of the diameters, in ``unit``; NaN for
            a single particle.
        """
        return mean_diameters(self.particle_diameters(blur))

    def _particles(self, blur: float) -> tuple[list[np.ndarray], CommonScale]:
        maps = self.components.maps
        if maps is None or maps.ndim != 3:
            found = "are none" if maps is None else f"have {maps.ndim - 1}"
            raise ValueError(
                f"Particles are measured in maps of two dimensions: these {found}. "
                "Give loadings=..., or cluster a signal with two navigation axes."
            )
        blur, scale = real_number("blur", blur), self.components.map_scale
        labels = np.asarray(self.labels.data)
        return particles_of_groups(maps, scale.steps, labels, blur=blur), scale
