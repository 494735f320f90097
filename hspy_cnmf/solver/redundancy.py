"""Components that are noise: what it costs to leave one out, and without which it does.

Costs are squared distances between models, over what noise explains: in all positions
or, of a component that is in one scan of a series only, in that scan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.half_steps import half_step

#: What it must cost to leave a component out, as multiples of what a component of
#: noise explains: if the loadings of the others are refitted, and if their factors are.
#: Splits of one component share its factor, and the first costs nothing; those that fit
#: noise cost up to 2 either way. Crystals as faint as can be found cost 1 or more and,
#: with the noise and the rings that their factors may take up, 2 or more.
LIMITS = (1.0, 2.0)

#: The least that a component explains beyond the others, over what principal
#: components of noise do. Components of uniform noise reach 0.83, as they are not
#: negative; crystals whose maps correlate by 0.9 with the truth explain 1.3.
_NOISE = 1.0

#: How often the others are refitted where some are held.
_N_REFITS = 3

#: Singular values of a Gram matrix below this fraction of the largest are rounding.
_ROUNDING = 1e-12

#: Share of what a component explains from which on it is in one scan of a series only.
_ALONE = 0.7

#: What noise is taken to explain where there is none.
_TINY = 1e-300

#: Parts of the positions, of which the first is all, and what a component of noise
#: explains there; or what it does instead of each of the components, (n,).
Noise: TypeAlias = tuple[tuple[slice, float | np.ndarray], ...]

#: Factors and loadings, or the other way round.
Pair: TypeAlias = tuple[np.ndarray, np.ndarray]


def without_redundant(
    factors: np.ndarray,
    loadings: np.ndarray,
    noise: float | Noise,
    held: Held | None = None,
    strongest: Callable[[int], float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Leave out components, one by one, as long as each costs no more than noise.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
    loadings : numpy.ndarray, shape (n, n_positions)
    noise : float or Noise
        What leaving one out may cost, in units of the data squared.
    held : Held, optional
        Components that are not left out.
    strongest : callable, optional
        Returns what the strongest component of noise explains where there are so many;
        nothing is left out where all explain more. Default: as `noise` says.

    Returns
    -------
    factors, loadings : numpy.ndarray
        Of at least one component, the others refitted.
    """
    held = held or Held()
    noise = noise if isinstance(noise, tuple) else ((slice(None), float(noise)),)
    while len(factors) > max(1, held.n):
        least = strongest(len(factors)) if strongest else noise[0][1]
        if _weakest(factors, loadings, held) > _NOISE * least:
            break
        cost, *others = without_one(factors, loadings, held, noise)
        if cost > 1:
            break
        factors, loadings = others
    return factors, loadings


def without_own_noise(
    factors: np.ndarray,
    loadings: np.ndarray,
    noise_of: Callable[[np.ndarray, np.ndarray], np.ndarray],
    held: Held,
) -> tuple[np.ndarray, np.ndarray]:
    """Leave out components, one by one, that cost no more than noise where they are.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
    loadings : numpy.ndarray, shape (n, n_positions)
    noise_of : callable
        Returns what noise explains where components are, (n,), from their loadings and
        their factors.
    held : Held
        Components that are not left out.

    Returns
    -------
    factors, loadings : numpy.ndarray
        The very same if there are none.
    """
    while len(factors) > max(1, held.n):
        noise = ((slice(None), noise_of(loadings, factors)),)
        cost, *others = without_one(
            factors, loadings, held, noise, limits=(1, 1), refit=True
        )
        if cost > 1:
            break
        factors, loadings = others
    return factors, loadings


