"""How well random starts agree: the components of one, found again by the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment


def agreement_with(best: int, starts: Sequence[np.ndarray]) -> np.ndarray:
    r"""Return how well each start found the components of the best one.

    Parameters
    ----------
    best : int
        Which start is the best.
    starts : sequence of numpy.ndarray, shape (n_components, n_pixels)
        Factors of each start, in the units of the data.

    Returns
    -------
    numpy.ndarray, shape (n_starts, n_components)
        Cosine of each factor of the best start with its partner in every start, in
        [0, 1]; 1 in the row of the best start, 0 where the partner is empty, NaN where
        the best start has an empty component.

    Notes
    -----
    Partners are those of the optimal assignment: each factor has one, and the sum of

    .. math:: \cos(w, w') = \frac{\langle w, w' \rangle}{\|w\| \|w'\|}

    over all pairs is as large as can be (Kuhn 1955).
    """
    reference = unit_rows(starts[best])
    agreement = np.ones((len(starts), len(reference)))
    for i, factors in enumerate(starts):
        if i != best:
            cosines = reference @ unit_rows(factors).T
            # All components of the best start have a partner, in their own order.
            _, partners = linear_sum_assignment(cosines, maximize=True)
            agreement[i] = np.take_along_axis(cosines, partners[:, None], 1)[:, 0]
    agreement[:, ~reference.any(axis=1)] = np.nan
    return np.clip(agreement, 0, 1)


def unit_rows(factors: np.ndarray) -> np.ndarray:
    """Return rows of unit norm; rows of zeros stay."""
    factors = factors.astype(np.float64)
    norms = np.linalg.norm(factors, axis=1, keepdims=True)
    return factors / np.where(norms > 0, norms, 1)


def in_order_of(factors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return others in the order of the factors that became of them, or of nothing."""
    _, partners = linear_sum_assignment(factors @ unit_rows(others).T, maximize=True)
    return np.where(factors.any(axis=1, keepdims=True), others[partners], 0)
