"""Fractions of the components in the beam at each position, with uncertainties."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy import bridge
from hspy_cnmf._hyperspy.negative import decomposed_data
from hspy_cnmf._hyperspy.store import get_run
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf._hyperspy.wrap import maps_like
from hspy_cnmf.arguments import real_number
from hspy_cnmf.operators import scheduling
from hspy_cnmf.verification.component_fractions import ComponentFractions
from hspy_cnmf.verification.decomposed import choose_noise, read_model
from hspy_cnmf.verification.fitted_fractions import fit_fractions


@scheduling.scheduler()
def component_fractions(
    signal: BaseSignal,
    *,
    significance: float = 1e-3,
    gain: float | None = None,
    variance: Any = None,
    max_memory: int | str | None = None,
    show_progressbar: bool | None = None,
) -> ComponentFractions:
    r"""Return fractions of the components at each position, with uncertainties.

    This is what ``s.get_component_fractions()`` calls.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Decomposed by an algorithm that gives non-negative factors and loadings. Lazy
        data are read once, at once: what results is maps.
    significance : float, default 0.001
        Probability with which a component that is absent is called present.
    gain, variance, max_memory
        See `hspy_cnmf.verification.decomposition_residual`.
    show_progressbar : bool, optional
        Show a progress bar. Default: HyperSpy's preference.

    Returns
    -------
    ComponentFractions

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    ValueError, TypeError
        If arguments do not make sense, the model has negative values, or the noise is
        not that of counts.

    Notes
    -----
    Loadings :math:`h` are fitted to each position's own counts by weighted
    non-negative least squares, without smoothing: smoothed loadings follow neighbours
    and have no uncertainty of their own. Weights are one over the variances
    :math:`v_p` that the model expects. Their covariance is the inverse of the Fisher
    information :math:`F_{kl} = \sum_p w_{kp} w_{lp} / v_p` of the components that are
    there; that of the fractions :math:`f = h / \sum h` is
    :math:`J F^{-1} J^T` with :math:`J_{kl} = (\delta_{kl} - f_k) / \sum h`. For a
    component that is not there, or alone (fractions 0 and 1), the uncertainty is that
    of its loading if all were there, for a limit. As none is negative, the mean over
    positions of what is nowhere there is above 0, by up to 0.4 of the uncertainty of
    one position, however many there are: uncertainties are of positions, not of means.

    Factors are taken to be known. How much of the matrix a crystal's factor contains
    is not in the data where the crystal lies in the matrix, so that fractions mean
    what factors do. Components that nothing tells apart share what there is of them
    arbitrarily.
    """
    significance = real_number("significance", significance, 0, 1, exclusive=True)
    model = read_model(signal)
    if not model.is_nonnegative:
        raise ValueError(
            "Fractions need factors and loadings that are nowhere negative"
            + (
                ": they were reversed after the decomposition. Reverse them again, or "
                "decompose again."
                if get_run(signal)
                else f"; those of {model.algorithm} are. Use an NMF."
            )
        )
    noise, given = choose_noise(signal, model, gain, variance)
    shown = bridge.wants_progressbar(show_progressbar)
    fractions, uncertainty = fit_fractions(
        decomposed_data(signal), model, noise, given, max_memory, shown
    )
    parameters = {
        "significance": significance,
        "algorithm": model.algorithm,
        "noise": noise.name,
        "gain": noise.gain,
        "hspy_cnmf": version("hspy-cnmf"),
    }
    return _wrap(signal, fractions, uncertainty, parameters)


def _wrap(
    signal: BaseSignal,
    fractions: np.ndarray,
    uncertainty: np.ndarray,
    parameters: dict[str, Any],
) -> ComponentFractions:
    made = {
        "fractions": maps_like(signal, fractions, "component", "Fractions"),
        "uncertainty": maps_like(
            signal, uncertainty, "component", "Uncertainty of fractions"
        ),
    }
    made["fractions"].set_noise_variance(made["uncertainty"] ** 2)
    n_present = np.full(fractions.shape[1:], np.nan, np.float32)
    result = ComponentFractions(
        **made,
        n_present=bridge.navigation_signal(signal, n_present),
        parameters=parameters,
    )
    known = np.isfinite(fractions).all(axis=0)
    counts = result.present().sum(axis=0).reshape(n_present.shape)
    n_present[known] = counts[known]
    result.n_present.metadata.General.title = "Components that are surely there"
    return result
