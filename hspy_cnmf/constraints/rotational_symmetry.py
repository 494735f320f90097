"""Patterns that are the same after part of a turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from scipy import sparse

from hspy_cnmf.constraints.base import Constraint


@dataclass(frozen=True)
class RotationalSymmetry(Constraint):
    """Replace a pattern by its mean over the turns of a rotational symmetry.

    Parameters
    ----------
    n : int, default 2
        Turns by 360/n degrees leave the pattern the same; at least 2. 2 is Friedel's
        law: opposite reflections are as strong.
    center : tuple of float, optional
        Row and column of the pattern's centre in pixels; default the middle pixel.
        ``s.decomposition`` sets it from the signal's calibration.

    Raises
    ------
    ValueError
        If `n` is no integer of at least 2, or patterns have not two dimensions.

    Notes
    -----
    Turned pixels are interpolated linearly, and those that turn to where nothing is
    known, outside or masked, do not count. With n of 2 and 4, and a centre on a pixel
    or half-way between two, nothing is interpolated: then this is a projection.
    """

    n: int = 2
    center: tuple | None = None

    def __post_init__(self) -> None:
        whole = isinstance(self.n, Integral) and not isinstance(self.n, bool)
        if not whole or self.n < 2:
            raise ValueError(f"n must be an integer of at least 2, got {self.n!r}.")
        if self.center is not None:
            center = tuple(np.asarray(self.center, float).tolist())
            object.__setattr__(self, "center", center)

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the pixels that take part."""
        if keep.ndim != 2:
            raise ValueError(
                "RotationalSymmetry needs patterns of two dimensions, not images of "
                f"shape {keep.shape}. Leave it out for other signals."
            )
        center = self.center or tuple((size - 1) / 2 for size in keep.shape)
        number = np.full(keep.shape, -1)
        number[keep] = np.arange(np.count_nonzero(keep))
        mean = sum(
            _turned(number, np.argwhere(keep), np.array(center), 2 * np.pi * k / self.n)
            for k in range(self.n)
        )
        mean = sparse.diags(1 / mean.sum(axis=1)) @ mean

        def apply(values: np.ndarray) -> np.ndarray:
            return (mean.astype(values.dtype) @ values.T).T

        return apply


def _turned(
    number: np.ndarray, places: np.ndarray, center: np.ndarray, angle: float
) -> sparse.csr_array:
    """Return the matrix that interpolates a pattern at places that are turned.

    Parameters
    ----------
    number : numpy.ndarray of int
        Number of each pixel, -1 of those that take no part.
    places : numpy.ndarray, shape (n_kept, 2)
    center : numpy.ndarray, shape (2,)
    angle : float
        Radians.
    """
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    # Rounding must not make an interpolation of what falls on a pixel.
    turned = np.round((places - center) @ turn.T + center, 9)
    low = np.floor(turned).astype(int)
    fraction = turned - low
    rows, columns, weights = [], [], []
    for step in np.ndindex(2, 2):
        pixel = low + step
        weight = np.prod(np.where(step, fraction, 1 - fraction), axis=1)
        inside = ((pixel >= 0) & (pixel < number.shape)).all(axis=1) & (weight > 0)
        row = np.flatnonzero(inside)
        column = number[tuple(pixel[row].T)]
        rows.append(row[column >= 0])
        columns.append(column[column >= 0])
        weights.append(weight[row][column >= 0])
    n = len(places)
    entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array(entries, shape=(n, n))
