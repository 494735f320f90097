"""Spots of groups in reciprocal angstroms, or why there are none."""

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TypeAlias

import numpy as np
from hyperspy.signal import BaseSignal
from pyxem.signals import PolarDiffraction2D

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.calibration import reciprocal_calibration
from hspy_cnmf._hyperspy.scales import unit_of
from hspy_cnmf._hyperspy.store import gain_of_data
from hspy_cnmf.arguments import real_number
from hspy_cnmf.clustering.clusters import DiffractionClusters
from hspy_cnmf.clustering.measures import spots_on_detector
from hspy_cnmf.phases.found_spots import (
    at_shared_places,
    mean_where_group_is,
    of_one_width,
)
from hspy_cnmf.phases.group_noise import ALIKE, noise_of_groups
from hspy_cnmf.phases.overlaid_noise import OverlaidNoise
from hspy_cnmf.phases.spot_pattern import Detector, SpotPattern

#: Angstroms in the lengths that detectors are calibrated in.
_ANGSTROMS = {"Å": 1.0, "nm": 10.0, "pm": 0.01, "µm": 1e4, "um": 1e4, "m": 1e10}

#: Errors of places that spots do not know of, in pixels and as a part of the radius:
#: the centre, and distortions.
PIXEL_ERROR, _RELATIVE_ERROR = 0.15, 0.002


#: Maps and factors of all components.
_Model: TypeAlias = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class GroupSpots:
    """What is known of the spots of all groups.

    Attributes
    ----------
    found : list of numpy.ndarray, dtype `SPOT`
        In pixels of the detector; see `hspy_cnmf.phases.found_spots`.
    detectors : list of Detector
        What each group's spots were found on.
    limits : tuple of float
        Smallest and largest radius looked at, in pixels.
    shares : numpy.ndarray, shape (n_groups,)
        Part of each group's pattern that is in its spots.
    energy : float
        Of the electrons, in kV.
    threshold : float
        Signal-to-noise ratio from which on spots were found.
    unturned : numpy.ndarray of bool, shape (n_groups,)
        Whether the members of a group were not turned to make its mean pattern: a
        distortion of the patterns is still that of the mean.
    relative_error : float, default 0.002
        Part of the radius by which a distortion may put spots elsewhere.
    """

    found: list
    detectors: list
    limits: tuple
    shares: np.ndarray
    energy: float
    threshold: float
    unturned: np.ndarray
    relative_error: float = _RELATIVE_ERROR

    @classmethod
    def of(
        cls, clusters: DiffractionClusters, beam_energy: float | None, threshold: float
    ) -> "GroupSpots":
        """Find the spots of groups, after a check of what else is needed.

        Raises
        ------
        ValueError
            Without a calibration or a beam energy, or if the patterns are mirrored.
        """
        energy, unit_scale = checked_calibration(
            clusters.components.factors, beam_energy
        )
        scale = clusters.radial_step * unit_scale
        unturned = _unturned(clusters)
        model = _model(clusters)
        found = _found(clusters, threshold, unturned, model)
        noise = _noise(clusters, model)
        geometry, detectors, shares = clusters.geometry, [], []
        low, high = limits = tuple(clusters.parameters["radii"])
        looked_at = (geometry.pixel_radii >= low) & (geometry.pixel_radii <= high)
        for group, pattern in enumerate(clusters.factors.data):
            image, center = geometry.on_detector(np.where(looked_at, pattern, np.nan))
            known = Detector(np.isfinite(image), center, scale, geometry.affine)
            known = known.where_whole(found[group])
            if noise:
                found[group], known = noise[group].standing_out(
                    found[group], known, threshold
                )
            detectors.append(known)
            shares.append(found[group]["intensity"].sum() / np.nansum(pattern))
        return cls(
            found, detectors, limits, np.array(shares), energy, threshold, unturned
        )

    @property
    def scale(self) -> float:
        """Width of a pixel in 1/Å."""
        return self.detectors[0].scale

    def rescaled(self, factor: float, affine: np.ndarray | None = None) -> "GroupSpots":
        """Return the same with another scale, and distortion where there is one."""
        detectors = [
            replace(
                one,
                scale=one.scale * factor,
                affine=one.affine if affine is None else affine,
            )
            for one in self.detectors
        ]
        found = self.found
        if affine is not None:
            found = [
                _undistorted(spots, one)
                for spots, one in zip(self.found, detectors, strict=True)
            ]
        return replace(self, detectors=detectors, found=found)

    @cached_property
    def patterns(self) -> list[SpotPattern]:
        """Spots of each group as they are matched."""
        return [
            SpotPattern.of(
                spots, detector, PIXEL_ERROR, self.relative_error, self.threshold
            )
            for spots, detector in zip(self.found, self.detectors, strict=True)
        ]

    @property
    def reach(self) -> tuple[float, float]:
        """Smallest and largest radius in 1/Å."""
        low, high = (limit * self.scale for limit in self.limits)
        seen = max((detector.reach for detector in self.detectors), default=high)
        return max(low, self.scale), min(high, seen)


