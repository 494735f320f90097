"""Chi-square of a decomposition under Poisson counts, and where it is too large."""

from functools import partial
from importlib.metadata import version

import numpy as np

from hspy_cnmf._hyperspy import bridge
from hspy_cnmf.constraints.base import expand
from hspy_cnmf.operators import BlockReader
from hspy_cnmf.operators.blocks import Side, product_dtype
from hspy_cnmf.progress import one_bar
from hspy_cnmf.verification.block_residual import (
    PixelSums,
    PositionSums,
    block_residual,
    fitted_block_residual,
)
from hspy_cnmf.verification.model import FittedModel
from hspy_cnmf.verification.poisson_check import noise_scales
from hspy_cnmf.verification.reading import gather
from hspy_cnmf.verification.residual import Residual
from hspy_cnmf.verification.significance import Neighbourhood, tail_probability
from hspy_cnmf.verification.weighted_loadings import free_fit, normal_equations

_REFIT = ("both", "loadings", None)


def decomposition_residual(
    signal,
    *,
    refit="both",
    significance=1e-3,
    smoothing="auto",
    gain=None,
    variance=None,
    show_progressbar=None,
):
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
        the floor of factors.
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
    components. Constraints leave less freedom than that; None as `refit` takes
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
    model = FittedModel.of(signal).without_empty()
    axes = signal.axes_manager.navigation_axes[::-1]
    neighbourhood = Neighbourhood.of(smoothing, axes)
    noise, given = noise_scales(signal, model, gain, variance)
    data = bridge.aligned_data(signal)
    keep = model.keep_positions, model.keep_pixels
    shown = bridge.wants_progressbar(show_progressbar)
    reader = BlockReader(data, *keep, beside=given, show_progressbar=shown)
    judge = partial(_judged, model, neighbourhood, significance, noise.gain)
    shapes = bridge.shapes(signal)
    shapes = (3, *shapes[0]), (2, *shapes[1])
    n_readings = _n_readings(reader, refit)
    with one_bar("Residual", n_readings, shown and n_readings > 0):
        maps, patterns = _statistics(reader, model, noise, refit, judge, shapes)
    parameters = {
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


def _check(refit, significance):
    if refit not in _REFIT:
        raise ValueError(f"refit={refit!r} must be one of {_REFIT}.")
    if not 0 < significance < 1:
        raise ValueError(
            f"significance={significance!r} must be between 0 and 1: the fraction of "
            "positions that may be flagged by chance."
        )


def _n_readings(reader, refit):
    """Return how often the data are read now; the last waits where they are lazy."""
    at_once = refit is None or (refit == "loadings" and reader.holds_patterns)
    return (not at_once) + (not reader.is_lazy)


def _statistics(reader, model, noise, refit, judge, shapes):
    """Return what `judge` makes of the residuals; every reading but the last is now."""
    dtype = product_dtype(reader.data.dtype)
    loadings, factors = model.loadings * noise.gain, model.factors
    leverage = np.zeros(factors.shape[1]) if refit is None else model.leverage()
    explained, function = None, partial(block_residual, noise=noise, dtype=dtype)
    if refit == "loadings" and reader.holds_patterns:
        function = partial(
            fitted_block_residual,
            noise=noise,
            dtype=dtype,
            mean_factors=factors.mean(axis=1),
        )
    elif refit is not None:
        fitted, explained, sums = _fitted(reader, loadings, factors, noise, refit)
        if refit == "both":
            factors = _free_factors(sums, loadings, fitted)
        loadings = fitted
    positions = [Side.from_extent(e, explained, loadings) for e in reader.positions]
    pixels = [Side.from_extent(e, leverage, factors) for e in reader.pixels]
    return reader.collect(
        "Summing residuals",
        function,
        positions,
        pixels,
        partial(judge, leverage, reader.positions, reader.pixels),
        shapes,
        finish=partial(_adjusted, is_free=refit is not None),
    )


def _fitted(reader, loadings, factors, noise, refit):
    """Return fitted loadings, what they explain, and patterns summed with the model's.

    The last is None where factors are not fitted again.
    """
    function = partial(
        normal_equations,
        noise=noise,
        mean_factors=factors.mean(axis=1),
        with_patterns=refit == "both",
    )
    n, (n_positions, n_pixels) = len(factors), reader.largest_block
    fits, sums = reader.read(
        "Fitting loadings",
        function,
        *reader.sides(loadings, factors),
        finish=free_fit,
        product_bytes=8 * n * ((n + 3) * n_positions + n_pixels),
    )
    fits = gather([np.vstack(fit) for fit in fits], reader.positions)
    sums = gather(sums, reader.pixels) if refit == "both" else None
    return fits[:-1], fits[-1], sums


def _free_factors(sums, loadings, fitted):
    """Return the factors that go with fitted loadings, without constraints.

    They are the instrumental variables estimate, X Hᵀ (G Hᵀ)⁻¹ with G the fitted
    loadings and H those of the model. Least squares would make factors too faint, as
    fitted loadings are noisy.
    """
    return np.linalg.pinv(fitted @ loadings.T).T @ sums


def _adjusted(shares, positions, is_free):
    """Return sum, mean without and with fitted loadings, and variance, skewness.

    Parameters
    ----------
    shares : list of tuple
        `PositionSums` of all blocks of the same positions, and what was explained.
    positions : Side
    is_free : bool
        Whether loadings were fitted to each position alone.

    Returns
    -------
    numpy.ndarray, shape (4, n_positions)
        Sum of weighted squared residuals; its mean, second and third cumulant.
    """
    sums = PositionSums(*sum(share for share, _ in shares))
    explained = shares[0][1] if is_free else np.zeros(positions.size)
    second = np.maximum(sums.second - explained, 0.01 * sums.second)
    # The fitted total follows the counts: take what goes with it off the skewness too.
    share = np.zeros_like(second)
    if is_free:
        total = np.where(sums.variance > 0, sums.variance, 1)
        share = np.where(explained > 0, sums.first / total, 0)
    third = (
        sums.third
        - 3 * share * sums.with_deviation
        + 3 * share**2 * sums.with_square
        - share**3 * sums.variance
    )
    return np.stack([sums.square, sums.first - sums.fitted, second, third])


def _judged(
    model, neighbourhood, significance, gain, leverage, positions, pixels, rows, sums
):
    """Return maps and patterns, of what was found in the blocks at some extents."""
    maps = expand(gather(rows, positions), model.keep_positions)
    return (
        _judged_maps(maps, model, neighbourhood, significance),
        _residual_patterns(gather(sums, pixels), model, leverage, gain),
    )


def _judged_maps(maps, model, neighbourhood, significance):
    """Return maps of reduced chi-square, probability, and what is flagged."""
    keep = model.keep_positions
    square, mean, second, third = maps
    freedom = np.full(keep.shape, np.nan)
    freedom[keep] = 1 - model.position_leverage()
    expected = mean * freedom
    chi_square = np.divide(
        square, expected, out=np.full(keep.shape, np.nan), where=expected > 0
    )
    moments = (np.where(keep, m, 0) for m in (square - expected, second, third))
    probability = np.where(keep, tail_probability(*moments, neighbourhood), np.nan)
    return np.stack([chi_square, probability, probability < significance])


def _residual_patterns(sums, model, leverage, gain):
    """Return the mean residual pattern as it stands, and reduced chi-square a pixel."""
    sums, keep = PixelSums(*sums), model.keep_pixels
    n_positions = model.loadings.shape[1]
    pattern, freedom = np.full((2, *keep.shape), np.nan)
    pattern[keep] = model.loadings.mean(axis=1) @ model.factors
    freedom[keep] = 1 - leverage - model.n_components / n_positions
    first, square, data = (
        expand(values[np.newaxis], keep)[0]
        for values in (sums.first, sums.square, sums.data)
    )
    expected = first * freedom
    chi_square = np.divide(
        square, expected, out=np.full(keep.shape, np.nan), where=expected > 0
    )
    return np.stack([data / (n_positions * gain) - pattern, chi_square])
