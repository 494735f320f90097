"""Specimens of known crystals side by side: iron grains, and silver twins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from hspy_cnmf.data import _patterns
from hspy_cnmf.data._checks import check_count, check_positive, check_shape
from hspy_cnmf.data._crystal_structures import crystal_phase
from hspy_cnmf.data._data_set import data_set
from hspy_cnmf.data._kinematic import (
    EDGE,
    Camera,
    CrystalSpecimen,
    along_zone_axis,
    crystal_specimen,
    tilted,
)

if TYPE_CHECKING:
    from orix.crystal_map import Phase

#: Halo of the glass: radius, standard deviation (1/nm) and height of each ring.
HALO = ((4.8, 0.5, 1.5), (8.2, 0.9, 0.4))

#: Zone axes that crystals are seen along, each with spots of several distances.
ZONES = {
    "alpha-Fe": ((0, 0, 1), (1, 1, 1), (0, 1, 1)),
    "gamma-Fe": ((0, 0, 1), (0, 1, 1)),
    "Fe2B": ((0, 0, 1), (1, 0, 0), (1, 1, 0)),
    "Fe3B": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}


def camera_of(
    detector_shape: tuple[int, int],
    tilt_spread: float,
    scale_error: float,
    distortion: float,
    precession: float,
) -> Camera:
    """Return the camera, once its errors and the tilts are checked.

    Parameters
    ----------
    detector_shape : tuple of int
        Detector rows and columns, at least (16, 16). Its nearest edge is at 12 1/nm;
        there is no direct beam.
    tilt_spread : float
        Standard deviation of the tilt of each crystal about both axes in the plane, in
        degrees, 0 to 20.
    scale_error : float
        Part by which patterns are larger than the calibration says, within 0.2.
    distortion : float
        Part by which patterns are longer along an axis 30 degrees counter-clockwise
        from the right than across it, 0 to 0.2.
    precession : float
        Angle of the beam's precession in degrees, 0 to 5.
    """
    limits = {
        "tilt_spread": (tilt_spread, 0.0, 20.0),
        "scale_error": (scale_error, -0.2, 0.2),
        "distortion": (distortion, 0.0, 0.2),
        "precession": (precession, 0.0, 5.0),
    }
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} must be from {low:g} to {high:g}.")
    shape = check_shape("detector_shape", detector_shape, 16)
    return Camera(shape, scale_error, distortion, precession=precession)


@data_set(dose=3000.0, truth="PhaseTruth", also=camera_of)
def iron_grains(
    generator: np.random.Generator,
    shape: tuple[int, int] = (24, 24),
    *,
    n_grains: int = 6,
    overlap: float = 3.0,
    detector_shape: tuple[int, int] = (96, 96),
    tilt_spread: float = 0.5,
    scale_error: float = 0.0,
    distortion: float = 0.0,
    precession: float = 0.5,
) -> CrystalSpecimen:
    """Simulate grains of alpha and gamma iron, whose boundaries are inclined.

    Parameters
    ----------
    shape : tuple of int, default (24, 24)
        Rows and columns of the scan, in steps of 2 nm, at least (8, 8).
    n_grains : int, default 6
        Number of grains, alpha and gamma in turn, along one of few zone axes each.
    overlap : float, default 3.0
        Width in nm over which two grains lie over each other at a boundary.
    """
    shape = check_shape("shape", shape, 8)
    n_grains = check_count("n_grains", n_grains)
    overlap = check_positive("overlap", overlap)
    camera = camera_of(detector_shape, tilt_spread, scale_error, distortion, precession)
    phases = [crystal_phase("alpha-Fe"), crystal_phase("gamma-Fe")]
    phase_ids = np.arange(n_grains) % 2
    matrices = orientations(phases, phase_ids, tilt_spread, generator)
    return crystal_specimen(
        title="Iron grains (simulated)",
        phases=phases,
        phase_ids=phase_ids,
        matrices=matrices,
        maps=_grain_maps(shape, n_grains, overlap / 2.0, generator),
        camera=camera,
        step=2.0,
    )


@data_set(dose=3000.0, truth="PhaseTruth", also=camera_of)
def kinematic_silver_twins(
    generator: np.random.Generator,
    shape: tuple[int, int] = (24, 24),
    *,
    lamella: float = 12.0,
    detector_shape: tuple[int, int] = (96, 96),
    tilt_spread: float = 0.3,
    scale_error: float = 0.0,
    distortion: float = 0.0,
    precession: float = 0.5,
) -> CrystalSpecimen:
    """Simulate silver seen along [0 1 1] with twin lamellae, on a carbon film.

    Parameters
    ----------
    shape : tuple of int, default (24, 24)
        Rows and columns of the scan, in steps of 2 nm, at least (8, 8).
    lamella : float, default 12.0
        Width of lamellae in nm: silver and its twin in turn.

    Notes
    -----
    The twin is silver turned by half a turn about a normal of {1 1 1} in the plane of
    the patterns. Component 0 is the film, 30 % of the counts; 1 is silver, 2 its twin.
    """
    shape = check_shape("shape", shape, 8)
    lamella = check_positive("lamella", lamella)
    camera = camera_of(detector_shape, tilt_spread, scale_error, distortion, precession)
    silver = crystal_phase("Ag")
    in_plane = generator.uniform(0, 360)
    crystal = along_zone_axis(silver, (0, 1, 1), in_plane)
    crystal = tilted(crystal, tilt_spread, generator)
    normal = np.array([1.0, 1, -1]) / np.sqrt(3)
    twin = crystal @ (2 * np.outer(normal, normal) - np.eye(3))
    # Lamellae lie along the twin's plane as it is seen.
    across = (crystal @ normal)[:2]
    y, x = (np.arange(size) * 2.0 for size in shape)
    wave = (x * across[0] + y[:, None] * across[1]) / (2 * lamella)
    band = ndimage.gaussian_filter((wave % 1 < 0.5).astype(float), 0.7)
    maps = np.stack([np.full(shape, 0.3), 0.7 * band, 0.7 * (1 - band)])
    return crystal_specimen(
        title="Silver twins (simulated)",
        phases=[silver],
        phase_ids=np.array([-1, 0, 0]),
        matrices=np.stack([np.full((3, 3), np.nan), crystal, twin]),
        maps=maps,
        camera=camera,
        step=2.0,
        amorphous=halo(camera),
    )


def orientations(
    phases: list[Phase],
    phase_ids: np.ndarray,
    tilt_spread: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return how crystals are turned, along one of few zone axes of their phase."""
    matrices = []
    for number in phase_ids:
        zones = ZONES[phases[number].name]
        zone = zones[generator.integers(len(zones))]
        matrix = along_zone_axis(phases[number], zone, generator.uniform(0, 360))
        matrices.append(tilted(matrix, tilt_spread, generator))
    return np.stack(matrices)


