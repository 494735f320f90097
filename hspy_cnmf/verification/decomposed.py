"""A decomposed signal as arrays: its model, its noise, and the widths of its probe."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data, shapes
from hspy_cnmf._hyperspy.negative import decomposed_data
from hspy_cnmf._hyperspy.store import as_floats, check_results_fit, get_parameters
from hspy_cnmf._hyperspy.types import BaseDataAxis, BaseSignal
from hspy_cnmf.arguments import real_number
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.decomposition.constraints import automatic_smoothing, with_steps
from hspy_cnmf.messages import warn_once
from hspy_cnmf.verification.model import FittedModel
from hspy_cnmf.verification.noise import GivenVariance, Noise, PoissonNoise
from hspy_cnmf.verification.poisson_check import check_counts
from hspy_cnmf.verification.significance import ProbeWeights

_logger = logging.getLogger(__name__)


def read_model(signal: BaseSignal) -> FittedModel:
    """Return the model of a decomposed signal, its mean included where it has one.

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    ValueError
        If it has changed shape since, or nothing is known of the model.
    """
    check_results_fit(signal)
    results = signal.learning_results
    factors = np.asarray(results.factors, dtype=float).T
    loadings = as_floats(results.loadings).T
    algorithm = str(results.decomposition_algorithm)
    run = get_parameters(signal)
    return FittedModel.from_stacks(
        factors,
        loadings,
        results.mean,
        shapes(signal),
        algorithm,
        min(int(run.get("fixed_factors") or 0), len(factors)),
        float(run.get("part_of_series", 1)),
    )


def choose_noise(
    signal: BaseSignal, model: FittedModel, gain: float | None, variance: Any
) -> tuple[Noise, Any]:
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
        doubt = check_counts(decomposed_data(signal), model)
        if doubt:
            warn_once(_logger, signal, doubt, kind="not whole")
        return PoissonNoise(), None
    return PoissonNoise(real_number("gain", gain, 0, 1e30, exclusive=True)), None


def _aligned_variance(signal: BaseSignal, variance: Any) -> Any:
    if isinstance(variance, BaseSignal):
        variance = aligned_data(variance)
    if isinstance(variance, np.ma.MaskedArray):
        raise TypeError(
            "variance is a NumPy masked array, whose mask would not be seen: give "
            "variance.filled(np.nan), or a mask to the decomposition."
        )
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


def choose_probe_weights(smoothing: Any, axes: Sequence[BaseDataAxis]) -> ProbeWeights:
    """Return weights as a `GaussianSmoothing` has them.

    Parameters
    ----------
    smoothing : "auto", GaussianSmoothing or None
        "auto" for three positions along the axes of the scan, None for one.
    axes : sequence of hyperspy.axes.BaseDataAxis
        Navigation axes, in the order of the array.
    """
    shape = tuple(axis.size for axis in axes)
    if smoothing is None:
        return ProbeWeights([np.ones(1)] * len(shape))
    if isinstance(smoothing, str) and smoothing == "auto":
        smoothing = automatic_smoothing(shape)
    if not isinstance(smoothing, GaussianSmoothing):
        raise TypeError(
            f'smoothing={smoothing!r} must be "auto", None or a '
            "hspy_cnmf.constraints.GaussianSmoothing."
        )
    if smoothing.step is None:
        smoothing = with_steps(smoothing, axes)
    return ProbeWeights(smoothing.kernels(shape))
