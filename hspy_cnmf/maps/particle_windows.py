"""Mean of particles, each in the centre of a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from hspy_cnmf.maps._checks import check_maps, check_steps

#: Positions around a window that are looked at: cubic splines forget a position further
#: away, to better than 1e-16 (by a factor 0.27 a position).
_MARGIN = 32


def window_sides(
    particles: np.ndarray, steps: ArrayLike, diameters: float = 3.0
) -> tuple[int, ...]:
    """Return odd numbers of rows and columns that hold the largest particle.

    Parameters
    ----------
    particles : numpy.ndarray, shape (n_particles,)
        From `find_particles`.
    steps : tuple of float
        As for `find_particles`.
    diameters : float, default 3
        Side of the window over the diameter of the largest particle.

    Returns
    -------
    tuple of int
        At least 3; without particles, 3.
    """
    side = diameters * particles["diameter"].max(initial=0) / check_steps(steps)
    return tuple(int(half) * 2 + 1 for half in np.maximum(np.ceil(side / 2 - 0.5), 1))


def mean_window(
    maps: np.ndarray,
    particles: np.ndarray,
    steps: ArrayLike,
    sides: ArrayLike,
    weights: ArrayLike | None = None,
) -> np.ndarray:
    """Return the mean map of particles, each shifted to the centre of a window.

    Parameters
    ----------
    maps : numpy.ndarray, shape (n_components, rows, columns)
        In which the particles were found; NaN marks masked positions.
    particles : numpy.ndarray, shape (n_particles,)
        From `find_particles`. Better without those that touch an edge: the centre of
        what is left of a particle is not its centre.
    steps : tuple of float
        As for `find_particles`.
    sides : int or tuple of int
        Odd numbers of rows and columns of the window, see `window_sides`.
    weights : numpy.ndarray, shape (n_particles,), optional
        Weight of each particle. By default all have the same, so that the mean is in
        the units of `maps` and a strong particle counts for more than a weak one. For
        the mean of their shapes, give ``1 / particles["height"]``.

    Returns
    -------
    numpy.ndarray, shape `sides`
        NaN where no particle has data.

    Raises
    ------
    ValueError
        If an array has the wrong shape, a side is not an odd number or a weight is
        negative.

    Notes
    -----
    Maps are shifted by cubic splines. Positions outside the scan and masked positions
    take no part: the mean is over the particles that have data there. Nor do
    positions within another particle of the same map take part, where they are
    nearer to it than to the particle in the window; nearer is measured in widths, and
    a particle ends a width from its centre, where the foot of a blurred sphere is.
    """
    maps, steps = check_maps(maps, steps)
    sides = np.broadcast_to(sides, 2)
    if (sides < 1).any() or (sides % 2 != 1).any():
        raise ValueError(f"sides must be odd numbers of positions, got {sides}.")
    weights = np.ones(len(particles)) if weights is None else np.asarray(weights, float)
    if weights.shape != particles.shape or not (weights >= 0).all():
        raise ValueError(
            f"weights must be {len(particles)} non-negative numbers, one a particle."
        )
    if particles["component"].max(initial=-1) >= len(maps):
        raise ValueError(f"particles are of other maps than these {len(maps)}.")
    offsets = np.indices(tuple(sides)) - (sides // 2)[:, np.newaxis, np.newaxis]
    total, weight = np.zeros(sides), np.zeros(sides)
    for component in np.unique(particles["component"]):
        here = particles["component"] == component
        nearest = _nearest(maps.shape[1:], particles[here], steps)
        for particle, factor in zip(particles[here], weights[here], strict=True):
            window = _window(maps[component], particle, nearest, steps, offsets)
            known = ~np.isnan(window)
            total[known] += factor * window[known]
            weight[known] += factor
    return np.divide(total, weight, out=np.full(total.shape, np.nan), where=weight > 0)


def _nearest(
    shape: tuple[int, int], particles: np.ndarray, steps: np.ndarray
) -> np.ndarray:
    """Return the distance of each position to the particle that it lies in, in widths.

    Of several the least; infinite where there is none. Only positions about a particle
    are looked at.
    """
    nearest = np.full(shape, np.inf)
    for particle in particles:
        box = _box(particle, particle["width"] / steps, shape)
        distance = _distance(particle, box, steps)
        inside = np.where(distance < 1, distance, np.inf)
        nearest[box] = np.minimum(nearest[box], inside)
    return nearest


def _box(
    particle: np.void, half: np.ndarray, shape: tuple[int, int]
) -> tuple[slice, slice]:
    """Return the part of a map within half sides, in positions, about a particle."""
    center = np.array([particle["row"], particle["column"]])
    start = np.clip(np.floor(center - half), 0, shape).astype(int)
    stop = np.clip(np.ceil(center + half) + 1, start, shape).astype(int)
    return slice(start[0], stop[0]), slice(start[1], stop[1])


def _distance(
    particle: np.void, box: tuple[slice, slice], steps: np.ndarray
) -> np.ndarray:
    """Return how far positions are from the centre of a particle, in its widths."""
    rows, columns = (np.arange(part.start, part.stop) for part in box)
    row = (rows - particle["row"]) * steps[0]
    column = (columns - particle["column"]) * steps[1]
    return np.hypot(row[:, np.newaxis], column) / particle["width"]


def _window(
    values: np.ndarray,
    particle: np.void,
    nearest: np.ndarray,
    steps: np.ndarray,
    offsets: np.ndarray,
) -> np.ndarray:
    """Return a map around a particle, NaN where nothing of it is known.

    Parameters
    ----------
    values : numpy.ndarray, shape (rows, columns)
        The map.
    particle : numpy.void
    nearest : numpy.ndarray, shape (rows, columns)
        See `_nearest`.
    steps : numpy.ndarray, shape (2,)
    offsets : numpy.ndarray, shape (2, *sides)
        Of the window's positions from its centre.
    """
    half = np.array(offsets.shape[1:]) / 2 + _MARGIN
    box = _box(particle, half, values.shape)
    # Where another particle is nearer, nothing is known of this one.
    other = nearest[box] < _distance(particle, box, steps)
    known = ~np.isnan(values[box]) & ~other
    if not known.any():
        return np.full(offsets.shape[1:], np.nan)
    filling = ndimage.distance_transform_edt(
        ~known, return_distances=False, return_indices=True
    )
    center = particle["row"] - box[0].start, particle["column"] - box[1].start
    coordinates = offsets + np.array(center)[:, np.newaxis, np.newaxis]
    window = ndimage.map_coordinates(
        values[box][tuple(filling)].astype(float), coordinates, order=3, mode="nearest"
    )
    has_data = ndimage.map_coordinates(
        known.astype(float), coordinates, order=0, mode="grid-constant"
    )
    return np.where(has_data > 0, window, np.nan)
