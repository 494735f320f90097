"""Sizes of particles, more finely than the scan positions lie."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage
from scipy.ndimage import gaussian_filter
from skimage.measure import find_contours
from skimage.segmentation import flood

UPSAMPLING = 4
"""Points of the interpolating spline per scan position, along each axis."""

MARGIN = 4
"""Positions around a particle that the spline takes into account."""

_FINEST = 512
"""Steps of the finest grid that a sphere is blurred on, from its centre outwards."""


def measure(
    excess: np.ndarray,
    box: tuple[slice, slice],
    region: np.ndarray,
    peak: tuple[int, int],
    noise: float,
) -> tuple[float, float, list[float], float]:
    """Measure a particle on a cubic spline through its map.

    Parameters
    ----------
    excess : numpy.ndarray, shape (rows, columns)
        Map above its background, 0 where masked.
    box : tuple of slice
        The part of the map that holds the particle.
    region : numpy.ndarray of bool, shape of that part
        The particle: connected positions above half of the peak.
    peak : tuple of int
        Row and column of the peak.
    noise : float
        Noise of the map.

    Returns
    -------
    row, column : float
        Centre of mass of what is above half of the peak, in positions.
    areas : list of float
        Area of the region above half of the peak, in positions, and where the peak is
        lower and higher by the noise.
    height : float
        The peak.
    """
    (own,) = ndimage.find_objects(region.astype(int))
    firsts = [part.start + inner.start for part, inner in zip(box, own, strict=True)]
    sides = [part.stop - part.start for part in own]
    # The particle and a margin, beyond the scan with the background.
    origin = np.array(firsts) - MARGIN
    window = _part(excess, origin, np.array(sides) + 2 * MARGIN)
    fine_shape = UPSAMPLING * (np.array(window.shape) - 1) + 1
    fine = ndimage.zoom(window, fine_shape / window.shape, order=3)
    # The spline's maximum is within a position of that of the map.
    start = UPSAMPLING * (np.array(peak) - origin - 1)
    near = tuple(slice(first, first + 2 * UPSAMPLING + 1) for first in start)
    shift = np.unravel_index(fine[near].argmax(), fine[near].shape)
    top = tuple((start + shift).tolist())
    level = fine[top] / 2
    inside = flood(fine > level, top, connectivity=1)
    weights = np.where(inside, fine - level, 0)
    center = origin + np.array(ndimage.center_of_mass(weights)) / UPSAMPLING
    # Not by more than half the level, so as not to reach the background.
    move = min(noise, level) / 2
    areas = [_area(fine, top, x) for x in (level, level - move, level + move)]
    return *center, areas, fine[top]


def _part(values: np.ndarray, start: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Return a part of a map, zero where it is beyond the map."""
    stop = start + sides
    inside = tuple(map(slice, np.maximum(start, 0), np.minimum(stop, values.shape)))
    beyond = np.maximum(-start, 0), np.maximum(stop - values.shape, 0)
    return np.pad(values[inside], np.transpose(beyond))


def _area(fine: np.ndarray, top: tuple[int, ...], level: float) -> float:
    """Return the area of the region above a level around a point, in positions."""
    above = fine > level
    others = above & ~flood(above, top, connectivity=1)
    # Contours wind around holes the other way, so that these are subtracted.
    contours = find_contours(np.pad(np.where(others, 0, fine), 1), level)
    area = sum(
        np.dot(y[:-1], x[1:]) - np.dot(x[:-1], y[1:])
        for y, x in (c.T for c in contours)
    )
    return abs(area) / 2 / UPSAMPLING**2


def sphere_diameter(width: ArrayLike, blur: float = 0.0) -> np.ndarray:
    """Return the diameter of spheres from the widths of their maps at half maximum.

    Parameters
    ----------
    width : numpy.ndarray
        Diameter of the circle with the area above half of the maximum.
    blur : float, default 0
        Full width at half maximum of the Gaussian that the projected thickness of the
        sphere is convolved with.

    Returns
    -------
    numpy.ndarray
        0 where a map is no wider than the blur.
    """
    width = np.asarray(width, float)
    return width * np.interp(blur / width, *_blurred_spheres(), right=0)


@lru_cache(maxsize=1)
def _blurred_spheres() -> tuple[np.ndarray, np.ndarray]:
    """Return blurs, and diameters of spheres, both over the widths of their maps."""
    diameters = np.geomspace(40, 0.2, 60)
    radii = np.linspace(0, 24, 4801)
    profiles = [projected_sphere(radii, diameter, 1.0) for diameter in diameters]
    # Profiles fall, which makes them the abscissa only in reverse order.
    half = [np.interp(0.5, profile[::-1], radii[::-1]) for profile in profiles]
    widths = 2 * np.array(half)
    # Without blur, half of the thickness is at sqrt(3) / 2 of the radius.
    return np.append(0, 1 / widths), np.append(2 / np.sqrt(3), diameters / widths)


def projected_sphere(
    distance: np.ndarray, diameter: float, probe_fwhm: float
) -> np.ndarray:
    """Return the thickness of a sphere as a Gaussian probe sees it.

    Parameters
    ----------
    distance : numpy.ndarray
        Distance of the probe from the sphere's centre in nm, in projection.
    diameter : float
        Diameter of the sphere in nm.
    probe_fwhm : float
        Full width at half maximum of the probe in nm.

    Returns
    -------
    numpy.ndarray, shape of `distance`
        Thickness convolved with the probe, 1 at the centre; 0 further than four
        standard deviations of the probe outside the sphere.

    Notes
    -----
    The convolution is computed once, on a fine grid, and is interpolated along the
    radius: both the sphere and the probe are round.
    """
    radius, sigma = diameter / 2, probe_fwhm / np.sqrt(8 * np.log(2))
    reach = radius + 4 * sigma
    # A probe far narrower than the sphere, or far wider, needs no finer grid.
    half = int(np.ceil(reach / max(min(radius, sigma) / 8, reach / _FINEST)))
    grid = np.linspace(-reach, reach, 2 * half + 1)
    across = grid[:, np.newaxis] ** 2 + grid**2
    thickness = np.sqrt(np.clip(radius**2 - across, 0, None))
    spread = gaussian_filter(thickness, sigma / (reach / half), mode="constant")
    profile = spread[half, half:]
    return np.interp(distance, grid[half:], profile / profile[0], right=0)
