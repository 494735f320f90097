"""Counting noise of the mean patterns of groups, their members turned."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hspy_cnmf.clustering.clusters import DiffractionClusters
from hspy_cnmf.operators.counting_noise import counting_variance
from hspy_cnmf.phases.overlaid_noise import OverlaidNoise

#: Degrees by which members are turned alike: their spots stay on their pixels.
ALIKE = 1.0


def noise_of_groups(
    clusters: DiffractionClusters, maps: np.ndarray, factors: np.ndarray, gain: float
) -> list[OverlaidNoise]:
    """Return the noise of the mean pattern of each group.

    Parameters
    ----------
    clusters : DiffractionClusters
        Groups of patterns as a detector records them.
    maps, factors : numpy.ndarray
        Of all components, (n, n_positions) and (n, rows, columns).
    gain : float
        Variance of the data over their mean.

    Notes
    -----
    Members that are turned alike are summed before: what one of them took from another
    is no noise of their sum. Those that are turned otherwise bring the noise of other
    pixels: variances are turned as their patterns are, and add up.
    """
    parts = list(_parts(clusters))
    mixing = np.zeros((len(parts), len(maps)))
    for row, (_, members, _) in zip(mixing, parts, strict=True):
        row[clusters.components.indices[members]] = clusters.components.weights[members]
    known = np.nan_to_num(factors).reshape(len(factors), -1)
    images = gain * counting_variance(maps, known, mixing)
    images = images.reshape(-1, *factors.shape[1:])
    images[:, np.isnan(factors).any(axis=0)] = np.nan
    total = np.zeros((2, clusters.n_clusters, *factors.shape[1:]))
    for image, (group, members, turn) in zip(images, parts, strict=True):
        turned = clusters.geometry.turn(image, *turn)
        weight = clusters.components.weights[members].sum()
        total[:, group] += np.nan_to_num([turned, weight * np.isfinite(turned)])
    variances, weights = total
    variances = np.divide(
        variances, weights**2, out=np.zeros_like(variances), where=weights > 0
    )
    return [OverlaidNoise(variance) for variance in variances]


def _parts(
    clusters: DiffractionClusters,
) -> Iterator[tuple[int, np.ndarray, tuple[float, bool]]]:
    """Yield groups with those of their members that are turned alike, and that turn."""
    labels = np.asarray(clusters.labels.data)
    turns = np.asarray(clusters.member_rotation.data, dtype=float)
    mirrored = np.asarray(clusters.member_mirrored.data, dtype=bool)
    left = np.ones(len(labels), dtype=bool)
    for group in range(clusters.n_clusters):
        # From the one that is not turned on, onto which the others are.
        for first in sorted(
            np.flatnonzero(labels == group), key=lambda k: abs(turns[k])
        ):
            if left[first]:
                apart = abs((turns - turns[first] + 180) % 360 - 180)
                alike = left & (labels == group) & (mirrored == mirrored[first])
                alike &= apart <= ALIKE
                left &= ~alike
                turn = float(turns[first]), bool(mirrored[first])
                yield group, np.flatnonzero(alike), turn
