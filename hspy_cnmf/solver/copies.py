"""Starts that have become copies of others: these find all that they would find.

Which of several different starts will end with the lowest error, their errors do not
foretell: starts lie on plateaus for a hundred iterations, and errors rise where
components are left out. So none is given up for its error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from hspy_cnmf.device.arrays import to_host
from hspy_cnmf.solver.agreement import agreement_with, unit_rows
from hspy_cnmf.solver.revision import Revision

if TYPE_CHECKING:
    from hspy_cnmf.solver.iteration import State

#: Status of a start that is not followed any more.
COPY = "copy"

#: Agreement of every component from which on a start is a copy. Components count as
#: found again from 0.99 on, and starts that are as near as this come nearer still.
_ALIKE = 0.995


def order_of(
    states: Sequence[State], shape: tuple[int, ...], revise: Revision | None
) -> list[int]:
    """Return the numbers of starts that are no copies, those of low errors first.

    Where some kept more components than others, each has to be worth it.

    Parameters
    ----------
    states : sequence of State
    shape : tuple of int
        Number of positions and of pixels.
    revise : Revision or None
    """
    errors = np.array([state.history[-1][0] for state in states])
    if revise is not None:
        found = [np.count_nonzero(state.factors.any(axis=1)) for state in states]
        errors += np.array(found) * revise.least / np.prod(shape)
    order = np.argsort(errors, kind="stable").tolist()
    return [i for i in order if states[i].status != COPY]


def with_copies(
    states: Sequence[State], shape: tuple[int, ...], revise: Revision
) -> list[State]:
    """Return starts of which those have ended that are copies of better ones.

    Parameters
    ----------
    states : sequence of State
        After equally many iterations, but for those that have ended.
    shape : tuple of int
        Number of positions and of pixels.
    revise : Revision
    """
    states, better = list(states), dict[int, np.ndarray]()
    if len(states) == 1:
        return states
    for i in order_of(states, shape, revise):
        state, factors = states[i], to_host(states[i].factors)
        if state.status == "running":
            for k, others in better.items():
                if is_copy(factors, others, _ALIKE):
                    # Its maps are of no more use, and large.
                    ended = state.replaced(factors, to_host(state.loadings[:, :0]))
                    states[i] = replace(ended, status=COPY, copy_of=(k, others))
                    break
        if states[i].status != COPY:
            better[i] = factors
    return states


def is_copy(factors: np.ndarray, others: np.ndarray, least: float) -> bool:
    """Return whether every one of some other factors has one that agrees with it."""
    n = max(len(factors), len(others))
    agreement = agreement_with(0, [_padded(others, n), _padded(factors, n)])[1]
    return bool(np.nanmin(agreement, initial=1) >= least)


def compared_factors(states: Sequence[State]) -> list[np.ndarray]:
    """Return the factors of each start for their agreement, (n_components, n_pixels).

    Those of a copy are what the other start became since, and as far from it as they
    were: no nearer than was seen, and no farther only for having ended early.
    """
    return [_compared(states, i) for i in range(len(states))]


def _compared(states: Sequence[State], i: int) -> np.ndarray:
    own, copy_of = states[i].factors, states[i].copy_of
    if copy_of is None:
        return own
    now = _compared(states, copy_of[0])
    then = _padded(copy_of[1], len(now))
    then = then[_partners(now, then)]
    away = own[_partners(then, own)] - then
    return np.where(now.any(axis=1, keepdims=True), now + away, 0)


def _partners(factors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return which of as many others is the one of each factor."""
    cosines = unit_rows(factors) @ unit_rows(others).T
    return linear_sum_assignment(cosines, maximize=True)[1]


def _padded(factors: np.ndarray, n: int) -> np.ndarray:
    return np.pad(factors, ((0, n - len(factors)), (0, 0)))
