"""Noise of a pattern that is full of spots, from what no smooth spot has."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import ndimage

#: Second differences along rows and along columns; white noise keeps its variance.
_KERNEL = np.multiply.outer([1, -2, 1], [1, -2, 1]) / 6

#: Standard deviations of the blur of correlated noise, in pixels; noise of a wider
#: one looks like spots.
_BLURS = np.linspace(0, 1, 21)

#: Frequencies that spectra are found at, along each axis, in radians a pixel.
_FREQUENCIES = 2 * np.pi * np.fft.fftfreq(64)


def roughness(image: np.ndarray) -> np.ndarray:
    """Return an image without what is smooth: its second differences on both axes.

    White noise keeps its standard deviation; a Gaussian spot of standard deviation s
    keeps :math:`1 / (6 s^4)` of its height [1]_.

    Parameters
    ----------
    image : numpy.ndarray, shape (rows, columns)

    Returns
    -------
    numpy.ndarray, shape (rows, columns)

    References
    ----------
    .. [1] J. Immerkaer, Comput. Vis. Image Underst. 64, 300 (1996).
    """
    return ndimage.convolve(image, _KERNEL, mode="mirror")


def noise_blur(rough: np.ndarray, free: np.ndarray) -> float:
    """Return how wide noise is blurred, from how rough neighbours are alike.

    Parameters
    ----------
    rough : numpy.ndarray, shape (rows, columns)
        Roughness of noise whose lower half is cut off, in units of its standard
        deviation.
    free : numpy.ndarray of bool, shape (rows, columns)
        Pixels without spots.

    Returns
    -------
    float
        Standard deviation in pixels, from 0 to 1.
    """
    products = squares = 0.0
    for turned, is_free in ((rough, free), (rough.T, free.T)):
        pairs = is_free[1:] & is_free[:-1]
        one, other = turned[1:][pairs], turned[:-1][pairs]
        products += np.sum(one * other)
        squares += np.sum(one**2 + other**2) / 2
    if not squares > 0:
        return 0.0
    return float(np.interp(products / squares, _spectra()[0], _BLURS))


def filtered(scale: float, blur: float) -> float:
    """Return how much more of blurred noise a spot filter leaves than roughness does.

    Parameters
    ----------
    scale : float
        Standard deviation of a Laplacian of Gaussian that keeps white noise, in pixels.
    blur : float
        As from `noise_blur`.

    Returns
    -------
    float
        1 for white noise.
    """
    _, powers = _spectra()
    square = np.add.outer(_FREQUENCIES**2, _FREQUENCIES**2)
    transfer = 2 * np.pi * scale**6 * square**2 * np.exp(-square * scale**2)
    power = powers[np.argmin(np.abs(_BLURS - blur))]
    return float(np.sqrt((power * transfer).mean()))


@cache
def _spectra() -> tuple[np.ndarray, np.ndarray]:
    """Return what noise of each blur is like that is cut off below its middle.

    Returns
    -------
    correlations : numpy.ndarray, shape (blurs,)
        Of the roughness of neighbours.
    powers : numpy.ndarray, shape (blurs, frequencies, frequencies)
        Power of the noise over the variance of its roughness.
    """
    curvature = (2 - 2 * np.cos(_FREQUENCIES)) ** 2
    rough = np.multiply.outer(curvature, curvature) / 36
    lags = np.fft.fftfreq(_FREQUENCIES.size, 1 / _FREQUENCIES.size)
    correlations, powers = [], []
    for blur in _BLURS:
        kernel = np.exp(-((lags / max(blur, 1e-3)) ** 2) / 2)
        along = np.fft.ifft(np.abs(np.fft.fft(kernel)) ** 2).real
        rho = np.clip(np.multiply.outer(along, along) / along[0] ** 2, -1, 1)
        # Covariance of the positive parts of two normal variables.
        angle = np.pi - np.arccos(rho)
        covariance = (np.sqrt(1 - rho**2) + rho * angle - 1) / (2 * np.pi)
        power = np.maximum(np.fft.fft2(covariance).real, 0)
        variance = (power * rough).mean()
        correlations.append((power * rough * np.cos(_FREQUENCIES)).mean() / variance)
        powers.append(power / variance)
    return np.array(correlations), np.array(powers)
