"""One amorphous and three crystalline phases, as the method was published with."""

from __future__ import annotations

import numpy as np
from scipy.special import erf

from hspy_cnmf.data import _patterns
from hspy_cnmf.data._checks import check_shape
from hspy_cnmf.data._data_set import data_set
from hspy_cnmf.data._simulation import Specimen, microscope

FRACTIONS = (0.09, 0.03, 0.01)
"""Crystalline fraction of the areas in each column of the specimen."""

LATTICES = (
    ("square", 4.4, 4.4, 90.0, 10.0),
    ("hexagonal", 3.9, 3.9, 60.0, 25.0),
    ("oblique", 3.5, 5.0, 74.0, 50.0),
)
"""Name, two reciprocal lengths (1/nm), their angle and the orientation (degrees)."""


@data_set(dose=10000.0, truth="Truth")
def four_phases(
    shape: tuple[int, int] = (36, 36),
    *,
    detector_shape: tuple[int, int] = (128, 128),
) -> Specimen:
    """Simulate nine crystalline areas of three phases in an amorphous matrix.

    The rows of the 3 x 3 areas are three crystals, the columns crystalline
    fractions of 9, 3 and 1 %; the rest of the electrons is scattered as by the
    amorphous matrix. There is no direct beam.

    Parameters
    ----------
    shape : tuple of int, default (36, 36)
        Rows and columns of the scan, at least (9, 9), in steps of 1 nm. The areas
        scale with it: each is half as wide as a third of the scan. In a scan below
        18 an area may lie between positions and stay below its fraction, by 13 % at
        most.
    detector_shape : tuple of int, default (128, 128)
        Detector rows and columns, at least (16, 16). Its nearest edge is at 8 1/nm.

    Notes
    -----
    After the simulated data of Kimoto et al., Sci. Rep. (2025),
    doi:10.1038/s41598-025-23541-7, Fig. 10 and Methods: size of the scan and of the
    detector, areas of about 6 x 6 positions with graded interfaces, fractions and
    dose are theirs. The patterns themselves are not published as numbers: rings and
    lattices here are this package's own. Component 0 is the matrix; lattice distances
    are those of the shortest reciprocal lattice vector.
    """
    shape = check_shape("shape", shape, 9)
    detector_shape = check_shape("detector_shape", detector_shape, 16)
    names, first, second, _, orientations = zip(*LATTICES, strict=True)
    return Specimen(
        title="Four phases (simulated)",
        patterns=_phase_patterns(detector_shape),
        maps=_phase_maps(shape),
        calibration=microscope(detector_shape, scan_step=1.0),
        orientations=np.array([np.nan, *orientations]),
        families=np.arange(4),
        names=("amorphous", *map(str, names)),
        lattice_distances=np.array(
            [np.nan, *(1 / np.minimum(np.array(first), np.array(second)))]
        ),
    )


def _phase_patterns(detector_shape: tuple[int, int]) -> np.ndarray:
    """Return the unit-sum patterns of the matrix and the crystals, (4, ky, kx)."""
    rings = ((4.1, 0.45, 0.25), (7.0, 0.7, 0.06))
    patterns = [_patterns.diffuse_rings(detector_shape, 2.5, rings)]
    for _, first, second, angle, orientation in LATTICES:
        # Discs whose centres are this far inside the edge are whole.
        vectors = _patterns.lattice_vectors(first, second, angle, cutoff=7.5)
        intensities = np.exp(-np.hypot(*vectors.T) / 2.5)
        vectors = _patterns.rotate_vectors(vectors, orientation)
        patterns.append(_patterns.bragg_spots(detector_shape, vectors, intensities))
    return np.stack(patterns)


def _phase_maps(shape: tuple[int, ...]) -> np.ndarray:
    """Return the share of each component at each position, (4, y, x)."""
    rows, columns = (_graded_bands(size) for size in shape)
    crystals = rows[:, :, np.newaxis] * (FRACTIONS @ columns)
    return np.concatenate([1 - crystals.sum(axis=0, keepdims=True), crystals])


def _graded_bands(size: int) -> np.ndarray:
    """Return three bands along an axis with soft edges, (3, size).

    A band is 6 positions wide and its edges are smoothed by a Gaussian of 0.8
    positions in a scan of 36; both scale with the size.
    """
    cell = size / 3
    centers = (np.arange(3)[:, np.newaxis] + 0.5) * cell - 0.5
    half_width, softness = cell / 4, np.sqrt(2) * 0.8 * size / 36
    distance = np.arange(size) - centers
    inside = erf((distance + half_width) / softness)
    return (inside - erf((distance - half_width) / softness)) / 2
