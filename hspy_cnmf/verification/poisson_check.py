"""Test of whether the noise of data is that of counts."""

from __future__ import annotations

import dask.array as da
import numpy as np

from hspy_cnmf.operators.reader import patterns_at
from hspy_cnmf.verification.model import FittedModel, require_numbers

#: Pairs of neighbouring positions that are read.
_N_PAIRS = 12

#: Ratios of the variance found to that of counts which are still called Poisson.
_LIMITS = 0.75, 1.35

#: What is said of numbers that are taken for counts.
_NOT_WHOLE = (
    "The data are not whole numbers. Chi-square takes them for counts: neighbouring "
    "patterns differ with {:.3g} (± {:.2g}) times the variance that counts have. If "
    "they were multiplied by a number, give gain=...; if pixels have gains of their "
    "own, variance=..."
)


def check_counts(data: np.ndarray | da.Array, model: FittedModel) -> str:
    """Raise a ValueError if the noise of data is not that of counts.

    Returns
    -------
    str
        What a user should know of numbers that are taken for counts; empty if all that
        were looked at are whole.
    """
    estimate, error, whole = poisson_ratio(data, model)
    low, high = _LIMITS
    if estimate + 4 * error >= low and estimate - 4 * error <= high:
        return "" if whole else _NOT_WHOLE.format(estimate, error)
    advice = (
        "If they are counts times a number, give the electrons per unit, here about "
        f"gain={1 / estimate:.3g}"
        if estimate > 1e-3
        else "Data without noise have no chi-square: if the noise is known, give it"
    )
    raise ValueError(
        "The data are not Poisson counts: neighbouring patterns differ with "
        f"{estimate:.3g} (± {error:.2g}) times the variance that counts have. {advice} "
        "(or variance=, an array or a function of the model; or gain=1 if they are "
        "counts all the same, but the model does not follow them: maps smoothed more "
        "than the probe does, say, see loading_constraint)."
    )


def poisson_ratio(
    data: np.ndarray | da.Array, model: FittedModel
) -> tuple[float, float, bool]:
    """Estimate the variance of data over that of counts from neighbouring patterns.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Navigation axes first. A few patterns are read.
    model : FittedModel
        What describes them, not necessarily well: what it misses is much the same at
        neighbouring positions.

    Returns
    -------
    estimate, error : float
        Of data that are counts over a gain, estimate is one over the gain. (1, inf)
        where no two neighbouring positions take part.
    whole : bool
        Whether all values that were read are whole numbers.
    """
    pairs = _neighbours(model.keep_positions)
    if not len(pairs[0]):
        return 1.0, np.inf, True
    number = np.cumsum(model.keep_positions, dtype=np.int32) - 1
    number = number.reshape(model.keep_positions.shape)
    # Differences of unsigned integers would wrap.
    values = np.stack(
        [patterns_at(data, places)[:, model.keep_pixels] for places in pairs]
    ).astype(float)
    require_numbers(values, "their noise")
    _check_not_negative(values)
    whole = bool((values == np.rint(values)).all())
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
        return 1.0, np.inf, whole
    found, expected = found[used], expected[used]
    # Where the specimen changes between two positions the model may not follow.
    typical = found / expected <= 3 * np.median(found / expected)
    found, expected = found[typical], expected[typical]
    estimate = found.sum() / expected.sum()
    error = np.sqrt(((found - estimate * expected) ** 2).sum()) / expected.sum()
    return float(estimate), float(error), whole


def _check_not_negative(values: np.ndarray) -> None:
    if values.min() < 0:
        raise ValueError(
            f"The data hold negative values ({values.min():.4g} among those looked "
            "at), which counts never are. Undo what was subtracted, or give variance=, "
            "an array or a function of the model."
        )


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
