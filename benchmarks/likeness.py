"""How alike the rows of two arrays are: patterns, or maps."""

import numpy as np
from scipy.optimize import linear_sum_assignment


def unit(rows):
    """Return rows of unit norm; rows of zeros stay."""
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norm > 0, norm, 1)


def cosines(first, second):
    """Return the cosines between the rows of two arrays."""
    return unit(first) @ unit(second).T


def correlations(first, second):
    """Return the correlations of the rows of two arrays."""
    first, second = (
        rows - rows.mean(axis=1, keepdims=True) for rows in (first, second)
    )
    return cosines(first, second)


def map_correlations(true, found):
    """Return the correlations of true maps with those found, each matched to one.

    0 for true maps that are left over.
    """
    alike = correlations(true, found)
    rows, columns = linear_sum_assignment(-alike)
    matched = np.zeros(len(true))
    matched[rows] = alike[rows, columns]
    return matched
