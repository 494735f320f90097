"""Kinematic patterns of crystals, by diffsims, on a detector that may be distorted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hspy_cnmf.data import _patterns
from hspy_cnmf.data._counting import Recording
from hspy_cnmf.data._simulation import Calibration, Specimen, Truth, microscope
from hspy_cnmf.patterns.quaternions import quaternions_of

if TYPE_CHECKING:
    from orix.crystal_map import Phase

EDGE = 12.0
"""Scattering vector at the detector's nearest edge, in 1/nm."""

THICKNESS = 8.0
"""How thick crystals are along the beam, in nm: one over the excitation errors."""

ENERGY = 300.0
"""Energy of the electrons in kV."""


@dataclass(frozen=True, eq=False)
class PhaseTruth(Truth):
    """The components of a data set, with the crystals that they are.

    Attributes
    ----------
    phases : list of orix.crystal_map.Phase
        Crystals that are there.
    phase_ids : numpy.ndarray of int, shape (components,)
        Number of each component's phase; -1 where it is amorphous.
    matrices : numpy.ndarray, shape (components, 3, 3)
        Take vectors from the crystal's frame, as orix has it, to (kx, ky, kz), kx to
        the right and ky down; electrons travel towards -kz. NaN where amorphous. All
        else is as in `Truth`.
    """

    phases: list | None = None
    phase_ids: np.ndarray | None = None
    matrices: np.ndarray | None = None


@dataclass(frozen=True)
class Camera:
    """What lies between crystals and the image of their patterns.

    Attributes
    ----------
    detector_shape : tuple of int
        Rows and columns.
    scale_error : float
        Part by which patterns are larger than the calibration says.
    distortion : float
        Part by which they are longer along `distortion_angle` than across.
    distortion_angle : float
        In degrees, counter-clockwise as seen.
    precession : float
        Angle of the precession of the beam in degrees.
    """

    detector_shape: tuple
    scale_error: float = 0.0
    distortion: float = 0.0
    distortion_angle: float = 30.0
    precession: float = 0.0

    def pattern(self, phase: Phase, matrix: np.ndarray) -> np.ndarray:
        """Return the unit-sum pattern of a crystal, shape `detector_shape`.

        Raises
        ------
        ValueError
            If nothing of it falls onto the detector.
        """
        places, intensities = reflections_of(phase, matrix, self.precession)
        # What `bragg_spots` draws on has another edge.
        places = self._distorted(10 * places) * (_patterns.EDGE / EDGE)
        inside = np.abs(places).max(axis=1, initial=0) < _patterns.EDGE
        if not intensities[inside].sum() > 0:
            raise ValueError(
                f"{phase.name!r} has no spots in this orientation: give a smaller tilt."
            )
        return _patterns.bragg_spots(
            self.detector_shape, places[inside], intensities[inside]
        )

    def _distorted(self, places: np.ndarray) -> np.ndarray:
        """Return where vectors (kx, ky) fall, in the units they have."""
        angle = np.deg2rad(self.distortion_angle)
        axis = np.array([np.cos(angle), -np.sin(angle)])
        along = np.sqrt(1 + self.distortion)
        stretch = np.eye(2) / along + (along - 1 / along) * np.outer(axis, axis)
        return (1 + self.scale_error) * places @ stretch

    def calibration(self, scan_step: float) -> Calibration:
        """Return what the microscope says, errors not included."""
        ideal = microscope(self.detector_shape, scan_step)
        return replace(
            ideal, detector_scale=ideal.detector_scale * EDGE / _patterns.EDGE
        )


