"""Crystalline precipitates of three families in a metallic glass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hspy_cnmf.data import _patterns
from hspy_cnmf.data._checks import (
    check_count,
    check_positive,
    check_shape,
)
from hspy_cnmf.data._data_set import data_set
from hspy_cnmf.data._precipitates import place_spheres, share_maps
from hspy_cnmf.data._simulation import Specimen, microscope

BEAM_FRACTION = 0.85
"""Share of the electrons in the direct beam, the same for every component."""

HALO = ((4.2, 0.5, 6.0), (7.0, 0.8, 1.5))
"""Radius (1/nm), standard deviation (1/nm) and height of the two halo rings."""

FAMILIES = (
    (0.259, 0.162, 71.0, 0.4),
    (0.228, 0.151, 63.0, 0.4),
    (0.191, 0.141, 55.0, 0.4),
)
"""Lattice distances of the strong and of the weak pair of spots (nm), the angle
between the pairs (degrees) and the relative intensity of the weak one."""

DIAMETER_SPREAD = 0.1
"""Relative standard deviation of the precipitates' diameters."""


@data_set(dose=2000000.0, truth="Truth")
def metallic_glass(
    generator: np.random.Generator,
    shape: tuple[int, int] = (58, 58),
    *,
    detector_shape: tuple[int, int] = (128, 128),
    n_precipitates: int = 20,
    diameter: float | Sequence[float] = 7.0,
    crystallinity: float = 0.05,
    step: float = 1.5,
    probe_fwhm: float = 2.0,
) -> Specimen:
    """Simulate spherical precipitates, randomly rotated, in an amorphous matrix.

    Every pattern has an intense direct beam. The precipitates belong to three
    families in turn, told apart by the lattice distance of their strongest spots:
    0.259, 0.228 and 0.191 nm. No two precipitates overlap in projection.

    Parameters
    ----------
    shape : tuple of int, default (58, 58)
        Rows and columns of the scan, at least (2, 2).
    detector_shape : tuple of int, default (128, 128)
        Detector rows and columns, at least (16, 16). Its nearest edge is at 8 1/nm.
    n_precipitates : int, default 20
        Number of precipitates.
    diameter : float, default 7.0
        Mean diameter of the precipitates in nm; they vary by 10 % (one standard
        deviation, limited to two).
    crystallinity : float, default 0.05
        Share of the scattered electrons (those outside the direct beam) that the
        crystal scatters at the centre of a precipitate, at most 1.
    step : float, default 1.5
        Distance of neighbouring probe positions in nm.
    probe_fwhm : float, default 2.0
        Full width at half maximum of the probe in nm, a Gaussian.

    Notes
    -----
    After the annealed Zr-Cu-Al glass of Kimoto et al., Sci. Rep. (2024),
    doi:10.1038/s41598-024-53289-5: scan, detector, probe, the three lattice
    distances and the mean diameter are those reported there. The second pair of
    spots, the shape of the halo and the share of the direct beam are this package's
    own. Component 0 is the matrix, every precipitate one of its own: the direct beam
    plus its spots. At orientation 0 the strong spots are to the right and left of the
    beam. The same seed gives the same specimen on any detector.
    """
    shape = check_shape("shape", shape, 2)
    step = check_positive("step", step)
    probe_fwhm = check_positive("probe_fwhm", probe_fwhm)
    crystallinity = check_positive("crystallinity", crystallinity, 1.0)
    diameters = _draw_diameters(n_precipitates, diameter, generator)
    extent = step * (np.array(shape) - 1)
    centers = place_spheres(diameters, extent, generator)
    return _glass_specimen(
        maps=share_maps(shape, step, centers, diameters, probe_fwhm, crystallinity),
        detector_shape=check_shape("detector_shape", detector_shape, 16),
        step=step,
        diameters=diameters,
        orientations=generator.uniform(0, 180, len(diameters)),
    )


def _draw_diameters(
    n_precipitates: int,
    diameter: float | Sequence[float],
    generator: np.random.Generator,
) -> np.ndarray:
    """Return a random diameter for every precipitate, in nm."""
    mean = check_positive("diameter", diameter)
    size = check_count("n_precipitates", n_precipitates)
    deviations = np.clip(generator.standard_normal(size), -2, 2)
    return mean * (1 + DIAMETER_SPREAD * deviations)


def _glass_specimen(
    *,
    maps: np.ndarray,
    detector_shape: tuple[int, int],
    step: float,
    diameters: np.ndarray,
    orientations: np.ndarray,
) -> Specimen:
    """Return the specimen with one component for each precipitate."""
    members = np.arange(len(diameters)) % len(FAMILIES)
    distances = np.array([family[0] for family in FAMILIES])[members]
    patterns = [_matrix_pattern(detector_shape)]
    for member, orientation in zip(members, orientations, strict=True):
        patterns.append(_crystal_pattern(detector_shape, FAMILIES[member], orientation))
    return Specimen(
        title="Metallic glass with precipitates (simulated)",
        patterns=np.stack(patterns),
        maps=maps,
        calibration=microscope(detector_shape, step),
        orientations=np.array([np.nan, *orientations]),
        families=np.array([0, *(members + 1)]),
        names=("matrix", *(f"precipitate {k + 1}" for k in range(len(members)))),
        lattice_distances=np.array([np.nan, *distances]),
        diameters=np.array([np.nan, *diameters]),
    )


def _matrix_pattern(detector_shape: tuple[int, int]) -> np.ndarray:
    """Return the unit-sum pattern of the glass: direct beam and halo, (ky, kx)."""
    halo = _patterns.diffuse_rings(detector_shape, 3.0, HALO)
    return _with_direct_beam(halo)


def _crystal_pattern(
    detector_shape: tuple[int, int], family: tuple[float, ...], orientation: float
) -> np.ndarray:
    """Return the unit-sum pattern of a rotated crystal: direct beam and spots."""
    strong, weak, angle, ratio = family
    pairs = [
        _patterns.polar_vector(1 / strong, orientation),
        _patterns.polar_vector(1 / weak, orientation + angle),
    ]
    # Friedel's law: the spot at -g is as strong as the one at g.
    vectors = np.array([pairs[0], -pairs[0], pairs[1], -pairs[1]])
    intensities = np.array([1, 1, ratio, ratio])
    spots = _patterns.bragg_spots(detector_shape, vectors, intensities)
    return _with_direct_beam(spots)


def _with_direct_beam(scattered: np.ndarray) -> np.ndarray:
    """Add the direct beam to a unit-sum pattern of scattered electrons."""
    origin = np.zeros((1, 2))
    beam = _patterns.bragg_spots(scattered.shape, origin, np.ones(1))
    return BEAM_FRACTION * beam + (1 - BEAM_FRACTION) * scattered
