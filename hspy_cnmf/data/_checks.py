"""Checks of the arguments that the data sets share."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Literal, TypeAlias

import numpy as np

Chunks: TypeAlias = 'Literal["auto"] | int | tuple'
"""Chunks of the two scan axes, as Dask understands them."""

RandomState: TypeAlias = "int | np.random.SeedSequence | None"
"""Seed of a simulation; None draws a fresh one."""


def check_shape(name: str, shape: object, minimum: int) -> tuple[int, int]:
    """Check the size of a scan or a detector.

    Parameters
    ----------
    name : str
        Name of the argument, for the error message.
    shape : sequence of int
        Numbers of rows and columns, (y, x).
    minimum : int
        Smallest size allowed along each axis.

    Returns
    -------
    tuple of int
        The shape.

    Raises
    ------
    TypeError
        If `shape` is no pair of integers.
    ValueError
        If an axis is shorter than `minimum`.
    """
    sizes = tuple(shape) if isinstance(shape, (tuple, list, np.ndarray)) else ()
    if len(sizes) != 2 or not all(_is(Integral, size) for size in sizes):
        raise TypeError(
            f"{name}={shape!r} is not a pair of integers: give (rows, columns)."
        )
    if min(sizes) < minimum:
        raise ValueError(
            f"{name}={shape!r} is too small: give at least {minimum} along each axis."
        )
    return int(sizes[0]), int(sizes[1])


def check_positive(name: str, value: Any, maximum: float = np.inf) -> float:
    """Check that a number is finite, above zero and not above `maximum`.

    Parameters
    ----------
    name : str
        Name of the argument, for the error message.
    value : float
        The number.
    maximum : float, default infinity
        Largest value allowed.

    Returns
    -------
    float
        The number.

    Raises
    ------
    TypeError
        If `value` is no real number.
    ValueError
        If `value` is out of range.
    """
    if not _is(Real, value):
        raise TypeError(f"{name}={value!r} is not a number: give a positive number.")
    if not 0 < value <= maximum or not np.isfinite(value):
        limit = "" if maximum == np.inf else f" that is at most {maximum:g}"
        raise ValueError(
            f"{name}={value!r} is out of range: give a finite positive number{limit}."
        )
    return float(value)


def check_count(name: str, value: Any) -> int:
    """Check that a number is an integer of at least one.

    Parameters
    ----------
    name : str
        Name of the argument, for the error message.
    value : int
        The number.

    Returns
    -------
    int
        The number.

    Raises
    ------
    TypeError
        If `value` is no integer.
    ValueError
        If `value` is below one.
    """
    if not _is(Integral, value):
        raise TypeError(f"{name}={value!r} is not an integer: give 1 or more.")
    if value < 1:
        raise ValueError(f"{name}={value!r} is too small: give 1 or more.")
    return int(value)


def seed_sequence(random_state: RandomState) -> np.random.SeedSequence:
    """Turn the `random_state` argument into a seed sequence.

    Parameters
    ----------
    random_state : int, numpy.random.SeedSequence or None
        The seed; None draws a fresh one from the operating system.

    Returns
    -------
    numpy.random.SeedSequence
        The seed sequence.

    Raises
    ------
    TypeError
        If `random_state` is something else.
    ValueError
        If `random_state` is negative.
    """
    if isinstance(random_state, np.random.SeedSequence):
        return random_state
    if random_state is not None and not _is(Integral, random_state):
        raise TypeError(
            f"random_state={random_state!r} cannot seed every probe position: give an "
            "integer, a numpy.random.SeedSequence or None."
        )
    if random_state is not None and random_state < 0:
        raise ValueError(f"random_state={random_state!r} is negative: give 0 or more.")
    return np.random.SeedSequence(random_state)


def _is(kind: type, value: Any) -> bool:
    """Tell whether `value` is a number of this kind; True and False are none."""
    return isinstance(value, kind) and not isinstance(value, (bool, np.bool_))
