"""A matrix that was split: its parts are one pattern, or have one map."""

import numpy as np

from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.solver.matrix import Matrix
from hspy_cnmf.solver.ring_shares import MISFIT

#: How much of the square norm of a pattern's rings may be no multiple of the matrix's
#: where it is the matrix again.
_COPY = 0.002


def without_copies(
    matrix: Matrix, factors: np.ndarray, loadings: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return factors and loadings with what is the matrix again in its map.

    A copy is a pattern of rings that are a multiple of those of the strongest, and
    that is no other, but for noise: a constant level in all patterns makes crystals
    look alike, too. Asked for more components than there are, the matrix is split
    so that its parts follow what smoothing leaves of maps; crystals then share
    both.

    Parameters
    ----------
    matrix : Matrix
    factors : numpy.ndarray, shape (n, n_pixels)
    loadings : numpy.ndarray, shape (n, n_positions)
    least : float
        Squared distance between models that noise may make.

    Returns
    -------
    factors, loadings : numpy.ndarray
        Of the others. The very same objects where there are no copies.
    """
    strengths = np.linalg.norm(loadings, axis=1)
    strengths[matrix.held.factors(len(factors))] = np.inf
    strengths[~matrix.amorphous(factors, loadings)] = -1
    main = int(np.argmax(strengths))
    rivals = np.flatnonzero(strengths >= 0)
    rivals = rivals[(rivals >= matrix.held.n) & (rivals != main)]
    if not len(rivals) or matrix.held.loadings(len(factors))[main]:
        return factors, loadings
    patterns = matrix.in_units_of_the_data(factors)
    levels, rings = (matrix.medians(patterns[k]) for k in (rivals, [main]))
    copies = [
        k
        for k, fitted in zip(rivals, matrix.cone(levels, rings) @ rings, strict=True)
        if matrix.misfit(patterns[[k]], fitted) < _COPY
        and _distance(factors[k], factors[main], loadings[k]) <= least
    ]
    if not copies:
        return factors, loadings
    loadings = loadings.copy()
    loadings[main] += loadings[copies].sum(axis=0)
    others = np.delete(np.arange(len(factors)), copies)
    return factors[others], loadings[others]


def put_together(
    matrix: Matrix, factors: np.ndarray, loadings: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return factors and loadings whose amorphous parts, of one map, are one.

    Rings that a constraint adds to crystals are made up for by a second amorphous
    part, which is less where crystals are; crystals then share both. Taken out of
    crystals, both have the same map.

    Parameters
    ----------
    matrix : Matrix
    factors : numpy.ndarray, shape (n, n_pixels)
    loadings : numpy.ndarray, shape (n, n_positions)
    least : float
        Squared distance between models that noise may make.

    Returns
    -------
    factors, loadings : numpy.ndarray
        Of crystals without rings, and one matrix instead of several. The very same
        objects where amorphous parts differ, and where there are fewer than two.
    """
    is_amorphous = matrix.amorphous(factors, loadings)
    if np.count_nonzero(is_amorphous) < 2 or matrix.held.n:
        return factors, loadings
    others = ~is_amorphous & factors.any(axis=1)
    patterns = matrix.in_units_of_the_data(factors)
    levels, rings = (matrix.medians(patterns[some]) for some in (others, is_amorphous))
    shares = matrix.cone(levels, rings)
    if others.any() and matrix.misfit(patterns[others], shares @ rings) >= MISFIT:
        return factors, loadings
    maps = loadings[is_amorphous] + shares.T @ loadings[others]
    one, its_map, lost = _nearest_of_rank_one(factors[is_amorphous], maps)
    if lost > least:
        return factors, loadings
    crystals = np.maximum(factors[others] - shares @ factors[is_amorphous], 0)
    made = np.vstack([one, crystals]), np.vstack([its_map, loadings[others]])
    return made[0].astype(factors.dtype), made[1].astype(loadings.dtype)


def _distance(factor: np.ndarray, other: np.ndarray, loading: np.ndarray) -> float:
    """Return the squared distance between models with one factor and another."""
    difference = factor.astype(np.float64) - other
    return float((difference @ difference) * (loading.astype(np.float64) @ loading))


def _nearest_of_rank_one(
    factors: np.ndarray, loadings: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the one component nearest to several, and the squared distance to it."""
    products = gram_of_rows(loadings)
    # Principal of the models: from a root of the products of factors.
    values, vectors = np.linalg.eigh(gram_of_rows(factors))
    root = vectors * np.sqrt(np.maximum(values, 0))
    squares, turn = np.linalg.eigh(root.T @ products @ root)
    weights = np.abs(root @ turn[:, -1])  # of one sign, as all products are positive
    its_map = weights @ loadings
    factor = (products @ weights) @ factors / (weights @ products @ weights)
    return factor, its_map, float(np.maximum(squares[:-1], 0).sum())
