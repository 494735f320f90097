"""Spots that factors share: where the data have them, not where factors do.

Crystals that lie parallel have spots less than a pixel apart. Each factor can give a
part of such a spot to another one, and what is left of it lies on the far side.
"""

import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.clustering.clusters import DiffractionClusters
from hspy_cnmf.clustering.measures import spots_on_detector

#: Part of a shared spot that is a group's own where it is mostly so.
_MOSTLY = 0.5


def at_shared_places(
    clusters: DiffractionClusters,
    found: list[np.ndarray],
    unturned: np.ndarray,
    threshold: float,
) -> list[np.ndarray]:
    r"""Return spots of groups with shared ones at the places that they share.

    Parameters
    ----------
    clusters : DiffractionClusters
        The groups.
    found : list of numpy.ndarray, dtype `SPOT`
        Spots of each group's mean pattern.
    unturned : numpy.ndarray of bool, shape (n_groups,)
        Groups whose patterns are as components are; others are left as they are.
    threshold : float
        Signal-to-noise ratio from which on spots are found.

    Notes
    -----
    The factors :math:`w_k` and maps :math:`h_k` of the model leave open how spots are
    shared, but not their sum, :math:`\sum_k w_k \langle h_a, h_k \rangle`: the mean
    pattern where group `a` is. A spot that was elsewhere counts with an error as large
    as the move, as it cannot be told how much of the sum is the group's own. Where less
    than half of it is, it is left where it was found.
    """
    loadings = clusters.components.loadings
    groups = [k for k in np.flatnonzero(unturned) if len(found[k])]
    if loadings is None or not groups:
        return found
    maps = np.nan_to_num(np.asarray(aligned_data(loadings)).astype(float))
    maps = maps.reshape(len(maps), -1)
    factors = np.asarray(aligned_data(clusters.components.factors)).astype(float)
    labels = np.asarray(clusters.labels.data)
    members = [clusters.components.indices[labels == k] for k in groups]
    weights = np.array([maps[some].sum(axis=0) @ maps.T for some in members])
    means = np.einsum("gk,kij->gij", weights, np.nan_to_num(factors))
    means[:, np.isnan(factors).all(axis=0)] = np.nan
    at_means = spots_on_detector(
        clusters.geometry, means, clusters.parameters["radii"], threshold
    )
    found = list(found)
    for group, some, weight, there in zip(
        groups, members, weights, at_means, strict=True
    ):
        own = np.nansum(np.tensordot(weight[some], factors[some], 1))
        brightness = own / np.nansum(clusters.factors.data[group])
        found[group] = _moved(found[group], there, brightness)
    return found


def _moved(spots: np.ndarray, there: np.ndarray, brightness: float) -> np.ndarray:
    """Return spots at the places of others, within their width, that they are most of.

    `brightness` is how much larger intensities are where the others were found.
    """
    if not len(there):
        return spots
    spots = spots.copy()
    apart = np.hypot(
        spots["row"][:, np.newaxis] - there["row"],
        spots["column"][:, np.newaxis] - there["column"],
    )
    nearest, move = there[apart.argmin(axis=1)], apart.min(axis=1)
    near = move < np.maximum(spots["width"], 1)
    near &= brightness * spots["intensity"] > _MOSTLY * nearest["intensity"]
    for name in ("row", "column", "radius", "azimuth"):
        spots[name][near] = nearest[name][near]
    spots["radius_error"][near] = np.hypot(spots["radius_error"], move)[near]
    return spots