def reflections_of(
    phase: Phase, matrix: np.ndarray, precession: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return where a crystal's reflections are, and how intense.

    Parameters
    ----------
    phase : orix.crystal_map.Phase
        With all atoms of its cell.
    matrix : numpy.ndarray, shape (3, 3)
        From the crystal's frame to (kx, ky, kz).
    precession : float, default 0
        In degrees.

    Returns
    -------
    places : numpy.ndarray, shape (n, 2)
        (kx, ky) in 1/Å.
    intensities : numpy.ndarray, shape (n,)
    """
    from diffsims.generators.simulation_generator import SimulationGenerator
    from orix.quaternion import Rotation

    generator = SimulationGenerator(
        ENERGY, precession_angle=precession, minimum_intensity=1e-6
    )
    simulation = generator.calculate_diffraction2d(
        phase,
        Rotation(quaternions_of(np.asarray(matrix).T[np.newaxis])),
        reciprocal_radius=EDGE / 10 * np.sqrt(2),
        with_direct_beam=False,
        max_excitation_error=2 / (10 * THICKNESS),
    )
    vectors = simulation.coordinates
    return vectors.data[:, :2], np.asarray(vectors.intensity)


def along_zone_axis(phase: Phase, uvw: tuple, in_plane: float) -> np.ndarray:
    """Return how a crystal is turned whose zone axis is along kz, shape (3, 3).

    Parameters
    ----------
    phase : orix.crystal_map.Phase
        The crystal.
    uvw : tuple of int
        Indices of the zone axis.
    in_plane : float
        Degrees, counter-clockwise as seen, that it is turned by in the plane.
    """
    from orix.vector import Miller

    axis = Miller(uvw=[uvw], phase=phase).unit.data[0]
    # Any direction that is not along the axis gives the same frame every time.
    aside = np.eye(3)[np.abs(axis).argmin()]
    right = np.cross(aside, axis)
    right /= np.linalg.norm(right)
    frame = np.stack([right, np.cross(axis, right), axis])
    return turned_in_plane(frame, in_plane)


def turned_in_plane(matrix: np.ndarray, degrees: float) -> np.ndarray:
    """Return a crystal turned counter-clockwise as seen, where ky points down."""
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]]) @ matrix


def tilted(
    matrix: np.ndarray, spread: float, generator: np.random.Generator
) -> np.ndarray:
    """Return a crystal tilted at random about both axes in the plane.

    `spread` is the standard deviation of the tilt about each, in degrees.
    """
    from orix.quaternion import Rotation

    vector = np.append(np.deg2rad(spread) * generator.standard_normal(2), 0)
    angle = np.linalg.norm(vector)
    axis = vector / angle if angle else np.array([1.0, 0, 0])
    return Rotation.from_axes_angles(axis, angle).to_matrix()[0] @ matrix


@dataclass(frozen=True, eq=False)
class CrystalSpecimen(Specimen):
    """A specimen of known crystals.

    The first attributes are those of `hspy_cnmf.data._simulation.Specimen`, the others
    those of `PhaseTruth`.
    """

    phases: list | None = None
    phase_ids: np.ndarray | None = None
    matrices: np.ndarray | None = None

    def truth(self, recording: Recording) -> PhaseTruth:
        """Return its components, and which crystals they are."""
        return PhaseTruth(
            **vars(super().truth(recording))
            | {
                "phases": self.phases,
                "phase_ids": self.phase_ids,
                "matrices": self.matrices,
            }
        )


def crystal_specimen(
    *,
    title: str,
    phases: list,
    phase_ids: np.ndarray,
    matrices: np.ndarray,
    maps: np.ndarray,
    camera: Camera,
    step: float,
    amorphous: np.ndarray | None = None,
    diameters: np.ndarray | None = None,
) -> CrystalSpecimen:
    """Return a specimen of crystals, as a camera sees it.

    Parameters
    ----------
    title : str
        Name of the data set.
    phases : list of orix.crystal_map.Phase
        Crystals.
    phase_ids : numpy.ndarray of int, shape (components,)
        -1 for an amorphous one.
    matrices : numpy.ndarray, shape (components, 3, 3)
        How crystals are turned.
    maps : numpy.ndarray, shape (components, y, x)
        Shares of electrons, 1 in sum.
    camera : Camera
        Detector and its errors.
    step : float
        Of the scan, in nm.
    amorphous : numpy.ndarray, optional
        Pattern of amorphous components.
    diameters : numpy.ndarray, optional
        As in `Truth`.
    """
    patterns = [
        amorphous if number < 0 else camera.pattern(phases[number], matrix)
        for number, matrix in zip(phase_ids, matrices, strict=True)
    ]
    names = tuple(
        "amorphous" if number < 0 else f"{phases[number].name} {k}"
        for k, number in enumerate(phase_ids)
    )
    return CrystalSpecimen(
        title=title,
        patterns=np.stack(patterns),  # type: ignore[arg-type]
        maps=maps,
        calibration=camera.calibration(step),
        orientations=np.full(len(phase_ids), np.nan),
        families=np.asarray(phase_ids) + 1,
        names=names,
        diameters=diameters,
        phases=phases,
        phase_ids=np.asarray(phase_ids),
        matrices=np.asarray(matrices),
    )
