"""Test of whether the noise of data is that of counts."""

from __future__ import annotations

from typing import NamedTuple

import dask.array as da
import numpy as np

from hspy_cnmf.operators.computing import patterns_at
from hspy_cnmf.verification.model import FittedModel, require_numbers

#: Pairs of neighbouring positions that are read.
_N_PAIRS = 12

#: Ratios of the variance found to that of counts which are still called Poisson.
_LIMITS = 0.75, 1.35

#: Ratio below which data may have no noise at all.
_NO_NOISE = 1e-3

#: What is said of numbers that are taken for counts.
_NOT_WHOLE = (
    "The data are not whole numbers. Chi-square takes them for counts: neighbouring "
    "patterns differ with {:.3g} (± {:.2g}) times the variance that counts have. If "
    "they were multiplied by a number, give gain=...; if pixels have gains of their "
    "own, variance=..."
)


class Scatter(NamedTuple):
    """How far neighbouring patterns differ, beside what counts do.

    Attributes
    ----------
    ratio, error : float
        Variance over that of counts; of counts times a number it is that number.
        (1, inf) where no two neighbouring positions take part.
    is_whole : bool
        Whether all values that were read are whole numbers.
    lowest : float
        The least of them.
    """

    ratio: float
    error: float
    is_whole: bool
    lowest: float

    @property
    def is_of_counts(self) -> bool:
        """Whether it may be that of counts."""
        low, high = _LIMITS
        return (
            self.ratio + 4 * self.error >= low and self.ratio - 4 * self.error <= high
        )


def check_counts(data: np.ndarray | da.Array, model: FittedModel) -> str:
    """Raise a ValueError if the noise of data is not that of counts.

    Returns
    -------
    str
        What a user should know of numbers that are taken for counts; empty if all that
        were looked at are whole.
    """
    found = scatter(data, model)
    if found.lowest < 0:
        raise ValueError(
            f"The data hold negative values ({found.lowest:.4g} among those looked "
            "at), which counts never are. Undo what was subtracted, or give variance=, "
            "an array or a function of the model."
        )
    if found.is_of_counts:
        return "" if found.is_whole else _NOT_WHOLE.format(found.ratio, found.error)
    advice = (
        "If they are counts times a number, give the electrons per unit, here about "
        f"gain={1 / max(found.ratio, 1e-300):.3g}"
    )
    if found.ratio < _NO_NOISE:
        advice += "; without noise they have no chi-square; if the noise is known, give"
    raise ValueError(
        "The data are not Poisson counts: neighbouring patterns differ with "
        f"{found.ratio:.3g} (± {found.error:.2g}) times the variance that counts have. "
        f"{advice} (or variance=, an array or a function of the model; or gain=1 if "
        "they are counts all the same, but the model does not follow them: maps "
        "smoothed more than the probe does, say, see loading_constraint)."
    )


def noise_per_count(data: np.ndarray | da.Array, model: FittedModel) -> float:
    """Return the variance of data over that of counts: exactly 1 if it may be that."""
    found = scatter(data, model)
    return 1.0 if found.is_of_counts else found.ratio


def scatter(data: np.ndarray | da.Array, model: FittedModel) -> Scatter:
    """Return how far neighbouring patterns differ.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Navigation axes first. A few patterns are read.
    model : FittedModel
        What describes them, not necessarily well: what it misses is much the same at
        neighbouring positions.
    """
    pairs = _neighbours(model.keep_positions)
    if not len(pairs[0]):
        return Scatter(1.0, np.inf, True, 0.0)
    number = np.cumsum(model.keep_positions, dtype=np.int32) - 1
    number = number.reshape(model.keep_positions.shape)
    # Differences of unsigned integers would wrap.
    values = np.stack(
        [patterns_at(data, places)[:, model.keep_pixels] for places in pairs]
    ).astype(float)
    require_numbers(values, "their noise")
    is_whole = bool((values == np.rint(values)).all())
    lowest = float(values.min())
    models = [
        model.loadings[:, number[tuple(places.T)]].T @ model.factors for places in pairs
    ]
    expected = np.maximum(sum(models), 0)
    difference = np.subtract(*values) - np.subtract(*models)
    weight = 1 / (expected + max(expected.mean(), 1e-30))
    found = (weight * difference**2).sum(axis=1)
    expected = (weight * expected).sum(axis=1)
    used = expected > 0
    if np.count_nonzero(used) < 3:
        return Scatter(1.0, np.inf, is_whole, lowest)
    found, expected = found[used], expected[used]
    # Where the specimen changes between two positions the model may not follow.
    typical = found / expected <= 3 * np.median(found / expected)
    found, expected = found[typical], expected[typical]
    estimate = found.sum() / expected.sum()
    error = np.sqrt(((found - estimate * expected) ** 2).sum()) / expected.sum()
    return Scatter(float(estimate), float(error), is_whole, lowest)


def _neighbours(keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return evenly spread pairs of positions, two arrays, shape (n, keep.ndim)."""
    axis = max(range(keep.ndim), key=lambda k: (keep.shape[k] > 1, k))
    here, there = (
        np.take(keep, np.arange(start, start + keep.shape[axis] - 1), axis=axis)
        for start in (0, 1)
    )
    both = here & there
    first = np.flatnonzero(both)
    chosen = np.linspace(0, len(first) - 1, min(_N_PAIRS, len(first))).astype(int)
    first = np.stack(np.unravel_index(first[chosen], both.shape), axis=-1)
    return first, first + (np.arange(keep.ndim) == axis)
