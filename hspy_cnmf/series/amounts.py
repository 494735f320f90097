"""Amounts of components in a scan, with uncertainties: shares, densities, diameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.maps.particles import edge_weights

#: What blur, and noise at the peaks, may bias diameters by, in proportion.
_BIAS = 0.03


@dataclass(frozen=True)
class Amount:
    """A number with its uncertainty.

    Parameters
    ----------
    value, uncertainty : float
        NaN where they are not known.
    n_particles : int
        Particles that it is from.
    """

    value: float
    uncertainty: float
    n_particles: int = 0


def count_shares(
    factors: np.ndarray, totals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the share of the counts of each component, and its uncertainty, (n,).

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
        Of unit sum; zero where empty.
    totals : numpy.ndarray, shape (n,)
        Sums of their maps.

    Notes
    -----
    Shares are :math:`s = L / \sum_k L_k`. Least squares take totals from counts by
    :math:`A = (W W^T)^{-1} W`, so that those of Poisson counts have the covariance

    .. math:: C = A \,\mathrm{diag}(L^T W) \,A^T

    and shares that of its propagation. It grows where factors are alike. That of a
    share of 0 is a limit: as little might be there without being found.
    """
    shares, errors = np.zeros((2, len(totals)))
    there = factors.any(axis=1)
    total = totals[there].sum()
    if not total:
        return shares, errors
    own = factors[there]
    shares[there] = totals[there] / total
    filters = np.linalg.pinv(own @ own.T) @ own
    covariance = (filters * (totals[there] @ own)) @ filters.T
    change = (np.eye(len(own)) - shares[there][:, np.newaxis]) / total
    variance = np.einsum("ij,jk,ik->i", change, covariance, change)
    errors[there] = np.sqrt(np.maximum(variance, 0))
    return shares, errors


def stand_out(particles: list[np.ndarray], least: float) -> list[np.ndarray]:
    """Return the particles of scans without those that are noise of their component.

    Parameters
    ----------
    particles : list of numpy.ndarray
        One for each scan, from `find_particles`, with heights that compare.
    least : float
        Part of the highest of their component in the whole series below which they are
        noise, of a scan that has none.
    """
    every = np.concatenate(particles)
    highest: dict[int, float] = {}
    for component in np.unique(every["component"]).tolist():
        heights = every["height"][every["component"] == component]
        highest[component] = float(heights.max())
    return [
        own[[p["height"] >= least * highest[int(p["component"])] for p in own]]
        if len(own)
        else own
        for own in particles
    ]


def number_density(particles: np.ndarray, sides: np.ndarray, area: float) -> Amount:
    r"""Return how many particles there are per area.

    Parameters
    ----------
    particles : numpy.ndarray
        Of one component, from `find_particles`.
    sides : numpy.ndarray, shape (2,)
        Height and width of the scan.
    area : float
        Of what is not masked.

    Notes
    -----
    Whole particles, each with its `edge_weights`. The uncertainty is that of the mean
    of a Poisson process of which n were counted, all means being equally likely
    before: :math:`\sqrt{n + 1}`, with weights the root of the sum of their squares and
    of their mean square. :math:`\sqrt n` would be none at all of no particle.
    """
    whole = particles[~particles["touches_edge"]]
    weights = edge_weights(whole["width"], sides)
    squares = np.square(weights)
    error = np.sqrt(squares.sum() + (squares.mean() if len(weights) else 1.0))
    return Amount(float(weights.sum() / area), float(error / area), len(whole))


def relative_spread(particles: list[np.ndarray]) -> float:
    """Return the standard deviation of diameters over their mean, within scans.

    Parameters
    ----------
    particles : list of numpy.ndarray
        Of one component, one for each scan, from `find_particles`.

    Returns
    -------
    float
        0 where no scan has two whole ones.
    """
    squares, n_free = 0.0, 0
    for own in particles:
        whole = own["diameter"][~own["touches_edge"]]
        if len(whole) > 1:
            squares += float(np.square(whole / whole.mean() - 1).sum())
            n_free += len(whole) - 1
    return float(np.sqrt(squares / n_free)) if n_free else 0.0


def mean_diameter(
    particles: np.ndarray, sides: np.ndarray, spread: float = 0.0
) -> Amount:
    """Return the mean diameter of particles.

    Parameters
    ----------
    particles, sides
        As for `number_density`.
    spread : float, default 0
        Least spread, see `relative_spread`: of few particles, their own may be small
        by chance.

    Notes
    -----
    The mean of whole particles with their `edge_weights`, as large ones are cut by an
    edge more often. Its uncertainty is that of their spread; as noise moves the borders
    of all alike, the mean uncertainty of a diameter; and 3 % for what blur and noise
    bias diameters by; in quadrature.
    """
    whole = particles[~particles["touches_edge"]]
    n = len(whole)
    if not n:
        return Amount(np.nan, np.nan)
    weights = edge_weights(whole["width"], sides)
    weights /= weights.sum()
    mean = weights @ whole["diameter"]
    squares = np.square(whole["diameter"] - mean)
    variance = np.square(weights) @ squares * (n / (n - 1) if n > 1 else 0)
    least = np.square(weights).sum() * (spread * mean) ** 2
    error = np.hypot(weights @ whole["diameter_error"], _BIAS * mean)
    return Amount(float(mean), float(np.hypot(max(variance, least) ** 0.5, error)), n)
