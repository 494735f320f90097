"""Several constraints as one: a list, applied in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

#: How far values that are exact may move where another constraint is applied later.
_SAME = 1e-3


def members(constraint: Any) -> tuple:
    """Return the constraints of a list, or of one or None."""
    if isinstance(constraint, (list, tuple)):
        return tuple(constraint)
    return () if constraint is None else (constraint,)


def first_of(constraint: Any, kind: type | tuple[type, ...]) -> Any:
    """Return the first constraint of a kind, or of some kinds, or None."""
    return next((c for c in members(constraint) if isinstance(c, kind)), None)


def each(function: Callable[[Any], Any], constraint: Any) -> Any:
    """Return a constraint, or a list of them as a tuple, with a function applied."""
    if not isinstance(constraint, (list, tuple)):
        return function(constraint)
    changed = (function(c) for c in constraint)
    return tuple(c for c in changed if c is not None)


def in_order(
    applied: Sequence[Callable[[np.ndarray], np.ndarray] | None],
    constraints: Sequence[Any],
    n_values: int,
    name: str,
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return prepared constraints as one, and raise if they contradict each other.

    Parameters
    ----------
    applied : sequence of callable
        Of the values that take part.
    constraints : sequence
        What they are.
    n_values : int
        Number of values that take part.
    name : str
        Name of the argument that they came by.

    Raises
    ------
    ValueError
        If one does not hold any longer once the later ones are applied, or nothing is
        left of any image.
    """
    functions = [function for function in applied if function is not None]
    if not functions:
        return None

    def apply(values: np.ndarray) -> np.ndarray:
        for function in functions:
            values = function(values)
        return values

    if len(functions) == 1:
        return functions[0]
    # Even images, which a floor lifts, and uneven ones, whose faint parts may vanish.
    values = np.random.default_rng(0).random((3, n_values))
    result = apply(np.concatenate([values + 0.5, values**4]))
    if not result.any():
        raise ValueError(f"{name}: nothing is left of any image: {list(constraints)}.")
    for function, constraint in zip(applied, constraints, strict=True):
        if function is None or not getattr(constraint, "is_exact", False):
            continue
        moved = np.abs(function(result) - result).max()
        if moved > _SAME * np.abs(result).max():
            raise ValueError(
                f"{name}: {constraint!r} does not hold any longer once all of "
                f"{list(constraints)} are applied, in this order. Put it last, or "
                "leave one of them out: they contradict each other."
            )
    return apply
