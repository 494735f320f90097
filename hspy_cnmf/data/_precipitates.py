"""Places and maps of spherical precipitates."""

from __future__ import annotations

import numpy as np

from hspy_cnmf.maps.particle_size import projected_sphere

ATTEMPTS = 500
"""Random places that are tried for each sphere."""

ARRANGEMENTS = 20
"""How often the placing starts anew when a sphere finds no free place."""


def place_spheres(
    diameters: np.ndarray, extent: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Place spheres at random so that no two overlap in projection.

    Parameters
    ----------
    diameters : numpy.ndarray, shape (spheres,)
        Diameters in nm.
    extent : numpy.ndarray, shape (2,)
        Height and width of the scanned area in nm; the spheres lie inside.
    generator : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    numpy.ndarray, shape (spheres, 2)
        Centres (y, x) in nm from the first probe position.

    Raises
    ------
    ValueError
        If a sphere is larger than the area, or if no arrangement of all was found.
    """
    radii = diameters / 2
    if diameters.max() > min(extent):
        raise ValueError(
            f"A precipitate of {diameters.max():.3g} nm does not fit into the scanned "
            f"{extent[0]:g} x {extent[1]:g} nm: give a smaller diameter, a larger "
            "shape or a larger step."
        )
    most = 0
    for _ in range(ARRANGEMENTS):
        centers = _arrange(radii, extent, generator)
        most = max(most, len(centers))
        if most == len(radii):
            return centers
    raise ValueError(
        f"n_precipitates={len(radii)} is too many: only {most} found a free place. "
        "Give fewer, a smaller diameter, a larger shape or a larger step."
    )


def _arrange(
    radii: np.ndarray, extent: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Return the centres (y, x) of the spheres, up to the first without a place."""
    centers = np.empty((0, 2))
    for radius in radii:
        tried = generator.uniform(radius, extent - radius, size=(ATTEMPTS, 2))
        gaps = np.hypot(*(tried[:, np.newaxis] - centers).T).T
        free = (gaps >= radius + radii[: len(centers)]).all(axis=1)
        if not free.any():
            break
        centers = np.vstack([centers, tried[free.argmax()]])
    return centers


def share_maps(
    shape: tuple[int, ...],
    step: float,
    centers: np.ndarray,
    diameters: np.ndarray,
    probe_fwhm: float,
    crystallinity: float,
) -> np.ndarray:
    """Return the share of the matrix and of every precipitate at each position.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the scan.
    step : float
        Distance of neighbouring probe positions in nm.
    centers : numpy.ndarray, shape (precipitates, 2)
        Centres (y, x) in nm.
    diameters : numpy.ndarray, shape (precipitates,)
        Diameters in nm.
    probe_fwhm : float
        Full width at half maximum of the probe in nm.
    crystallinity : float
        Share of a precipitate at its centre.

    Returns
    -------
    numpy.ndarray, shape (1 + precipitates, y, x)
        The shares, 1 in sum at each position; the matrix first.

    Raises
    ------
    ValueError
        If the precipitates together would have more than everything.
    """
    y, x = (np.arange(size) * step for size in shape)
    crystals = np.stack(
        [
            projected_sphere(
                np.hypot(y[:, np.newaxis] - center[0], x - center[1]),
                diameter,
                probe_fwhm,
            )
            for center, diameter in zip(centers, diameters, strict=True)
        ]
    )
    crystals *= crystallinity
    matrix = 1 - crystals.sum(axis=0, keepdims=True)
    if matrix.min() < 0:
        raise ValueError(
            f"probe_fwhm={probe_fwhm:g} blurs neighbouring precipitates into each "
            f"other until they scatter more than everything at crystallinity="
            f"{crystallinity:g}: give a smaller probe or a lower crystallinity."
        )
    return np.concatenate([matrix, crystals])
