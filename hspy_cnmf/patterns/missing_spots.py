"""Spots that one pattern has and another, turned onto it, has not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import convolve1d, gaussian_filter1d, maximum_filter1d

from hspy_cnmf.patterns.polar import PolarPatterns

#: Amplitude of spots, as a part of the brightest, that a crystal does not lack.
_LEAST = 0.05

#: A spot of less than this part of its intensity is missing, as a tilt changes it less
#: on one side of the centre or on the other.
_FAINT = 0.1

#: Rings of which the highest is looked for: spots are up to ten pixels wide.
_REACH = 11

#: Standard deviation in pixels of the filter that sharpens spots, and least part of
#: what is in its reach that is not masked.
_WIDTH, _KNOWN = 1.3, 0.95

#: Part of the largest value that is nothing but rounding.
_ROUNDING = 1e-12

#: Sectors of half a turn, and rings, in which spots are looked for together.
_N_SECTORS, _N_RINGS = 12, 3


def have_other_spots(
    first: PolarPatterns, second: PolarPatterns, noise_threshold: float
) -> bool:
    """Whether one of two patterns lacks spots that the other has; see `missing_part`.

    Parameters
    ----------
    first, second : PolarPatterns
        One pattern each, turned onto one another.
    noise_threshold : float
        What is below so many times the noise is no spot.
    """
    sharp = sharpened(first), sharpened(second)
    pairs = sharp, sharp[::-1]
    return any(_missing_part(*pair, noise_threshold) > _LEAST for pair in pairs)


def missing_part(
    pattern: PolarPatterns, other: PolarPatterns, noise_threshold: float
) -> float:
    r"""Return how bright spots of a pattern are that another lacks.

    Parameters
    ----------
    pattern, other : PolarPatterns
        One pattern each, turned onto one another.
    noise_threshold : float
        What is below so many times the noise is no spot.

    Returns
    -------
    float
        Amplitude, as a part of that of the brightest spot: what is missing in two
        directions, across one another. 0 where nothing is.

    Notes
    -----
    Two patterns of one crystal may be tilted against one another. A tilt dims spots on
    one side of the centre and not on the other, and none along its axis. So only spots
    :math:`e` count that are on both sides, and are missing on both, of patterns that
    are sharpened. In each cell of sector and radius, the other pattern, :math:`d`, has
    the part :math:`c = \sum e \, d / \sum e^2` of them. Spots are
    missing where :math:`c` is below a tenth of its mean by three standard deviations of
    its noise. With the energy :math:`l` of the brightest that are missing in the sector
    at :math:`\varphi`, the amplitude is the root of

    .. math:: \min_\alpha \sum_\varphi l(\varphi) \sin^2 (\varphi - \alpha)
    """
    return _missing_part(sharpened(pattern), sharpened(other), noise_threshold)


def _missing_part(
    pattern: PolarPatterns, other: PolarPatterns, noise_threshold: float
) -> float:
    """Return `missing_part` of patterns that are sharpened already."""
    energy, part, error, brightest = _parts(pattern, other, noise_threshold)
    if not energy.any():
        return 0.0
    mean = np.average(part, weights=np.sqrt(energy))
    is_missing = part + 3 * error < _FAINT * mean
    missing = np.where(is_missing, energy / brightest, 0).max(axis=0)
    turns = np.exp(2j * np.pi * np.arange(_N_SECTORS) / _N_SECTORS)
    across = (missing.sum() - abs((missing * turns).sum())) / 2
    return float(np.sqrt(max(across, 0)))


def _parts(
    pattern: PolarPatterns, other: PolarPatterns, noise_threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return the energy of spots, what part of them another has, and its error.

    Each has the shape (radii, sectors of half a turn). The last is the energy of the
    brightest spot, on one side of the centre or on the other.
    """
    known = pattern.known[0] & other.known[0]
    spots = np.where(known, pattern.spots(noise_threshold)[0], 0)
    # Where the tail of one is, the other may have a ring of spots.
    highest = maximum_filter1d(spots, _REACH, axis=0, mode="constant")
    spots = np.where(spots > highest / 2, spots, 0)
    deviations = np.where(known, other.values[0], 0)
    half = pattern.n_azimuth // 2
    both_known = known[:, :half] & known[:, -half:]
    sides = spots[:, :half], spots[:, -half:]
    brightest = max(float(_in_cells(side**2).max()) for side in sides)
    spots = np.minimum(*sides)
    spots = np.where(both_known, np.maximum(spots, 0), 0)
    deviations = (deviations[:, :half] + deviations[:, -half:]) / 2
    # Noise behind the filter is alike all over a spot.
    deviation = other.noise[0][:, np.newaxis] / np.sqrt(2)
    energy, product, spread = (
        _in_cells(values)
        for values in (spots**2, spots * deviations, spots * deviation)
    )
    part, error = (
        np.divide(values, energy, out=np.zeros_like(energy), where=energy > 0)
        for values in (product, spread)
    )
    return energy, part, error, brightest


def sharpened(polar: PolarPatterns) -> PolarPatterns:
    r"""Return patterns behind a Laplacian of Gaussian, which is positive in spots.

    Tails of neighbours are negative there, and white noise keeps its standard
    deviation. What is next to a mask is masked, too.

    Parameters
    ----------
    polar : PolarPatterns
        n patterns.

    Returns
    -------
    PolarPatterns

    Notes
    -----
    With the pattern :math:`w`, blurred by a Gaussian of standard deviation
    :math:`\sigma`, it is

    .. math:: -\sqrt{2 \pi} \, \sigma^3 \, \Big( \frac{\partial^2 w}{\partial r^2}
              + \frac{1}{r^2} \frac{\partial^2 w}{\partial \varphi^2} \Big);

    :math:`\partial w / r \, \partial r` is small beside it where spots are.
    """
    deviations = polar.values - polar.level
    deviations = np.where(polar.known, deviations, 0)
    blurred, curved = _along_azimuth(deviations, polar.radii)
    radial, azimuthal = (
        gaussian_filter1d(values, _WIDTH, axis=1, order=order, mode="nearest")
        for values, order in ((blurred, 2), (curved, 0))
    )
    response = -np.sqrt(2 * np.pi) * _WIDTH**3 * (radial + azimuthal)
    around, _ = _along_azimuth(polar.known.astype(float), polar.radii)
    around = gaussian_filter1d(around, _WIDTH, axis=1, mode="nearest")
    least = _ROUNDING * abs(polar.values).max(axis=(1, 2), keepdims=True)
    known = polar.known & (around > _KNOWN)
    response = np.where(abs(response) > least, response, 0)
    return replace(polar, values=np.where(known, response, 0), known=known)


def _along_azimuth(
    values: np.ndarray, radii: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return values blurred along the azimuth, and their second derivative, 1/px^2."""
    n_azimuth = values.shape[2]
    frequency = np.arange(n_azimuth // 2 + 1) / np.maximum(radii, 1)[:, np.newaxis]
    spectrum = np.fft.rfft(values) * np.exp(-((frequency * _WIDTH) ** 2) / 2)
    blurred, curved = (
        np.fft.irfft(spectrum * factor, n_azimuth) for factor in (1, -(frequency**2))
    )
    return blurred, curved


def _in_cells(values: np.ndarray) -> np.ndarray:
    """Return sums over sectors and neighbouring rings, (radii, sectors)."""
    sectors = np.array_split(values, _N_SECTORS, axis=1)
    summed = np.stack([sector.sum(axis=1) for sector in sectors], axis=1)
    return convolve1d(summed, np.ones(_N_RINGS), axis=0, mode="constant")