def _grain_maps(
    shape: tuple[int, int], n_grains: int, blur: float, generator: np.random.Generator
) -> np.ndarray:
    """Return shares of grains about random places, 1 in sum, (n_grains, y, x)."""
    places = generator.uniform(0, np.array(shape) - 1, size=(n_grains, 2))
    # A few steps towards the middles of the grains make them of like size.
    points = np.stack(np.indices(shape), axis=-1).astype(float)  # type: ignore[call-overload]
    for _ in range(5):
        nearest = np.linalg.norm(points[..., None, :] - places, axis=-1).argmin(axis=-1)
        for k in range(n_grains):
            if (nearest == k).any():
                places[k] = points[nearest == k].mean(axis=0)
    nearest = np.linalg.norm(points[..., None, :] - places, axis=-1).argmin(axis=-1)
    sharp = (nearest == np.arange(n_grains)[:, None, None]).astype(float)
    sigma = blur / 2.355
    soft = np.stack([ndimage.gaussian_filter(m, sigma, mode="nearest") for m in sharp])
    return soft / soft.sum(axis=0)


def halo(camera: Camera) -> np.ndarray:
    """Return the pattern of an amorphous solid, on the detector's own scale."""
    ratio = _patterns.EDGE / EDGE
    rings = [(radius * ratio, width * ratio, height) for radius, width, height in HALO]
    return _patterns.diffuse_rings(camera.detector_shape, 3.0 * ratio, rings)
