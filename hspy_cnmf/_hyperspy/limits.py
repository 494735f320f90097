"""Limits of numbers that users give as arguments, and plain numbers made of them."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np


def real_number(
    name: str,
    value: Any,
    low: float = 0.0,
    high: float = np.inf,
    exclusive: bool = False,
) -> float:
    """Return an argument as a plain number, as JSON and texts take it.

    Parameters
    ----------
    name : str
        Of the argument, for the error.
    value : object
        A number, NumPy's included.
    low, high : float, default 0 and inf
        Limits; infinity is never allowed.
    exclusive : bool, default False
        Whether the limits themselves are not allowed either.

    Raises
    ------
    ValueError
        If it is something else.
    """
    limits = f"between {low:g} and {high:g}"
    if high == np.inf:
        limits = f"above {low:g}" if exclusive else f"{low:g} or more"
    if not _is_within(value, Real, low, high, exclusive):
        raise ValueError(f"{name} must be a number, {limits}, not {value!r}.")
    return float(value)


def whole_number(name: str, value: Any, low: int, high: float = np.inf) -> int:
    """Return an argument as a plain whole number within limits; see `real_number`."""
    if not _is_within(value, Integral, low, high, False):
        is_high = _is_within(value, Integral, high, np.inf, False)
        limits = f"{high} or less" if is_high else f"{low} or more"
        raise ValueError(f"{name} must be a whole number, {limits}, not {value!r}.")
    return int(value)


def truth(name: str, value: Any) -> bool:
    """Return an argument as a plain bool, or raise a ValueError."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False, not {value!r}.")
    return bool(value)


def _is_within(
    value: Any, kind: type, low: float, high: float, exclusive: bool
) -> bool:
    if not isinstance(value, kind) or isinstance(value, bool):
        return False
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number of more digits than floats have
        return False
    if exclusive:
        return low < number < high
    return low <= number <= high and number != np.inf
