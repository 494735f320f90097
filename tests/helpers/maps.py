"""How like the truth maps are."""

import numpy as np
from scipy.optimize import linear_sum_assignment


def map_correlations(loadings, true):
    """Return correlations of maps with true ones, each with one; 0 for empty maps."""
    rows = [m - m.mean(axis=1, keepdims=True) for m in (loadings, true)]
    rows = [m / np.maximum(np.linalg.norm(m, axis=1, keepdims=True), 1) for m in rows]
    table = rows[0] @ rows[1].T
    return table[linear_sum_assignment(-table)]
