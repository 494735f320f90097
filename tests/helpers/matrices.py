"""Patterns of amorphous phases and crystals, each pixel of which is known."""

import numpy as np

from hspy_cnmf.constraints.rings import Rings, pixel_radii

RADII = pixel_radii((32, 32), (15.5, 15.5))
RINGS = Rings.from_radii(RADII.ravel())


def halo(radius):
    """Return the unit-sum pattern of an amorphous phase."""
    pattern = (0.1 + np.exp(-(((RADII - radius) / 3) ** 2))).ravel()
    return pattern / pattern.sum()


def crystals(n, rng, n_spots=12):
    """Return unit-sum patterns of so many spots each."""
    patterns = np.zeros((n, RADII.size))
    for pattern in patterns:
        places = rng.choice(np.flatnonzero(RADII > 4), n_spots, replace=False)
        pattern[places] = 1 + rng.random(n_spots)
    return patterns / patterns.sum(axis=1, keepdims=True)


def mixed(shares, rng, matrix=None):
    """Return factors that hold shares of a matrix, the loadings, and true ones."""
    matrix = halo(8) if matrix is None else matrix
    true = np.vstack([matrix, crystals(len(shares), rng)])
    loadings = rng.random((len(true), 50))
    loadings[0] += len(true)
    shares = np.array(shares)[:, np.newaxis]
    factors = np.vstack([matrix, (1 - shares) * true[1:] + shares * matrix])
    given = loadings.copy()
    given[1:] /= 1 - shares
    given[0] -= (shares * given[1:]).sum(axis=0)
    return factors, given, true, loadings


def no_matrix(rng):
    """Return crystals without a matrix."""
    return crystals(3, rng)


def two_matrices(rng):
    """Return crystals in one of two matrices."""
    return np.vstack([mixed([0.5, 0.5], rng)[0], halo(12)])


def rings_of_their_own(rng):
    """Return crystals that have diffuse scattering, not that of the support."""
    spots = crystals(3, rng)
    own = np.stack([halo(radius) for radius in (4, 6, 12)])
    return np.vstack([halo(8), 0.5 * spots + 0.5 * own])


def only_a_matrix(rng):
    """Return a matrix and an empty pattern."""
    return np.vstack([halo(8), np.zeros(RADII.size)])
