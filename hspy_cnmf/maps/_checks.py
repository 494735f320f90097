"""Checks of maps and of the distances between their positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def check_maps(maps: ArrayLike, steps: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return maps, in their own precision, and steps, or raise what is wrong."""
    maps = np.asarray(maps)
    if maps.ndim != 3:
        raise ValueError(
            "maps must be a stack of maps, shape (n_components, rows, columns), got "
            f"shape {maps.shape}."
        )
    check_finite(maps)
    return maps, check_steps(steps)


def check_finite(maps: np.ndarray) -> None:
    """Raise a ValueError if a map holds infinite values, which are no mask."""
    if any(np.isinf(values).any() for values in maps):
        raise ValueError("maps has infinite values: mark masked positions with NaN.")


def check_steps(steps: ArrayLike) -> np.ndarray:
    """Return two steps as an array, or raise what is wrong with them."""
    steps = np.asarray(steps, float)
    if steps.shape != (2,) or not ((steps > 0) & np.isfinite(steps)).all():
        raise ValueError(f"steps must be two positive distances, got {steps.tolist()}.")
    return steps
