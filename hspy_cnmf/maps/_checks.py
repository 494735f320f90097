"""Checks of maps and of the distances between their positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def check_maps(maps: ArrayLike, steps: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    maps = np.asarray(maps, float)
    if maps.ndim != 3:
        raise ValueError(
            "maps must be a stack of maps, shape (n_components, rows, columns), got "
            f"shape {maps.shape}."
        )
    if np.isinf(maps).any():
        raise ValueError("maps has infinite values: mark masked positions with NaN.")
    return maps, check_steps(steps)


def check_steps(steps: ArrayLike) -> np.ndarray:
    steps = np.asarray(steps, float)
    if steps.shape != (2,) or not ((steps > 0) & np.isfinite(steps)).all():
        raise ValueError(f"steps must be two positive distances, got {steps.tolist()}.")
    return steps
