"""Mean of particles, each in the centre of a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from hspy_cnmf.maps._checks import check_maps, check_steps


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


def aligned_mean(
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
    for particle, factor in zip(particles, weights, strict=True):
        others = particles[particles["component"] == particle["component"]]
        values = maps[particle["component"]]
        window = _window(values, particle, others, steps, offsets)
        known = ~np.isnan(window)
        total[known] += factor * window[known]
        weight[known] += factor
    return np.divide(total, weight, out=np.full(total.shape, np.nan), where=weight > 0)


def _window(values, particle, others, steps, offsets):
    """Return a map around a particle, NaN where nothing of it is known."""
    known = ~np.isnan(values)
    places = np.stack(np.indices(values.shape), axis=-1)

    def distance(center):
        offset = (places - [center["row"], center["column"]]) * steps
        return np.hypot(offset[..., 0], offset[..., 1]) / center["width"]

    own = distance(particle)
    for other in others:
        known &= ~((distance(other) < 1) & (distance(other) < own))
    if not known.any():
        return np.full(offsets.shape[1:], np.nan)
    nearest = ndimage.distance_transform_edt(
        ~known, return_distances=False, return_indices=True
    )
    center = np.array([particle["row"], particle["column"]])
    coordinates = offsets + center[:, np.newaxis, np.newaxis]
    window = ndimage.map_coordinates(
        values[tuple(nearest)], coordinates, order=3, mode="nearest"
    )
    has_data = ndimage.map_coordinates(
        known.astype(float), coordinates, order=0, mode="grid-constant"
    )
    return np.where(has_data > 0, window, np.nan)
