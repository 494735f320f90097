"""By which factor the lattice of one pattern is wider than that of another."""

from __future__ import annotations

import numpy as np
from scipy import fft

from hspy_cnmf.patterns.agglomeration import Treatment, align
from hspy_cnmf.patterns.polar import PolarPatterns

#: Natural logarithm of the largest factor that is looked for. Spots of patterns further
#: apart do not overlap, so that their patterns are not alike.
_REACH = 0.12

#: Part by which the spacing of one crystal's patterns may differ beside its error: a
#: strain, or a distortion of the detector.
_TOLERANCE = 0.02

#: Sectors of azimuth, each of which is left out once.
_N_SECTORS = 8

#: Patterns that are correlated with all others at once, which bounds the memory.
_BLOCK = 8


def differ_in_scale(
    polar: PolarPatterns, weights: np.ndarray, treatment: Treatment
) -> np.ndarray:
    """Return which patterns are of lattices of unlike spacing.

    Parameters
    ----------
    polar : PolarPatterns
        n patterns, alike when they are turned.
    weights : numpy.ndarray, shape (n,)
        Positive.
    treatment : Treatment
        How patterns are compared.

    Returns
    -------
    numpy.ndarray of bool, shape (n, n)
        Symmetric: where the factor is further from 1 than 2 % and three times its
        error.
    """
    logarithm, error = scale_factors(polar, weights, treatment)
    differ = np.abs(logarithm) > _TOLERANCE + 3 * error
    return differ | differ.T


def scale_factors(
    polar: PolarPatterns, weights: np.ndarray, treatment: Treatment
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the factors between the scales of all pairs of patterns.

    Parameters
    ----------
    polar, weights, treatment
        See `differ_in_scale`.

    Returns
    -------
    logarithm : numpy.ndarray, shape (n, n)
        Natural logarithm of the radius of a spot in the second pattern (column) over
        that in the first (row), within 0.12; 0 where nothing stands out of the noise.
    error : numpy.ndarray, shape (n, n)
        One standard deviation.

    Notes
    -----
    Of patterns turned onto one another, :math:`e`, in the logarithm of the radius a
    factor is a shift. It is where

    .. math:: \sum_{\varphi, \rho} e_1(\rho, \varphi) \, e_2(\rho + \delta, \varphi)

    is largest: a Fourier-Mellin transform with the rotation known. The error is that
    of the jackknife over sectors of azimuth, so that a distortion, by which some
    directions are longer and others shorter, is part of it. The cost grows as n^2
    times the samples of a pattern, all of it in matrix products.
    """
    structure, step = _logarithmic(polar, weights, treatment)
    n, n_radii, n_azimuth = structure.shape
    reach = int(np.ceil(_REACH / step))
    length = fft.next_fast_len(n_radii + reach, real=True)
    # The order comes first: at each, all pairs are one matrix product.
    series = np.ascontiguousarray(fft.rfft(structure, length, axis=1).swapaxes(0, 1))
    sectors = np.array_split(np.arange(n_azimuth), _N_SECTORS)
    logarithm, error = np.zeros((2, n, n))
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        parts = []
        for sector in sectors:
            first, second = series[:, rows, sector].conj(), series[:, :, sector]
            product = (first @ second.swapaxes(1, 2)).transpose(1, 2, 0)
            shifts = fft.irfft(product, length, axis=2)
            parts.append(np.roll(shifts, reach, axis=2)[..., : 2 * reach + 1])
        correlations = np.array(parts)
        total = correlations.sum(axis=0)
        logarithm[rows] = step * _places(total)
        left_out = step * _places(total - correlations)
        variance = ((left_out - left_out.mean(axis=0)) ** 2).mean(axis=0)
        error[rows] = np.sqrt((_N_SECTORS - 1) * variance)
    return logarithm, error


def _logarithmic(
    polar: PolarPatterns, weights: np.ndarray, treatment: Treatment
) -> tuple[np.ndarray, float]:
    """Return the spots of patterns turned onto one another, over logarithms of radii.

    Returns
    -------
    structure : numpy.ndarray of float32, shape (n, n_radii, n_azimuth)
    step : float
        Of the logarithm: a pixel at the largest radius.
    """
    turned = polar.turn(*align(polar, weights, treatment))
    structure = turned.structure(treatment.noise_threshold, 0.0, treatment.exponent)
    low, high = np.log(np.maximum(polar.radii[[0, -1]], 1))
    n_radii = max(int(np.ceil((high - low) * polar.radii[-1])), 2)
    at, step = np.linspace(low, high, n_radii, retstep=True)
    units = np.eye(len(polar.radii))
    resample = np.array([np.interp(np.exp(at), polar.radii, unit) for unit in units])
    return resample.T.astype(np.float32) @ structure, float(step)


def _places(correlations: np.ndarray) -> np.ndarray:
    """Return how far from the middle of the last axis peaks are; 0 without a peak."""
    middle = correlations.shape[-1] // 2
    index = np.clip(correlations.argmax(axis=-1), 1, 2 * middle - 1)
    before, height, after = (
        np.take_along_axis(correlations, (index + k)[..., np.newaxis], -1)[..., 0]
        for k in (-1, 0, 1)
    )
    curvature = before - 2 * height + after
    is_peak = (height > 0) & (curvature < 0)
    # The vertex of a parabola; at either end of the reach there may be none.
    fraction = (before - after) / 2 / np.where(is_peak, curvature, 1)
    place = index - middle + np.clip(fraction, -1, 1)
    return np.where(is_peak, place, 0)
