"""Building blocks of diffraction patterns: diffuse rings, beam and Bragg spots.

Positions on the detector are scattering vectors (kx, ky) in 1/nm; ky points down,
as the rows of the image do. The detector's nearest edge is at 8 1/nm.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

EDGE = 8.0
"""Scattering vector at the detector's nearest edge, in 1/nm."""

DISC_RADIUS = 0.25
"""Radius of the diffraction discs in 1/nm: 0.5 mrad at 300 kV (1.97 pm)."""


def detector_scale(detector_shape: tuple[int, int]) -> float:
    """Return the width of a detector pixel in 1/nm.

    Parameters
    ----------
    detector_shape : tuple of int
        Detector rows and columns.

    Returns
    -------
    float
        The scale, the same along both axes.
    """
    return 2 * EDGE / min(detector_shape)


def detector_coordinates(
    detector_shape: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the scattering vector of every pixel.

    Parameters
    ----------
    detector_shape : tuple of int
        Detector rows and columns.

    Returns
    -------
    kx : numpy.ndarray, shape (1, columns)
        Horizontal part in 1/nm, to the right.
    ky : numpy.ndarray, shape (rows, 1)
        Vertical part in 1/nm, downwards.
    """
    scale = detector_scale(detector_shape)
    ky, kx = ((np.arange(size) - (size - 1) / 2) * scale for size in detector_shape)
    return kx[np.newaxis, :], ky[:, np.newaxis]


def diffuse_rings(
    detector_shape: tuple[int, int],
    decay: float,
    rings: Iterable[tuple[float, float, float]],
) -> np.ndarray:
    """Return the rotationally symmetric pattern of an amorphous solid.

    Parameters
    ----------
    detector_shape : tuple of int
        Detector rows and columns.
    decay : float
        Scattering vector over which the background falls by a factor e, in 1/nm.
    rings : sequence of tuple of float
        Radius (1/nm), standard deviation (1/nm) and height of each diffuse ring,
        relative to a background that is 1 at the centre.

    Returns
    -------
    numpy.ndarray, shape `detector_shape`
        The pattern, with unit sum and without a direct beam.
    """
    q = np.hypot(*detector_coordinates(detector_shape))
    pattern = np.exp(-q / decay)
    for radius, width, height in rings:
        pattern += height * np.exp(-(((q - radius) / width) ** 2) / 2)
    return pattern / pattern.sum()


def bragg_spots(
    detector_shape: tuple[int, int], vectors: np.ndarray, intensities: Iterable[float]
) -> np.ndarray:
    """Return a pattern of diffraction discs that is zero between them.

    Parameters
    ----------
    detector_shape : tuple of int
        Detector rows and columns.
    vectors : numpy.ndarray, shape (spots, 2)
        Scattering vectors (kx, ky) of the spots in 1/nm, ky downwards.
    intensities : numpy.ndarray, shape (spots,)
        Relative intensity of each spot.

    Returns
    -------
    numpy.ndarray, shape `detector_shape`
        The pattern, with unit sum.

    Notes
    -----
    The edge of a disc falls as a raised cosine over two pixels. Where the detector
    has so few pixels that a disc would slip between them, the disc is widened.
    """
    kx, ky = detector_coordinates(detector_shape)
    scale = detector_scale(detector_shape)
    radius = max(DISC_RADIUS / scale, 0.75)
    edge = min(radius, 1.0)
    pattern = np.zeros(detector_shape)
    for (spot_x, spot_y), intensity in zip(vectors, intensities, strict=True):
        distance = np.hypot(kx - spot_x, ky - spot_y) / scale
        outwards = np.clip((distance - radius + edge) / (2 * edge), 0, 1)
        pattern += intensity * (1 + np.cos(np.pi * outwards)) / 2
    return pattern / pattern.sum()


def lattice_vectors(
    first: float, second: float, angle: float, cutoff: float
) -> np.ndarray:
    """Return the points of a two-dimensional reciprocal lattice, without the origin.

    Parameters
    ----------
    first, second : float
        Lengths of the two basis vectors in 1/nm; the first points to the right.
    angle : float
        Angle from the first to the second in degrees, counter-clockwise as seen on
        the detector image.
    cutoff : float
        Longest vector to return, in 1/nm.

    Returns
    -------
    numpy.ndarray, shape (points, 2)
        The vectors (kx, ky) in 1/nm, ky downwards.
    """
    basis = np.stack([polar_vector(first, 0), polar_vector(second, angle)])
    # No point with |k| <= cutoff has a larger index than this.
    height = min(first, second) * np.sin(np.deg2rad(angle))
    indices = np.arange(-int(cutoff // height) - 1, int(cutoff // height) + 2)
    h, k = np.meshgrid(indices, indices)
    vectors = np.stack([h.ravel(), k.ravel()], axis=1) @ basis
    lengths = np.hypot(*vectors.T)
    return vectors[(lengths > 0) & (lengths <= cutoff)]


def polar_vector(length: float, angle: float) -> np.ndarray:
    """Return the vector of this length and direction.

    Parameters
    ----------
    length : float
        Length in 1/nm.
    angle : float
        Direction in degrees from the right, counter-clockwise as seen on the
        detector image, where ky points down.

    Returns
    -------
    numpy.ndarray, shape (2,)
        The vector (kx, ky).
    """
    radians = np.deg2rad(angle)
    return length * np.array([np.cos(radians), -np.sin(radians)])


def rotate_vectors(vectors: np.ndarray, angle: float) -> np.ndarray:
    """Rotate vectors in the plane of the detector.

    Parameters
    ----------
    vectors : numpy.ndarray, shape (vectors, 2)
        The vectors (kx, ky), ky downwards.
    angle : float
        Angle in degrees, counter-clockwise as seen on the detector image.

    Returns
    -------
    numpy.ndarray, shape (vectors, 2)
        The rotated vectors.
    """
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return vectors @ np.array([[cosine, -sine], [sine, cosine]])
