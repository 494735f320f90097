"""Specimens of spherical crystals in a matrix: a glass, and an aluminium alloy."""

from __future__ import annotations

import numpy as np

from hspy_cnmf.data._checks import check_count, check_positive, check_shape
from hspy_cnmf.data._crystal_structures import crystal_phase
from hspy_cnmf.data._crystalline import camera_of, halo, orientations
from hspy_cnmf.data._data_set import data_set
from hspy_cnmf.data._kinematic import (
    CrystalSpecimen,
    along_zone_axis,
    crystal_specimen,
    tilted,
)
from hspy_cnmf.data._precipitates import place_spheres, share_maps

STEP = 1.5
"""Distance of positions, and width of the probe, where there are spheres, in nm."""

#: From theta' to aluminium: its c axis along z, x and y of the cube.
VARIANTS = (
    np.eye(3),
    np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]),
    np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]),
)


@data_set(dose=3000.0, truth="PhaseTruth", also=camera_of)
def glass_crystals(
    generator: np.random.Generator,
    shape: tuple[int, int] = (32, 32),
    *,
    n_crystals: int = 9,
    diameter: float = 8.0,
    crystallinity: float = 0.5,
    detector_shape: tuple[int, int] = (96, 96),
    tilt_spread: float = 0.5,
    scale_error: float = 0.0,
    distortion: float = 0.0,
    precession: float = 0.5,
) -> CrystalSpecimen:
    """Simulate crystals of iron, Fe2B and Fe3B in a glass of iron and boron.

    Parameters
    ----------
    shape : tuple of int, default (32, 32)
        Rows and columns of the scan, in steps of 1.5 nm, at least (8, 8).
    n_crystals : int, default 9
        Number of spheres, of the three phases in turn, along one of few zone axes each.
    diameter : float, default 8.0
        Their mean diameter in nm; they vary by 10 %.
    crystallinity : float, default 0.5
        Share of the counts of a crystal at its centre.

    Notes
    -----
    Component 0 is the glass.
    """
    shape = check_shape("shape", shape, 8)
    count = check_count("n_crystals", n_crystals)
    camera = camera_of(detector_shape, tilt_spread, scale_error, distortion, precession)
    diameters, shares = _spheres(shape, count, diameter, crystallinity, generator)
    phases = [crystal_phase(name) for name in ("alpha-Fe", "Fe2B", "Fe3B")]
    phase_ids = np.arange(count) % 3
    matrices = orientations(phases, phase_ids, tilt_spread, generator)
    return crystal_specimen(
        title="Crystals in a glass (simulated)",
        phases=phases,
        phase_ids=np.append(-1, phase_ids),
        matrices=np.concatenate([np.full((1, 3, 3), np.nan), matrices]),
        maps=shares,
        camera=camera,
        step=STEP,
        amorphous=halo(camera),
        diameters=np.append(np.nan, diameters),
    )


@data_set(dose=3000.0, truth="PhaseTruth", also=camera_of)
def aluminium_precipitates(
    generator: np.random.Generator,
    shape: tuple[int, int] = (32, 32),
    *,
    n_precipitates: int = 8,
    diameter: float = 8.0,
    crystallinity: float = 0.5,
    detector_shape: tuple[int, int] = (96, 96),
    tilt_spread: float = 0.3,
    scale_error: float = 0.0,
    distortion: float = 0.0,
    precession: float = 0.5,
) -> CrystalSpecimen:
    """Simulate theta' and Al3Sc in aluminium, seen along its [0 0 1].

    Parameters
    ----------
    shape : tuple of int, default (32, 32)
        Rows and columns of the scan, in steps of 1.5 nm, at least (8, 8).
    n_precipitates : int, default 8
        Number of precipitates: in turn Al3Sc and the three variants of theta'.
    diameter : float, default 8.0
        Their mean diameter in nm; they vary by 10 %.
    crystallinity : float, default 0.5
        Share of the counts of a precipitate at its centre.

    Notes
    -----
    Al3Sc is parallel to the matrix, cube on cube; theta' has (0 0 1) parallel to one of
    the cube's {0 0 1} and [1 0 0] parallel to its [1 0 0]. Component 0 is the matrix,
    1 is Al3Sc, and each variant of theta' is one with all its precipitates.
    `tilt_spread` tilts the whole specimen.
    """
    shape = check_shape("shape", shape, 8)
    count = check_count("n_precipitates", n_precipitates)
    camera = camera_of(detector_shape, tilt_spread, scale_error, distortion, precession)
    _, shares = _spheres(shape, count, diameter, crystallinity, generator)
    phases = [crystal_phase(name) for name in ("Al", "Al3Sc", "theta'-Al2Cu")]
    matrix = along_zone_axis(phases[0], (0, 0, 1), generator.uniform(0, 360))
    matrix = tilted(matrix, tilt_spread, generator)
    # Precipitates that are turned alike are one component.
    kinds = np.arange(count) % 4
    there = np.unique(kinds)
    turned = [matrix if kind == 0 else matrix @ VARIANTS[kind - 1] for kind in there]
    return crystal_specimen(
        title="Aluminium with precipitates (simulated)",
        phases=phases,
        phase_ids=np.append(0, np.where(there == 0, 1, 2)),
        matrices=np.stack([matrix, *turned]),
        maps=np.stack(
            [shares[0], *(shares[1:][kinds == k].sum(axis=0) for k in there)]
        ),
        camera=camera,
        step=STEP,
    )


def _spheres(
    shape: tuple[int, int],
    count: int,
    diameter: float,
    crystallinity: float,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return diameters of spheres, and shares of what is around them and of each."""
    crystallinity = check_positive("crystallinity", crystallinity, 1.0)
    deviations = np.clip(generator.standard_normal(count), -2, 2)
    diameters = check_positive("diameter", diameter) * (1 + 0.1 * deviations)
    centers = place_spheres(diameters, STEP * (np.array(shape) - 1), generator)
    shares = share_maps(shape, STEP, centers, diameters, STEP, crystallinity)
    return diameters, shares