def _unturned(clusters: DiffractionClusters) -> np.ndarray:
    """Return for each group whether no member was turned by more than a degree.

    Of patterns in polar coordinates none counts: their distortion cannot be undone.
    """
    if clusters.components.is_polar:
        return np.zeros(clusters.n_clusters, dtype=bool)
    turned = abs(np.asarray(clusters.member_rotation.data)) > ALIKE
    turned |= np.asarray(clusters.member_mirrored.data, dtype=bool)
    labels = np.asarray(clusters.labels.data)
    return np.array([not turned[labels == k].any() for k in range(clusters.n_clusters)])


def _found(
    clusters: DiffractionClusters,
    threshold: float,
    unturned: np.ndarray,
    model: _Model | None,
) -> list[np.ndarray]:
    """Return spots of groups, shared ones of those not turned where they are shared."""
    find = partial(
        spots_on_detector,
        clusters.geometry,
        radii=clusters.parameters["radii"],
        threshold=real_number("threshold", threshold, exclusive=True),
    )
    found, find_such = of_one_width(clusters.factors.data, find)
    if model is None:
        return found
    maps, factors = model
    for group in np.flatnonzero(unturned & [len(spots) > 0 for spots in found]):
        mean, own = mean_where_group_is(maps, factors, clusters.members(int(group)))
        (there,) = find_such(mean[np.newaxis])
        brightness = own / np.nansum(clusters.factors.data[group])
        found[group] = at_shared_places(found[group], there, brightness)
    return found


def _noise(clusters: DiffractionClusters, model: _Model | None) -> list[OverlaidNoise]:
    """Return the noise of groups on the detector, none where it is not known."""
    gain = gain_of_data(clusters.components.factors)
    if model is None or gain is None or clusters.components.is_polar:
        return []
    return noise_of_groups(clusters, *model, gain)


def _model(clusters: DiffractionClusters) -> _Model | None:
    """Return the maps of all components, (n, n_positions), and their factors."""
    components = clusters.components
    if components.loadings is None:
        return None
    maps = np.nan_to_num(np.asarray(aligned_data(components.loadings), dtype=float))
    factors = np.asarray(aligned_data(components.factors), dtype=float)
    return maps.reshape(len(maps), -1), factors


def _undistorted(spots: np.ndarray, detector: Detector) -> np.ndarray:
    """Return spots with the radius and azimuth that a detector gives their places."""
    spots = spots.copy()
    places = np.stack([spots["row"], spots["column"]], axis=1)
    offsets = (places - detector.center) @ np.linalg.inv(detector.affine)  # type: ignore[arg-type]
    spots["radius"] = np.hypot(*offsets.T)
    spots["azimuth"] = np.rad2deg(np.arctan2(-offsets[:, 0], offsets[:, 1])) % 360
    return spots


def checked_calibration(
    patterns: BaseSignal, beam_energy: float | None = None
) -> tuple[float, float]:
    """Return the beam energy in kV, and what the units of patterns are in 1/Å.

    Parameters
    ----------
    patterns : hyperspy.signal.BaseSignal
        A scan, or its factors.
    beam_energy : float, optional
        In kV. Default: from the metadata.

    Raises
    ------
    ValueError
        If one of them is not known, or the patterns are mirrored; what to set is said.
    """
    energy = _beam_energy(patterns, beam_energy)
    axes = patterns.axes_manager.signal_axes
    steps = [float(np.diff(axis.axis).mean()) for axis in axes]
    if min(steps) < 0:
        raise ValueError(
            f"The axes of the patterns have the steps {steps}: one that is negative "
            "mirrors the patterns, and orientations with them. Turn the data over, "
            "s.data[..., ::-1], and give the axis a positive scale."
        )
    radial = axes[1] if isinstance(patterns, PolarDiffraction2D) else axes[0]
    unit, factor = reciprocal_calibration(unit_of(radial), energy)
    if unit not in _ANGSTROMS:
        raise ValueError(
            f"The patterns are calibrated in 1/{unit}: set 1/nm or 1/Å instead."
        )
    return energy, factor / _ANGSTROMS[unit]


def _beam_energy(patterns: BaseSignal, given: float | None) -> float:
    """Return the beam energy in kV, or raise what to set."""
    energy = given
    if energy is None:
        energy = patterns.metadata.get_item("Acquisition_instrument.TEM.beam_energy")
    if energy is None:
        raise ValueError(
            "Phases need the beam energy: give beam_energy=... in kV, or set it before "
            "the decomposition, s.calibration(beam_energy=300)."
        )
    try:
        kilovolts = float(energy)
    except (TypeError, ValueError):
        kilovolts = np.nan
    if not 10 <= kilovolts <= 5000:
        raise ValueError(f"beam_energy={energy!r} must be in kV, from 10 to 5000.")
    return kilovolts
