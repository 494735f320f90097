"""Chi-square of a decomposition under Poisson counts, and where it is too large."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from numbers import Real
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy import bridge
from hspy_cnmf._hyperspy.negative import decomposed_data
from hspy_cnmf._hyperspy.store import get_notes
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.arguments import is_within
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import BlockReader, scheduling
from hspy_cnmf.progress import one_bar
from hspy_cnmf.verification.decomposed import (
    choose_noise,
    choose_probe_weights,
    read_model,
)
from hspy_cnmf.verification.model import require_components
from hspy_cnmf.verification.residual import Residual
from hspy_cnmf.verification.residual_statistics import judge, residual_statistics

_REFIT = ("both", "loadings", None)


@scheduling.scheduler()
def decomposition_residual(
    signal: BaseSignal,
    *,
    refit: str | None = "both",
    significance: float = 1e-3,
    smoothing: GaussianSmoothing | str | None = "auto",
    gain: float | None = None,
    variance: Any = None,
    max_memory: int | str | None = None,
    show_progressbar: bool | None = None,
) -> Residual:
    r"""Return what the decomposition of a signal leaves unexplained.

    This is what ``s.get_decomposition_residual()`` calls.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Decomposed by any algorithm whose factors and loadings make up the data.
    refit : {"both", "loadings", None}, default "both"
        What is fitted again before residuals are taken, without constraints: "both",
        loadings and then factors, asks whether so many components can describe the
        data; "loadings" whether these factors can; None whether this model does.
        Constraints bias a model a little: smoothed maps at the edges of grains, and
        the floor of factors. Factors that the scan does not determine, as where it has
        few positions or nothing of them, are not fitted again.
    significance : float, default 0.001
        Fraction of the positions that a correct model has flagged by chance.
    smoothing : "auto", GaussianSmoothing or None, default "auto"
        Neighbourhood in which positions are judged together, as
        `hspy_cnmf.constraints.GaussianSmoothing` weights them; "auto": over 3
        positions along each axis, as loadings are. None judges each by itself.
    gain : float, optional
        Electrons per unit of the data. Default: 1, if the noise is that of counts.
    variance : array, BaseSignal or callable, optional
        Variance of the data, of a shape that fits them or a function of an array of
        the model's values; then errors are taken to be normal.
    max_memory : int or str, optional
        What chunks of a lazy signal may take while they are read now, in bytes or as
        "2 GB". Default: three quarters of what is free. The reading that waits until
        something is computed has as many threads as Dask is set to have.
    show_progressbar : bool, optional
        Show a progress bar. Default: HyperSpy's preference.

    Returns
    -------
    Residual
        Lazy for lazy signals, see Notes.

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    ValueError, TypeError
        If arguments do not make sense, or the noise is not that of counts.

    Notes
    -----
    With residuals of counts :math:`d = x - m`, pixels p and positions i,

    .. math:: \chi_i^2 = \sum_p \frac{d_{ip}^2}{m_{ip} + 1/2} \Big/
        \sum_p \frac{m_{ip}}{m_{ip} + 1/2}
        (1 - \lambda_p - \ell_i),

    which is Pearson's :math:`\frac{1}{n_{dof}} \sum_p d^2 / m` where there are many
    counts, and whose expectation is 1 however few there are. (Pearson's own lets single
    electrons in dark pixels decide: its terms have the variance 2 + 1/m.)
    :math:`\lambda_p` and :math:`\ell_i` are the leverages of the fits of loadings and
    of factors, with sums over pixels and over positions equal to the number of
    components. Factors that were known before (``fixed_factors``, ``apply_factors``)
    have no :math:`\ell`, those of a series its part in it, and those that are fitted
    again what `hspy_cnmf.verification.refitted_factors` says.
    Constraints leave less freedom than that; None as `refit` takes
    :math:`\lambda = 0`, and its probabilities are rough, as smoothed maps follow the
    noise of a position in part.

    The probability is that of a Pearson type III distribution with the first three
    cumulants of the sum, for Poisson counts and with their correlation to what is
    fitted. The mean residual pattern is that of the model without any refitting.

    The data are read once, and once more to refit factors, or loadings where chunks do
    not hold whole patterns. Of lazy signals the last reading waits
    until something is computed.
    """
    _check(refit, significance)
    model = read_model(signal).without_empty()
    require_components(model)
    axes = signal.axes_manager.navigation_axes[::-1]
    weights = choose_probe_weights(smoothing, axes)
    noise, given = choose_noise(signal, model, gain, variance)
    data = decomposed_data(signal)
    keep = model.keep_positions, model.keep_pixels
    shown = bridge.wants_progressbar(show_progressbar)
    reader = BlockReader(
        data, *keep, beside=given, max_memory=max_memory, show_progressbar=shown
    )
    finish = partial(judge, model, weights, significance, noise.gain)
    shapes = bridge.shapes(signal)
    shapes = (3, *shapes[0]), (2, *shapes[1])
    n_readings = _n_readings(reader, refit)
    with one_bar("Residual", n_readings, shown and n_readings > 0):
        maps, patterns = residual_statistics(
            reader, model, noise, refit, finish, shapes
        )
    parameters = {
        "notes": list(get_notes(signal)),
        "refit": refit,
        "significance": float(significance),
        "n_positions": int(np.count_nonzero(model.keep_positions)),
        "n_components": model.n_components,
        "algorithm": model.algorithm,
        "noise": noise.name,
        "gain": noise.gain,
        "hspy_cnmf": version("hspy-cnmf"),
    }
    return Residual.from_arrays(signal, maps, patterns, parameters)


def _check(refit: str | None, significance: float) -> None:
    if not (refit is None or isinstance(refit, str)) or refit not in _REFIT:
        raise ValueError(f"refit={refit!r} must be one of {_REFIT}.")
    if not is_within(significance, Real, 0, 1, True):
        raise ValueError(
            f"significance={significance!r} must be between 0 and 1: the fraction of "
            "positions that may be flagged by chance."
        )


def _n_readings(reader: BlockReader, refit: str | None) -> int:
    """Return how often the data are read now; the last waits where they are lazy."""
    at_once = refit is None or (refit == "loadings" and reader.holds_patterns)
    return (not at_once) + (not reader.is_lazy)
