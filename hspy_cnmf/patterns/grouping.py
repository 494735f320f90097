"""Groups from labels: members turned onto one another, their mean and their sum."""

from __future__ import annotations

import numpy as np

from hspy_cnmf.constraints.rings import Rings
from hspy_cnmf.patterns.agglomeration import Treatment, align
from hspy_cnmf.patterns.geometry import PatternGeometry
from hspy_cnmf.patterns.polar import PolarPatterns, weighted_mean


def align_members(
    polar: PolarPatterns, labels: np.ndarray, weights: np.ndarray, treatment: Treatment
) -> tuple[np.ndarray, np.ndarray]:
    """Return how each member of each group is turned onto the heaviest of its group.

    Parameters
    ----------
    polar : PolarPatterns
        n patterns.
    labels : numpy.ndarray of int, shape (n,)
        Group of each.
    weights : numpy.ndarray, shape (n,)
        Positive.
    treatment : Treatment
        How patterns are compared.

    Returns
    -------
    rotation : numpy.ndarray, shape (n,)
        In (-180, 180] degrees, counter-clockwise as seen in a plot.
    mirrored : numpy.ndarray of bool, shape (n,)
        Whether the member is mirrored before.
    """
    rotation, mirrored = np.zeros(len(labels)), np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = labels == label
        rotation[members], mirrored[members] = align(
            polar[members], weights[members], treatment
        )
    return rotation, mirrored


def group_means(
    patterns: np.ndarray,
    geometry: PatternGeometry,
    labels: np.ndarray,
    weights: np.ndarray,
    rotation: np.ndarray,
    mirrored: np.ndarray,
) -> np.ndarray:
    """Return the weighted mean pattern of each group, its members turned.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n, *pattern_shape)
        NaN where masked.
    geometry : PatternGeometry
        How patterns turn.
    labels, weights, rotation, mirrored : numpy.ndarray, shape (n,)
        Group, weight and turn of each.

    Returns
    -------
    numpy.ndarray, shape (n_groups, *pattern_shape)
        NaN where every member is masked.

    Notes
    -----
    Where some members are masked, the others tell how the pattern deviates from the
    mean level of the ring, which is that of all members: masks leave no edges.
    """
    rings = Rings.from_radii(geometry.pixel_radii.ravel()).label
    rings = rings.reshape(patterns.shape[1:])
    means = []
    for label in range(labels.max() + 1):
        members = np.flatnonzero(labels == label)
        turned = np.stack(
            [geometry.turn(patterns[k], rotation[k], mirrored[k]) for k in members]
        )
        levels = np.stack([_ring_levels(pattern, rings) for pattern in turned])
        known = np.isfinite(turned)
        mean = weighted_mean(levels, np.isfinite(levels), weights[members])
        mean = mean + weighted_mean(turned - levels, known, weights[members])
        means.append(np.where(known.any(axis=0), mean, np.nan))
    return np.stack(means)


def _ring_levels(pattern: np.ndarray, rings: np.ndarray) -> np.ndarray:
    """Return the mean of each pixel's ring; NaN where all of the ring is masked."""
    known = np.isfinite(pattern)
    n_rings = rings.max() + 1
    total = np.bincount(rings[known], pattern[known], n_rings)
    count = np.bincount(rings[known], minlength=n_rings)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)[rings]


def sum_maps(maps: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the sum of the maps of each group.

    Parameters
    ----------
    maps : numpy.ndarray, shape (n, *map_shape)
        NaN where masked.
    labels : numpy.ndarray of int, shape (n,)
        Group of each.

    Returns
    -------
    numpy.ndarray, shape (n_groups, *map_shape)
    """
    return np.stack([maps[labels == k].sum(axis=0) for k in range(labels.max() + 1)])
