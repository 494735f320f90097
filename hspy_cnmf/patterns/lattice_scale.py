"""By which factor the lattice of one pattern is wider than that of another."""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.interpolate import make_interp_spline

#: Natural logarithm of the largest factor that is looked for. Spots of patterns further
#: apart do not overlap, so that their patterns are not alike.
_REACH = 0.12

#: Part by which the spacing of one crystal's patterns may differ beside its error: a
#: strain, or a distortion of the detector.
_TOLERANCE = 0.02

#: Sectors of azimuth, each of which is left out once.
_N_SECTORS = 8


def differ_in_scale(first: np.ndarray, second: np.ndarray, radii: np.ndarray) -> bool:
    """Whether two patterns are of lattices of unlike spacing; see `scale_factor`.

    They are where the factor is further from 1 than 2 % and three times its error.
    """
    logarithm, error = scale_factor(first, second, radii)
    return abs(logarithm) > _TOLERANCE + 3 * error


def scale_factor(
    first: np.ndarray, second: np.ndarray, radii: np.ndarray
) -> tuple[float, float]:
    r"""Return the factor between the scales of two patterns.

    Parameters
    ----------
    first, second : numpy.ndarray, shape (n_radii, n_azimuth)
        What stands out of rings and noise, turned onto one another.
    radii : numpy.ndarray, shape (n_radii,)
        In pixels, increasing.

    Returns
    -------
    logarithm : float
        Natural logarithm of the radius of a spot in the second pattern over that in the
        first, within 0.12; 0 where nothing stands out of the noise.
    error : float
        One standard deviation; infinite where there is a single ring.

    Notes
    -----
    In the logarithm of the radius, :math:`\rho`, a factor is a shift. It is where

    .. math:: \sum_{\varphi, \rho} e_1(\rho, \varphi) \, e_2(\rho + \delta, \varphi)

    is largest: a Fourier-Mellin transform with the rotation known. The error is that
    of the jackknife over sectors of azimuth, so that a distortion, by which some
    directions are longer and others shorter, is part of it.
    """
    low, high = np.log(np.maximum(radii[[0, -1]], 1))
    if low == high:  # a single ring has no scale
        return 0.0, np.inf
    # A step is a pixel at the largest radius.
    n_steps = max(int(np.ceil((high - low) * radii[-1])), 2)
    places, step = np.linspace(low, high, n_steps, retstep=True)
    reach = int(np.ceil(_REACH / step))
    length = fft.next_fast_len(n_steps + reach, real=True)
    resampled = (
        make_interp_spline(radii, e, k=1)(np.exp(places)) for e in (first, second)
    )
    one, other = (fft.rfft(e, length, axis=0) for e in resampled)
    shifts = fft.irfft(one.conj() * other, length, axis=0)
    near = np.roll(shifts, reach, axis=0)[: 2 * reach + 1]
    sectors = np.array(
        [part.sum(axis=1) for part in np.array_split(near, _N_SECTORS, axis=1)]
    )
    total = sectors.sum(axis=0)
    left_out = np.array([_place(total - sector) for sector in sectors])
    variance = (_N_SECTORS - 1) * left_out.var()
    return float(step) * _place(total), float(step * np.sqrt(variance))


def _place(correlation: np.ndarray) -> float:
    """Return how far from the middle the peak is, in samples; 0 without a peak."""
    middle = len(correlation) // 2
    index = int(np.clip(correlation.argmax(), 1, 2 * middle - 1))
    before, height, after = correlation[index - 1 : index + 2]
    curvature = before - 2 * height + after
    if height <= 0 or curvature >= 0:
        return 0.0
    # The vertex of a parabola; at either end of the reach there may be none.
    return index - middle + float(np.clip((before - after) / 2 / curvature, -1, 1))
