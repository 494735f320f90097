"""Half steps: the best loadings for given factors, and the other way round.

Both are the same problem. With A the fixed matrix (factors or loadings, one row a
component) and X the data oriented to match, each solver takes the products A X and
A Aᵀ and a warm start, and returns Y >= 0 that lowers ||X - Aᵀ Y||².
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numba
import numpy as np

from hspy_cnmf.constraints.each_alone import overwritten
from hspy_cnmf.device import kernels
from hspy_cnmf.device.arrays import beside, is_on_gpu, namespace
from hspy_cnmf.operators.low_rank import column_parts

#: Eigenvalues of a Gram matrix below this fraction of the largest hold rounding
#: errors rather than data (single precision), and are damped.
_DAMPING = 1e-6

#: Sweeps after which coordinate updates have settled, also for similar components.
_SWEEPS_TO_SETTLE = 200


def als(products: np.ndarray, gram: np.ndarray, current: np.ndarray) -> np.ndarray:
    r"""Solve unconstrained least squares and set what is negative to zero.

    Parameters
    ----------
    products : numpy.ndarray, shape (n_components, n)
        A X.
    gram : numpy.ndarray, shape (n_components, n_components)
        A Aᵀ, in double precision.
    current : numpy.ndarray, shape (n_components, n)
        Warm start.

    Returns
    -------
    numpy.ndarray, shape (n_components, n)

    Notes
    -----
    .. math:: Y = [(A A^T)^{-1} A X]_+

    as Kimoto et al., Sci. Rep. 2025, Eqs. 7 and 8. With more components than the data
    hold, :math:`A A^T` is nearly singular; so the step away from the current solution
    is solved for, with a little damping, which leaves the solution as it is and keeps
    directions that the data do not determine from amplifying noise.
    """
    xp = namespace(products)
    step = products - gram.astype(products.dtype) @ current
    damped = gram + _DAMPING * xp.trace(gram) * xp.eye(len(gram))
    inverse = xp.linalg.inv(damped) if xp.trace(gram) > 0 else xp.zeros_like(gram)
    return xp.maximum(current + inverse.astype(products.dtype) @ step, 0)


def hals(
    products: np.ndarray, gram: np.ndarray, current: np.ndarray, n_sweeps: int = 10
) -> np.ndarray:
    r"""Update one component at a time, each exactly: hierarchical ALS.

    Parameters
    ----------
    products, gram, current
        As for `als`.
    n_sweeps : int, default 10
        How often each component is updated.

    Returns
    -------
    numpy.ndarray, shape (n_components, n)

    Notes
    -----
    .. math:: y_k \leftarrow \left[y_k +
        \frac{(A X)_k - \sum_j (A A^T)_{kj} y_j}{(A A^T)_{kk}}\right]_+

    which is the non-negative least squares solution for one component, so that no
    update raises the error (Cichocki & Phan, IEICE Trans. Fundam. E92-A, 708, 2009).
    """
    if is_on_gpu(current):
        return kernels.sweep(products, gram, current, n_sweeps)
    updated = np.array(current, order="C")
    _sweep(
        np.ascontiguousarray(products), gram.astype(updated.dtype), updated, n_sweeps
    )
    return updated


def nonnegative_least_squares(
    products: np.ndarray, gram: np.ndarray, current: np.ndarray
) -> np.ndarray:
    """Solve as `hals` does, until the solution no longer changes to speak of."""
    return hals(products, gram, current, n_sweeps=_SWEEPS_TO_SETTLE)


#: A half step: products, Gram matrix and warm start to a solution.
Solver: TypeAlias = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

#: Solvers by the name that the argument ``solver`` takes.
SOLVERS = {"als": als, "hals": hals}

#: Those that need products in double precision. With nearly alike components `als`
#: multiplies what single precision rounds by the condition of the Gram matrix, up to
#: 1e6, so that rounding would decide; each step of `hals` divides by a diagonal entry.
IN_DOUBLE = frozenset({"als"})


def half_step(
    solve: Solver,
    products: np.ndarray,
    fixed_gram: np.ndarray,
    current: np.ndarray,
    project: Callable[[np.ndarray], np.ndarray] | None = None,
    held: np.ndarray | None = None,
) -> np.ndarray:
    """Solve for one side with the other fixed, then apply its constraint.

    Parameters
    ----------
    solve : callable
        One of `hspy_cnmf.solver.half_steps`.
    products : numpy.ndarray, shape (n_components, n)
        Products of the data with the fixed side: the loadings when factors are solved
        for, and the other way round.
    fixed_gram : numpy.ndarray, shape (n_components, n_components)
        `gram` of the fixed side.
    current : numpy.ndarray, shape (n_components, n)
        Where to start from.
    project : callable, optional
        Constraint.
    held : numpy.ndarray of bool, shape (n_components,), optional
        Components that stay as they are, while the others are solved for.

    Returns
    -------
    numpy.ndarray, shape (n_components, n)
    """
    if held is None or not held.any():
        return projected(solve(products, fixed_gram, current), project)
    solution = current.copy()
    free, known = (beside(np.flatnonzero(k), current) for k in (~held, held))
    if len(free):
        of_free = fixed_gram[free]
        shared = of_free[:, known].astype(current.dtype) @ current[known]
        solution[free] = solve(products[free] - shared, of_free[:, free], current[free])
    return projected(solution, project, held)


def settle(
    products: np.ndarray, gram: np.ndarray, maps: np.ndarray, held: np.ndarray | None
) -> None:
    """Overwrite maps with what `nonnegative_least_squares` finds for them.

    Parameters
    ----------
    products, gram, held
        See `half_step`.
    maps : numpy.ndarray, shape (n_components, n_positions)
        Where to start from, and the solution then. Only of some positions at a time
        there are copies: those of all are large.
    """
    overwrite(nonnegative_least_squares, products, gram, maps, held)


def overwrite(
    solve: Solver,
    products: np.ndarray,
    gram: np.ndarray,
    maps: np.ndarray,
    held: np.ndarray | None,
) -> None:
    """Overwrite maps with what a solver finds for them; see `settle`."""
    n = maps.shape[1]
    for part in column_parts(n, max(n, 1) if is_on_gpu(maps) else _POSITIONS):
        own = products[:, part], gram, maps[:, part]
        maps[:, part] = half_step(solve, *own, None, held)


def projected(
    solution: np.ndarray,
    project: Callable[[np.ndarray], np.ndarray] | None,
    held: np.ndarray | None = None,
) -> np.ndarray:
    """Return a solution, which may be overwritten, constrained but for what is held."""
    if project is None:
        return solution
    if held is None or not held.any():
        return overwritten(project, solution)
    known = beside(np.flatnonzero(held), solution)
    stays = solution[known]
    result = overwritten(project, solution)
    result[known] = stays
    return result


#: Positions of maps that are copied at a time, a multiple of the next.
_POSITIONS = 2**15

#: Columns updated together: they stay in the processor's cache over all sweeps.
_COLUMNS = 512


@numba.njit(nogil=True, cache=True, fastmath=True)
def _sweep(
    products: np.ndarray, gram: np.ndarray, updated: np.ndarray, n_sweeps: int
) -> None:  # pragma: no cover
    n_components, n = updated.shape
    target = np.empty(_COLUMNS, updated.dtype)
    following = np.empty(_COLUMNS, updated.dtype)
    for start in range(0, n, _COLUMNS):
        stop = min(start + _COLUMNS, n)
        for _ in range(n_sweeps):
            for k in range(0, n_components, 2):
                is_pair = k + 1 < n_components
                if is_pair and gram[k, k] > 0 and gram[k + 1, k + 1] > 0:
                    _update_pair(
                        k, products, gram, updated, target, following, start, stop
                    )
                    continue
                for single in range(k, min(k + 2, n_components)):
                    if gram[single, single] > 0:
                        _update(single, products, gram, updated, target, start, stop)


@numba.njit(nogil=True, cache=True, fastmath=True, inline="always")
def _update(
    k: int,
    products: np.ndarray,
    gram: np.ndarray,
    updated: np.ndarray,
    target: np.ndarray,
    start: int,
    stop: int,
) -> None:  # pragma: no cover
    """Update one component in some columns."""
    # Slices of single rows: loops over them become vector instructions, ten times as
    # fast as with an index into the whole array.
    row, product = updated[k, start:stop], products[k, start:stop]
    own, n_rows = gram[k, k], len(updated)
    for c in range(row.size):
        target[c] = product[c] + own * row[c]
    for j in range(n_rows):
        weight, other = gram[k, j], updated[j, start:stop]
        for c in range(row.size):
            target[c] -= weight * other[c]
    for c in range(row.size):
        row[c] = max(target[c] / own, 0)


@numba.njit(nogil=True, cache=True, fastmath=True, inline="always")
def _update_pair(
    k: int,
    products: np.ndarray,
    gram: np.ndarray,
    updated: np.ndarray,
    target: np.ndarray,
    next_target: np.ndarray,
    start: int,
    stop: int,
) -> None:  # pragma: no cover
    """Update a component and the next one, one after the other, in some columns.

    What all have before is subtracted from both at once, which reads them once; the
    second is told afterwards by how much the first has changed.
    """
    row, product = updated[k, start:stop], products[k, start:stop]
    next_row, next_product = updated[k + 1, start:stop], products[k + 1, start:stop]
    own, next_own = gram[k, k], gram[k + 1, k + 1]
    for c in range(row.size):
        target[c] = product[c] + own * row[c]
        next_target[c] = next_product[c] + next_own * next_row[c]
    _subtract(target, next_target, gram[k], gram[k + 1], updated, start, stop)
    inverse, next_inverse, shared = 1 / own, 1 / next_own, gram[k + 1, k]
    for c in range(row.size):
        new = max(target[c] * inverse, 0)
        left = next_target[c] - shared * (new - row[c])
        row[c] = new
        next_row[c] = max(left * next_inverse, 0)


@numba.njit(nogil=True, cache=True, fastmath=True, inline="always")
def _subtract(
    target: np.ndarray,
    next_target: np.ndarray,
    weights: np.ndarray,
    next_weights: np.ndarray,
    rows: np.ndarray,
    start: int,
    stop: int,
) -> None:  # pragma: no cover
    """Subtract weighted sums of rows, four at a time to touch the targets less."""
    n_rows, size = len(rows), stop - start
    for j in range(0, n_rows - 3, 4):
        a, b, c, d = weights[j], weights[j + 1], weights[j + 2], weights[j + 3]
        e, f = next_weights[j], next_weights[j + 1]
        g, h = next_weights[j + 2], next_weights[j + 3]
        row_a, row_b = rows[j, start:stop], rows[j + 1, start:stop]
        row_c, row_d = rows[j + 2, start:stop], rows[j + 3, start:stop]
        for i in range(size):
            w, x, y, z = row_a[i], row_b[i], row_c[i], row_d[i]
            target[i] -= a * w + b * x + c * y + d * z
            next_target[i] -= e * w + f * x + g * y + h * z
    for j in range(n_rows - n_rows % 4, n_rows):
        a, e, row_a = weights[j], next_weights[j], rows[j, start:stop]
        for i in range(size):
            target[i] -= a * row_a[i]
            next_target[i] -= e * row_a[i]
