"""Feasible bands: what solutions that describe the data as well have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.constraints import RingFloor
from hspy_cnmf.constraints.ring_levels import UNEVEN, levels_of, mean_levels
from hspy_cnmf.operators.counting_noise import counting_variance
from hspy_cnmf.verification.mixtures import Mixture, Side, extreme


@dataclass(frozen=True, eq=False)
class Bands:
    """Lowest and highest of all solutions that were found to describe the data.

    Parameters
    ----------
    shares : numpy.ndarray, shape (3, n)
        Share of all counts of each component: the lowest, as found, the highest.
    factors : numpy.ndarray, shape (2, n, n_pixels)
        Lowest and highest counts of each component in a mean pattern.
    loadings : numpy.ndarray, shape (2, n, n_positions)
        Lowest and highest counts of each component at each position.
    """

    shares: np.ndarray
    factors: np.ndarray
    loadings: np.ndarray


def standard_deviations(
    factors: np.ndarray, loadings: np.ndarray, gain: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return how far counting noise moves factors and loadings.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
    loadings : numpy.ndarray, shape (n, n_positions)
    gain : float
        Variance of the data over their mean; 1 for counts.

    Returns
    -------
    of_factors, of_loadings : numpy.ndarray
        Of the same shapes.

    Notes
    -----
    The square root of `hspy_cnmf.operators.counting_noise.counting_variance`.
    """
    return (
        np.sqrt(gain * counting_variance(loadings, factors)),
        np.sqrt(gain * counting_variance(factors, loadings)),
    )


def feasible_bands(
    factors: np.ndarray,
    loadings: np.ndarray,
    gain: float,
    tolerance: float = 1.0,
    floor: tuple[RingFloor, np.ndarray] | None = None,
) -> Bands:
    """Return the bands in which all solutions lie that describe the data as well.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
        None of them zero everywhere.
    loadings : numpy.ndarray, shape (n, n_positions)
    gain : float
        Variance of the data over their mean; 1 for counts.
    tolerance : float, default 1.0
        How negative values may be, in standard deviations of the noise.
    floor : tuple of RingFloor and numpy.ndarray of bool, optional
        A constraint on factors, and the pixels that take part.

    Returns
    -------
    Bands
    """
    noise = [tolerance * s for s in standard_deviations(factors, loadings, gain)]
    sides = (
        Side.nonnegative(factors, noise[0]),
        Side.nonnegative(loadings, noise[1]),
    )
    if floor is not None:
        for k, stack in floor_limits(factors, *floor).items():
            # What is found obeys its own limits, come what may.
            room = noise[0][k] + np.maximum(-stack[k], 0)
            sides = (sides[0].with_limits(k, stack, room), sides[1])
    total = np.sum(sides[0].sums * sides[1].sums)
    solutions = [Mixture.found(len(factors))]
    shares = [sides[0].sums * sides[1].sums / total]
    for sign in (-1, 1):
        ends = [extreme(sides, k, sign) for k in range(len(factors))]
        solutions += ends
        counts = [
            (end.factors[k] @ sides[0].sums) * (end.loadings[k] @ sides[1].sums)
            for k, end in enumerate(ends)
        ]
        shares.append(np.clip(np.array(counts) / total, 0, 1))
    found, lowest, highest = shares
    return Bands(
        np.stack([np.minimum(lowest, found), found, np.maximum(highest, found)]),
        *_extents(factors, loadings, solutions),
    )


def floor_limits(
    factors: np.ndarray, floor: RingFloor, keep: np.ndarray
) -> dict[int, np.ndarray]:
    r"""Return what the floor of each factor sees of all, where it has one.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
    floor : RingFloor
    keep : numpy.ndarray of bool
        Pixels that take part.

    Returns
    -------
    dict of numpy.ndarray, each of shape (n, n_pixels)
        By the number of the component: all factors, less what its floor is of them. A
        mixture is above its floor where the mixture of these is not negative.

    Notes
    -----
    A floor is no convex constraint, as Bragg spots are left out of the mean of a ring.
    Here those of the factor that was found stay left out, and the floor stays the same
    fraction of the mean, or what the lower ring beside a sharp edge allows, which makes
    it linear.
    """
    rings = floor.rings(keep)
    levels, _ = levels_of(floor.level, factors, rings, floor.outlier_ratio)
    means = mean_levels(factors, rings, np.inf)
    limits = {}
    for k in np.flatnonzero((levels > 0).any(axis=1)):
        # As `mean_levels` does: spots are far above the mean of the whole ring.
        diffuse = factors[k] <= floor.outlier_ratio * means[k][rings.label]
        size = np.maximum(np.bincount(rings.label[diffuse], minlength=rings.n_rings), 1)
        of_all = np.stack(
            [
                np.bincount(rings.label[diffuse], f[diffuse], rings.n_rings) / size
                for f in factors
            ]
        )
        fraction = levels[k] / np.where(of_all[k] > 0, of_all[k], np.inf)
        floors = [rings.interpolate(f) for f in of_all * np.clip(fraction, 0, 1)]
        choices = [np.stack(floors)]
        if floor.level == "robust":
            choices += [UNEVEN * of_all[:, side] for side in (rings.inner, rings.outer)]
        # The lowest of the factor that was found.
        lowest = np.argmin([choice[k] for choice in choices], axis=0)
        limits[int(k)] = factors - np.choose(lowest, choices)
    return limits


def _extents(
    factors: np.ndarray, loadings: np.ndarray, solutions: list[Mixture]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest counts that solutions have, by pixel and place."""
    bands = [
        np.stack([np.full_like(s, np.inf), np.zeros_like(s)])
        for s in (factors, loadings)
    ]
    for solution in solutions:
        mixed = solution.factors @ factors, solution.loadings @ loadings
        weights = mixed[1].mean(axis=1), mixed[0].sum(axis=1)
        for band, values, weight in zip(bands, mixed, weights, strict=True):
            counts = np.maximum(values * np.maximum(weight, 0)[:, np.newaxis], 0)
            np.minimum(band[0], counts, out=band[0])
            np.maximum(band[1], counts, out=band[1])
    return bands[0], bands[1]
