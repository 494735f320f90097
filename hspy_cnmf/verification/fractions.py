"""Fractions of the components in the beam at each position, with uncertainties."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from hyperspy.signal import BaseSignal

from hspy_cnmf._hyperspy import bridge
from hspy_cnmf._hyperspy.limits import real_number
from hspy_cnmf._hyperspy.wrap import maps_like
from hspy_cnmf.constraints.base import expand
from hspy_cnmf.operators import BlockReader
from hspy_cnmf.verification.component_fractions import ComponentFractions
from hspy_cnmf.verification.model import FittedModel
from hspy_cnmf.verification.poisson_check import noise_scales
from hspy_cnmf.verification.reading import gather
from hspy_cnmf.verification.weighted_loadings import (
    Equations,
    loading_covariance,
    nonnegative_loadings,
    normal_equations,
)


def component_fractions(
    signal: BaseSignal,
    *,
    significance: float = 1e-3,
    gain: float | None = None,
    variance: Any = None,
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
    gain, variance
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
    of its loading if all were there, for a limit.

    Factors are taken to be known. How much of the matrix a crystal's factor contains
    is not in the data where the crystal lies in the matrix, so that fractions mean
    what factors do. Components that nothing tells apart share what there is of them
    arbitrarily.
    """
    significance = real_number("significance", significance, 0, 1, exclusive=True)
    model = FittedModel.of(signal)
    if not model.is_nonnegative:
        raise ValueError(
            f"Fractions need factors and loadings that are nowhere negative; those of "
            f"{model.algorithm} are. Use an NMF."
        )
    noise, given = noise_scales(signal, model, gain, variance)
    data = bridge.aligned_data(signal)
    keep = model.keep_positions, model.keep_pixels
    shown = bridge.wants_progressbar(show_progressbar)
    reader = BlockReader(data, *keep, beside=given, show_progressbar=shown)
    found = model.without_empty()
    totals = found.factors.sum(axis=1, keepdims=True)
    scale = np.where(totals > 0, totals, 1)
    factors = found.factors / scale
    n = found.n_components
    rows, _ = reader.read(
        "Fitting fractions",
        partial(normal_equations, noise=noise, mean_factors=factors.mean(axis=1)),
        *reader.sides(found.loadings * scale * noise.gain, factors),
        finish=fractions_and_uncertainties,
        product_bytes=8 * n * (n + 3) * reader.largest_block[0],
    )
    maps = expand(gather(rows, reader.positions), model.keep_positions)
    maps = [_with_empty(stack, model.there) for stack in np.split(maps, 2)]
    parameters = {
        "significance": significance,
        "algorithm": model.algorithm,
        "noise": noise.name,
        "gain": noise.gain,
        "hspy_cnmf": version("hspy-cnmf"),
    }
    fractions, uncertainty = maps
    return _wrap(signal, fractions, uncertainty, parameters)


def fractions_and_uncertainties(shares, positions):
    """Return fractions at some positions and then their standard deviations.

    Parameters
    ----------
    shares : list of Equations
        Of all blocks of the same positions.
    positions : Side
        With loadings to begin with.

    Returns
    -------
    numpy.ndarray, shape (2 n, n_positions)
        NaN where nothing was counted.
    """
    equations = Equations.sum(shares)
    gram = equations.gram
    loadings = nonnegative_loadings(equations.products, gram, positions.stack)
    there = loadings > 0
    covariance = loading_covariance(gram, there)
    alone = loading_covariance(gram, np.ones_like(there))
    with np.errstate(invalid="ignore", divide="ignore"):
        total = loadings.sum(axis=0)
        fractions = loadings / total
        sums = covariance.sum(axis=2).T
        variance = np.einsum("nkk->kn", covariance) - 2 * fractions * sums
        variance = variance + fractions**2 * covariance.sum(axis=(1, 2))
        variance = np.where(
            there & (there.sum(axis=0) > 1), variance, np.einsum("nkk->kn", alone)
        )
        uncertainty = np.sqrt(np.maximum(variance, 0)) / total
    uncertainty[:, ~(total > 0)] = fractions[:, ~(total > 0)] = np.nan
    return np.concatenate([fractions, uncertainty])


def _with_empty(stack: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return maps of all components: 0 of those that are empty, NaN where all are."""
    whole = np.zeros((len(there), *stack.shape[1:]))
    whole[:, np.isnan(stack).all(axis=0)] = np.nan
    whole[there] = stack
    return whole


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
    n_present = np.full(fractions.shape[1:], np.nan)
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