def without_one(
    factors: np.ndarray,
    loadings: np.ndarray,
    held: Held | None = None,
    noise: Noise = ((slice(None), 1.0),),
    limits: tuple[float, float] = LIMITS,
    refit: bool = False,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Leave out the component that is missed least.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
    loadings : numpy.ndarray, shape (n, n_positions)
    held : Held, optional
        Components that are not left out, of which there is at least one more.
    noise : Noise, optional
    limits : tuple of float, default LIMITS
    refit : bool, default False
        Whether others are refitted as well as can be; they are where some are held.

    Returns
    -------
    cost : float
        Squared distance between the models with it and without, over limits and
        over noise: that of all positions, or of the scan that it is in.
    factors, loadings : numpy.ndarray
        Of the others, refitted but for what is held.
    """
    held, n = held or Held(), len(factors)
    i, one = _without_one(factors, loadings, held.n, held.loadings(n), noise, False)
    j, other = _without_one(loadings, factors, held.n, held.factors(n), noise, True)
    options = [one, other[::-1]]
    if refit or held.n:
        options = [_refitted(factors, loadings, *option, held) for option in options]
    costs = [
        _distance(factors, loadings, *option, _noise_of(k, noise, n)) / limit
        for k, option, limit in zip((i, j), options, limits, strict=True)
    ]
    best = np.argmin(costs)
    return costs[best], *options[best]


def _without_one(
    fixed: np.ndarray,
    refitted: np.ndarray,
    n_held: int,
    stays: np.ndarray,
    noise: Noise,
    maps_fixed: bool,
) -> tuple[int, Pair]:
    """Leave out the row that the others span best; they take over what it explains.

    The first `n_held` are not left out. Rows that stay take over what is theirs of the
    refitted one, by their fixed ones, and nothing else.
    """
    known, own = refitted[stays], np.flatnonzero(~stays)
    shares = _shares(known, refitted[own])
    rest = refitted[own] - shares @ known
    gram = gram_of_rows(fixed[own])
    scale = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1))
    inverse = np.linalg.inv(
        gram / np.outer(scale, scale) + _ROUNDING * np.eye(len(gram))
    ) / np.outer(scale, scale)
    noise = _noise_of(own, noise, len(fixed))
    loss = _losses(fixed[own], rest, inverse, noise, maps_fixed)
    loss[own < n_held] = np.inf
    k = np.argmin(loss)
    taken_over = (-inverse[:, k] / inverse[k, k])[:, np.newaxis].astype(rest.dtype)
    fixed, refitted = fixed.copy(), refitted.copy()
    fixed[stays] = np.maximum(fixed[stays] + np.outer(shares[k], fixed[own[k]]), 0)
    refitted[own] = np.maximum(refitted[own] + taken_over * rest[k], 0)
    others = np.arange(len(fixed)) != own[k]
    return int(own[k]), (fixed[others], refitted[others])


def _noise_of(which: int | np.ndarray, noise: Noise, n: int) -> Noise:
    """Return the noise of some of n components."""
    return tuple((part, np.broadcast_to(least, n)[which]) for part, least in noise)


def _losses(
    fixed: np.ndarray,
    rest: np.ndarray,
    inverse: np.ndarray,
    noise: Noise,
    maps_fixed: bool,
) -> np.ndarray:
    """Return what it costs to leave out each row, over noise, (n,)."""
    sizes = np.einsum("ij,ij->i", rest, rest)
    apart = 1 / np.diag(inverse)  # of a fixed row, what no other spans, squared
    squares = [sizes * apart]
    if len(noise) > 1:
        maps, others = rest, apart
        if maps_fixed:
            left = (inverse * apart[:, np.newaxis]).astype(fixed.dtype)
            maps, others = left @ fixed, sizes
        for part, _ in noise[1:]:
            seen = maps[:, part]
            squares.append(np.einsum("ij,ij->i", seen, seen) * others)
    return over_noise(np.array(squares), noise)


def _refitted(
    factors: np.ndarray,
    loadings: np.ndarray,
    others: np.ndarray,
    maps: np.ndarray,
    held: Held,
) -> tuple[np.ndarray, np.ndarray]:
    """Return components that come nearer to the model of all: what is held limits them.

    Of two halves of a known pattern, the one that is left has to let go of it, too.
    """
    stays = held.factors(len(maps)), held.loadings(len(maps))
    for _ in range(_N_REFITS):
        products = gram_of_rows(maps, loadings) @ factors
        others = half_step(
            half_steps.hals, products, gram_of_rows(maps), others, held=stays[0]
        )
        products = gram_of_rows(others, factors) @ loadings
        maps = half_step(
            half_steps.hals, products, gram_of_rows(others), maps, held=stays[1]
        )
    return others, maps


def _weakest(factors: np.ndarray, loadings: np.ndarray, held: Held) -> float:
    """Return the smallest singular value, squared, of what may be left out.

    It is that of the model of components of which nothing is held, beyond what the
    factors and the maps that are held span: where it is noise, all that these
    components explain is as well explained by one less.
    """
    n = len(factors)
    grams = [
        _beyond(gram_of_rows(rows).astype(np.float64), held.n, stays)
        for rows, stays in ((factors, held.factors(n)), (loadings, held.loadings(n)))
    ]
    # Eigenvalues of the product of both, from a root of the second.
    values, vectors = np.linalg.eigh(grams[1])
    root = vectors * np.sqrt(np.maximum(values, 0))
    return max(np.linalg.eigvalsh(root.T @ grams[0] @ root)[0], 0.0)


def _beyond(gram: np.ndarray, n_held: int, stays: np.ndarray) -> np.ndarray:
    """Return the Gram matrix of the rows after the held, without what those span."""
    free = np.arange(len(gram)) >= n_held
    crossed = gram[np.ix_(free, stays)]
    inverse = np.linalg.pinv(gram[np.ix_(stays, stays)], hermitian=True)
    return gram[np.ix_(free, free)] - crossed @ inverse @ crossed.T


def _shares(known: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return how much of each known row there is in others, (n_rows, n_known)."""
    if not len(known):
        return np.zeros((len(rows), 0), rows.dtype)
    inverse = np.linalg.pinv(gram_of_rows(known), hermitian=True)
    return (gram_of_rows(rows, known) @ inverse).astype(rows.dtype)


def _distance(
    factors: np.ndarray,
    loadings: np.ndarray,
    other_factors: np.ndarray,
    other_loadings: np.ndarray,
    noise: Noise,
) -> float:
    """Return the squared distance between two models, over noise."""
    grams = (
        gram_of_rows(factors),
        gram_of_rows(factors, other_factors),
        gram_of_rows(other_factors),
    )
    squares = []
    for part, _ in noise:
        own, others = loadings[:, part], other_loadings[:, part]
        squares.append(
            np.vdot(grams[0], gram_of_rows(own))
            - 2 * np.vdot(grams[1], gram_of_rows(own, others))
            + np.vdot(grams[2], gram_of_rows(others))
        )
    return float(over_noise(np.array(squares), noise))


def over_noise(squares: np.ndarray, noise: Noise) -> np.ndarray:
    """Return squares, (n_parts, ...), over noise: of all, or of the scan they are in.

    What is in more than one scan is judged by all.
    """
    counts = squares > _ALONE * squares[0]
    counts[0] = True
    least = [np.maximum(value, _TINY) for _, value in noise]
    ratios = np.stack([own / value for own, value in zip(squares, least, strict=True)])
    return np.where(counts, ratios, -np.inf).max(axis=0)
