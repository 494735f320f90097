r"""Mixtures of components that describe data as well, and what limits them.

Factors mixed by a matrix and loadings mixed back by its inverse have the same product,

.. math:: X \approx H^T W = (A^{-T} H)^T (A W),

so that nothing in the data prefers one such solution to another: only what is known of
factors and loadings does, first of all that neither is negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

#: Columns of a stack that limit one component against another, taken for each pair.
_BINDING = 32

#: By how much of the largest room a limit may be missed: the precision of the solver.
_MISSED = 1e-7

#: Columns that a linear programme is given at a time, and how often there are more.
_MORE, _ROUNDS = 50, 20

#: Of so many components, any combination may change hands; of more only with the
#: strongest other one, which costs up to a twentieth of the width and is faster.
_FEW = 8

#: How often each step is taken at most.
_REPEATED = 10

#: Change of a component at most, in units of what makes it as large as another.
_LARGEST = 1e6


@dataclass(frozen=True, eq=False)
class Side:
    """Factors, or loadings, and what mixtures of them have to obey.

    Parameters
    ----------
    stacks : list of numpy.ndarray, each of shape (n, n_limits of the component)
        For each component what its limits see of all: a mixture ``c`` in its place
        obeys them where ``c @ stack >= -room``.
    rooms : list of numpy.ndarray, each of shape (n_limits of the component,)
        How negative that may be within the noise, at least 0.
    sums : numpy.ndarray, shape (n,)
        Sum of each factor, or of each map.
    """

    stacks: list[np.ndarray]
    rooms: list[np.ndarray]
    sums: np.ndarray

    @classmethod
    def nonnegative(cls, stack: np.ndarray, room: np.ndarray) -> Side:
        """Return the side that is known to be nowhere negative.

        Parameters
        ----------
        stack : numpy.ndarray, shape (n, n_values)
        room : numpy.ndarray, shape (n, n_values)
        """
        chosen = _binding(stack, room)
        stacks = [stack[:, chosen]] * len(stack)
        return cls(stacks, list(room[:, chosen]), stack.sum(axis=1))

    def with_limits(self, k: int, stack: np.ndarray, room: np.ndarray) -> Side:
        """Return this side, where a component has to obey further limits.

        Parameters
        ----------
        k : int
            The component.
        stack : numpy.ndarray, shape (n, n_limits)
        room : numpy.ndarray, shape (n_limits,)
        """
        chosen = _binding(stack, np.broadcast_to(room, stack.shape), k)
        stacks, rooms = list(self.stacks), list(self.rooms)
        stacks[k] = np.hstack([stacks[k], stack[:, chosen]])
        rooms[k] = np.concatenate([rooms[k], room[chosen]])
        return Side(stacks, rooms, self.sums)

    def interval(
        self, mixtures: np.ndarray, i: int, added: np.ndarray
    ) -> tuple[float, float]:
        """Return how much of a mixture may at least and at most be added to another.

        Parameters
        ----------
        mixtures : numpy.ndarray, shape (n, n)
        i : int
            Number of the mixture that is added to.
        added : numpy.ndarray, shape (n,)
        """
        slope = added @ self.stacks[i]
        room = np.maximum(mixtures[i] @ self.stacks[i] + self.rooms[i], 0)
        rises = slope > _MISSED * np.abs(slope).max(initial=0)
        falls = slope < -_MISSED * np.abs(slope).max(initial=0)
        low = -np.min(room[rises] / slope[rises], initial=np.inf)
        return low, np.min(room[falls] / -slope[falls], initial=np.inf)


def _binding(
    stack: np.ndarray, room: np.ndarray, only: int | None = None
) -> np.ndarray:
    """Return the columns that may limit mixtures: those next to zero, for each pair."""
    n, size = stack.shape
    if size <= _BINDING:
        return np.arange(size)
    chosen = []
    for i in range(n) if only is None else [only]:
        near = np.maximum(stack[i] + room[i], 0)
        for j in range(n):
            if j != i:
                added = np.abs(stack[j])
                # Dark pixels and vacuum, which have nothing of it, limit nothing.
                limits = added > _MISSED * added.max()
                ratio = np.divide(near, added, out=np.full(size, np.inf), where=limits)
                chosen.append(np.argpartition(ratio, _BINDING - 1)[:_BINDING])
    return np.unique(np.concatenate(chosen)) if chosen else np.arange(1)


@dataclass(frozen=True, eq=False)
class Mixture:
    """A solution: how its factors and its loadings are mixed of those found.

    Parameters
    ----------
    factors, loadings : numpy.ndarray, shape (n, n)
        Coefficients; one is the inverse of the other, transposed.
    """

    factors: np.ndarray
    loadings: np.ndarray

    @classmethod
    def found(cls, n: int) -> Mixture:
        """Return the solution that was found, of n components."""
        return cls(np.eye(n), np.eye(n))

    def swapped(self) -> Mixture:
        """Return this with factors for loadings."""
        return Mixture(self.loadings, self.factors)

    def moved(self, j: int, amounts: np.ndarray) -> Mixture:
        """Return a solution where factor j is added to others, and their maps are less.

        Parameters
        ----------
        j : int
        amounts : numpy.ndarray, shape (n,)
            How much of it each factor gets; that of j is 0.
        """
        loadings = self.loadings.copy()
        loadings[j] -= amounts @ self.loadings
        return Mixture(self.factors + np.outer(amounts, self.factors[j]), loadings)


def extreme(sides: tuple[Side, Side], k: int, sign: int) -> Mixture:
    r"""Return the solution in which a component has the least, or most, of all counts.

    Parameters
    ----------
    sides : tuple of Side
        Factors and loadings.
    k : int
        The component.
    sign : {-1, 1}
        -1 for the least, 1 for the most.

    Returns
    -------
    Mixture

    Notes
    -----
    Where one factor, j, is added to others in amounts :math:`a_i`,

    .. math:: w_i \leftarrow w_i + a_i w_j, \quad
        h_j \leftarrow h_j - \sum_i a_i h_i,

    the product stays the same, and all limits and the counts of k are linear in a: the
    best a is that of a linear programme, exactly. So it is with the roles of factors
    and loadings exchanged. These programmes are solved in turn for all j until the
    counts of k no longer change. Limits are added to a programme as they are violated.
    The result is a solution that obeys all limits; that there is none more extreme is
    not proved, as with the non-linear optimisation of MCR-BANDS (Gemperline, Anal.
    Chem. 71, 5398, 1999; Tauler, J. Chemometrics 15, 627, 2001).
    """
    n = len(sides[0].sums)
    mixture = Mixture.found(n)
    strength = sides[0].sums * sides[1].sums
    others = [j for j in np.argsort(-strength) if j != k]
    order = [k, *others]
    n_thorough = n if n <= _FEW else 1
    history = [_counts(sides, mixture, k)]
    least = 1e-2 * strength.sum()
    steps = [
        (step, j, place <= n_thorough)
        for place, j in enumerate(order)
        for step in (_first, _second)
    ]
    for step, j, many in _REPEATED * steps:
        new = step(sides, mixture, j, k, sign, many)
        counts = _counts(sides, new, k)
        if sign * (counts - history[-1]) >= 0:
            mixture = new
        else:
            counts = history[-1]
        history.append(counts)
        # Nothing has changed since this step was taken before.
        before = history[-1 - len(steps)] if len(history) > len(steps) else np.inf
        if abs(counts - before) <= 1e-4 * max(abs(counts), least):
            break
    return mixture


def _counts(sides: tuple[Side, Side], mixture: Mixture, k: int) -> float:
    """Return the counts of a component."""
    factors, loadings = sides
    return float(
        (mixture.factors[k] @ factors.sums) * (mixture.loadings[k] @ loadings.sums)
    )


def _first(
    sides: tuple[Side, Side], mixture: Mixture, j: int, k: int, sign: int, many: bool
) -> Mixture:
    """Return the best of the solutions that differ in what has factor j added."""
    gaining, losing = sides
    n = len(gaining.sums)
    amounts = np.zeros(n)
    others = np.flatnonzero(np.arange(n) != j) if many else np.array([k])
    limits = np.array(
        [gaining.interval(mixture.factors, i, mixture.factors[j]) for i in others]
    ).reshape(-1, 2)
    given = mixture.loadings[others] @ losing.stacks[j]
    room = np.maximum(mixture.loadings[j] @ losing.stacks[j] + losing.rooms[j], 0)
    if j == k:
        worth = -sign * (mixture.loadings[others] @ losing.sums)
    else:
        worth = sign * (others == k).astype(float)
    solve = _programme if len(others) > 1 else _single
    if len(others):
        amounts[others] = solve(worth, limits, given, room)
    return mixture.moved(j, amounts)


def _second(
    sides: tuple[Side, Side], mixture: Mixture, j: int, k: int, sign: int, many: bool
) -> Mixture:
    """Return the same as `_first`, with factors for loadings."""
    swapped = _first(sides[::-1], mixture.swapped(), j, k, sign, many)
    return swapped.swapped()


def _single(
    worth: np.ndarray, limits: np.ndarray, given: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """Return the best amount of one that is given: as much, or as little, as may be."""
    slope, (low, high) = given[0], limits[0]
    rises, falls = slope > 0, slope < 0
    high = min(high, np.min(room[rises] / slope[rises], initial=np.inf))
    low = max(low, -np.min(room[falls] / -slope[falls], initial=np.inf))
    best = high if worth[0] > 0 else low
    return np.array([best if np.isfinite(best) else 0.0])


def _programme(
    worth: np.ndarray, limits: np.ndarray, given: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """Return the amounts of greatest worth of which no more is given than there is.

    Parameters
    ----------
    worth : numpy.ndarray, shape (m,)
    limits : numpy.ndarray, shape (m, 2)
        Least and greatest amount of each.
    given : numpy.ndarray, shape (m, n_limits)
        What one of each takes.
    room : numpy.ndarray, shape (n_limits,)
        What there is.

    Returns
    -------
    numpy.ndarray, shape (m,)
        Zeros where the programme has no solution.
    """
    largest = max(room.max(), 1e-300)
    size = np.abs(given).max(axis=1)
    unit = np.where(size > 0, largest / np.where(size > 0, size, 1), 1.0)
    taken, room = given * (unit / largest)[:, np.newaxis], room / largest
    low, high = np.clip(limits / unit[:, np.newaxis], -_LARGEST, _LARGEST).T
    worth = worth * unit
    worth = worth / max(np.abs(worth).max(), 1e-300)
    ratio = room / np.maximum(taken, 1e-12)
    n_first = min(5, room.size)
    chosen = np.unique(np.argpartition(ratio, n_first - 1, axis=1)[:, :n_first])
    for _ in range(_ROUNDS):
        solution = linprog(
            -worth,
            taken[:, chosen].T,
            room[chosen],
            bounds=np.stack([low, np.maximum(low, high)], axis=1),
            method="highs",
        )
        if solution.status != 0:
            return np.zeros(len(worth))
        excess = solution.x @ taken - room
        missed = np.flatnonzero(excess > _MISSED)
        if not missed.size:
            return solution.x * unit
        missed = missed[np.argsort(-excess[missed])[:_MORE]]
        chosen = np.union1d(chosen, missed)
    return np.zeros(len(worth))
