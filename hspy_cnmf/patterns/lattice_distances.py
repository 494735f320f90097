"""Lattice distances from the rings on which Bragg spots lie."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

RING = np.dtype(
    [
        ("radius", float),
        ("lattice_distance", float),
        ("uncertainty", float),
        ("n_spots", int),
        ("intensity", float),
    ]
)
"""Fields of a ring of spots; see `lattice_distances`."""


def lattice_distances(
    spots: np.ndarray, scale: float, tolerance: float = 0.02
) -> np.ndarray:
    r"""Gather spots that are equally far from the centre, and measure how far.

    Parameters
    ----------
    spots : numpy.ndarray, dtype `hspy_cnmf.patterns.spots.SPOT`
        As from `find_spots`. Only ``radius``, ``radius_error`` and ``intensity`` are
        read.
    scale : float
        Width of a pixel in the reciprocal of a length; see `reciprocal_calibration`.
    tolerance : float, default 0.02
        Spots are on one ring if the radii of any two of them differ by no more than
        this part, plus three times the error of the difference.

    Returns
    -------
    numpy.ndarray, shape (n_rings,), dtype `RING`
        The ring with the highest intensity first:

        radius
            Mean over the spots, in the units of `scale`.
        lattice_distance
            One over `radius`.
        uncertainty
            One standard deviation of `lattice_distance`, from the errors of the spots
            and from how much they disagree. What shifts all spots of a ring alike is
            not in it, above all the calibration of `scale`.
        n_spots, intensity
            Number and sum of the spots.

    Raises
    ------
    ValueError
        If `scale` is not positive or `tolerance` is negative.

    Notes
    -----
    The mean has random effects (DerSimonian and Laird, 1986): where the radii
    :math:`r_i` disagree by more than their errors :math:`\sigma_i` allow, because of
    an error of the centre or a distortion, they share an additional variance
    :math:`\tau^2`, and the weights are :math:`1 / (\sigma_i^2 + \tau^2)`. So spots
    opposite each other count alike, and the error of the centre cancels. A single
    spot has an uncertainty from its own error only.
    """
    if not 0 < scale < np.inf:
        raise ValueError(
            f"scale must be positive, got {scale}: it is the width of a pixel in the "
            "reciprocal of a length."
        )
    if not tolerance >= 0:
        raise ValueError(f"tolerance must not be negative, got {tolerance}.")
    members = _ring_of_each(spots["radius"], spots["radius_error"], tolerance)
    rings = np.zeros(members.max(initial=-1) + 1, RING)
    for ring, result in enumerate(rings):
        on_ring = spots[members == ring]
        radius, error = _mean(on_ring["radius"], on_ring["radius_error"])
        result["radius"] = radius * scale
        result["lattice_distance"] = 1 / result["radius"]
        result["uncertainty"] = result["lattice_distance"] * error / radius
        result["n_spots"] = len(on_ring)
        result["intensity"] = on_ring["intensity"].sum()
    return rings[np.argsort(-rings["intensity"], kind="stable")]


def _ring_of_each(
    radii: np.ndarray, errors: np.ndarray, tolerance: float
) -> np.ndarray:
    """Return the number of the ring that each spot lies on, from 0."""
    if len(radii) < 2:
        return np.zeros(len(radii), dtype=int)
    apart = np.abs(np.subtract.outer(radii, radii))
    mean = np.add.outer(radii, radii) / 2
    allowed = tolerance * mean + 3 * np.hypot.outer(errors, errors)
    ratio = np.divide(
        apart, allowed, out=np.full_like(apart, np.inf), where=allowed > 0
    )
    ratio[apart == 0] = 0
    # Complete linkage: any two spots, not only neighbours, are within the tolerance.
    tree = linkage(squareform(np.minimum(ratio, 1e9), checks=False), "complete")
    return fcluster(tree, 1.0, criterion="distance") - 1


def _mean(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Return the mean with random effects, and its error."""
    weights = 1 / errors**2
    mean = np.average(values, weights=weights)
    disagreement = (weights * (values - mean) ** 2).sum() - (len(values) - 1)
    share = weights.sum() - (weights**2).sum() / weights.sum()
    extra = max(disagreement / share, 0) if len(values) > 1 else 0
    weights = 1 / (errors**2 + extra)
    return np.average(values, weights=weights), 1 / np.sqrt(weights.sum())
