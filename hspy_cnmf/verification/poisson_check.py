"""Test of whether the noise of data is that of counts."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from hyperspy.signal import BaseSignal

from hspy_cnmf._hyperspy.bridge import aligned_data, shapes
from hspy_cnmf._hyperspy.limits import real_number
from hspy_cnmf.messages import warn_once
from hspy_cnmf.operators.reader import patterns_at
from hspy_cnmf.verification.model import FittedModel
from hspy_cnmf.verification.noise import GivenVariance, PoissonNoise

_logger = logging.getLogger(__name__)

#: Pairs of neighbouring positions that are read.
_N_PAIRS = 12

#: Ratios of the variance found to that of counts which are still called Poisson.
_LIMITS = 0.75, 1.35

#: What is said of numbers that are taken for counts.
_NOT_WHOLE = (
    "The data are not whole numbers. Chi-square takes them for counts, as they scatter "
    "like counts; if pixels had gains of their own, give variance=..."
)


def noise_scales(
    signal: BaseSignal, model: FittedModel, gain: float | None, variance: Any
) -> tuple[PoissonNoise | GivenVariance, Any]:
    """Return the noise that a user describes, or that of counts if that is what it is.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        The data.
    model : FittedModel
        What describes them.
    gain : float or None
        Electrons per unit of the data; None for counts, which is checked.
    variance : callable, array, BaseSignal or None
        Variance of the data.

    Returns
    -------
    noise : PoissonNoise or GivenVariance
    variance : array or None
        What was given, navigation axes first; None for a function.

    Raises
    ------
    TypeError, ValueError
        If both are given, or do not make sense, or the data are no counts.
    """
    if variance is not None:
        if gain is not None:
            raise ValueError("Give gain or variance, not both.")
        if callable(variance):
            return GivenVariance(variance), None
        return GivenVariance(), _aligned_variance(signal, variance)
    if gain is None:
        _check_counts(signal, model)
        return PoissonNoise(), None
    return PoissonNoise(real_number("gain", gain, exclusive=True)), None


def _aligned_variance(signal: BaseSignal, variance: Any) -> Any:
    if isinstance(variance, BaseSignal):
        variance = aligned_data(variance)
    shape = sum(shapes(signal), ())
    try:
        fits = np.broadcast_shapes(np.shape(variance), shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"variance has shape {np.shape(variance)}, which does not fit data of "
            f"shape {shape}: give one value, one for each pixel, or for each value."
        )
    return variance


def _check_counts(signal, model):
    estimate, error, whole = poisson_ratio(aligned_data(signal), model)
    low, high = _LIMITS
    if estimate + 4 * error >= low and estimate - 4 * error <= high:
        if not whole:
            warn_once(_logger, signal, _NOT_WHOLE)
        return
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


def poisson_ratio(data, model):
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
    number = np.full(model.keep_positions.shape, -1)
    number[model.keep_positions] = np.arange(model.loadings.shape[1])
    patterns = [patterns_at(data, places)[:, model.keep_pixels] for places in pairs]
    values = np.stack(patterns)
    _check_not_negative(values)
    whole = bool((values == np.rint(values)).all())
    models = [
        model.loadings[:, number[tuple(places.T)]].T @ model.factors for places in pairs
    ]
    expected = np.maximum(sum(models), 0)
    difference = np.subtract(*patterns) - np.subtract(*models)
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


def _check_not_negative(values):
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
    first = np.argwhere(here & there)
    chosen = np.linspace(0, len(first) - 1, min(_N_PAIRS, len(first))).astype(int)
    first = first[chosen]
    return first, first + (np.arange(keep.ndim) == axis)
