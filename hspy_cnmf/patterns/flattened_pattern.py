"""A diffraction pattern without its diffuse rings, and what of it is noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.interpolate import Akima1DInterpolator

from hspy_cnmf.constraints.rings import Rings
from hspy_cnmf.patterns.label_quantiles import label_quantiles
from hspy_cnmf.patterns.roughness import filtered, noise_blur, roughness

#: The level of a ring is taken to be known to this part of it, and the centre to this
#: part of a pixel.
_LEVEL_ERROR, _CENTER_ERROR = 0.005, 0.1

#: The noise of a pixel is at least this part of the brightest one.
_LEAST_NOISE = 1e-4

#: Part of the pixels, those of the least noise, that tell what a count is worth.
_LEAST_NOISY = 0.1

#: Part of the roughest pixel that is rounding.
_ROUNDING = 1e-12

#: Rings are at most so many times noisier than is typical.
_NOISIEST = 3.0

#: Rings of which less than this part is free of spots take their level from others.
_LEAST_FREE = 0.2

#: Mean and standard deviation of the upper half of normal noise, the lower one at 0.
_UPPER_MEAN = 1 / np.sqrt(2 * np.pi)
_UPPER_DEVIATION = np.sqrt(1 / 2 - 1 / (2 * np.pi))

#: Roughness of so many times what is usual, or more, is that of spots; and which part
#: of the standard deviation of noise is kept where more does not count, 0.89 to 1 for
#: any counts.
_FARTHEST, _KEPT = 3.0, 0.9

#: How much further out than a normal distribution's the far quantiles of that noise are
#: behind a filter of one pixel; the wider the filter, the less.
_SKEW = 0.35


@dataclass(frozen=True, eq=False)
class FlattenedPattern:
    """A pattern without its rings, filtered to find spots of several widths.

    Attributes
    ----------
    level, excess : numpy.ndarray, shape (rows, columns)
        Level of the rings, and what is above it; 0 where masked.
    scales : numpy.ndarray, shape (scales,)
        Standard deviations of the Gaussian filters, in pixels.
    response, noise, uncertainty : numpy.ndarray, shape (scales, rows, columns)
        Laplacian of Gaussian of the excess, positive in spots; the standard deviation
        of noise behind that filter if none were cut off, which is that of the pixels
        where these are independent; and how far `response` may be from 0, from noise
        and level together.
    gain : numpy.ndarray, shape (scales,)
        Variance of what is counted over its mean, as far as noise behind the filters
        tells.
    """

    level: np.ndarray
    excess: np.ndarray
    scales: np.ndarray
    response: np.ndarray
    noise: np.ndarray
    uncertainty: np.ndarray
    gain: np.ndarray

    @classmethod
    def from_pattern(
        cls,
        pattern: np.ndarray,
        radii: np.ndarray,
        spots: np.ndarray,
        scales: np.ndarray,
        threshold: float,
        widest: float = np.inf,
    ) -> FlattenedPattern:
        """Take the rings off a pattern.

        Parameters
        ----------
        pattern, radii : numpy.ndarray, shape (rows, columns)
            Pattern, NaN where masked, and distance from its centre in pixels.
        spots : numpy.ndarray of bool, shape (rows, columns)
            True in the spots known so far.
        scales : numpy.ndarray, shape (scales,)
            Standard deviations of the filters, in pixels.
        threshold : float
            Bright pixels are those so many times above the noise.
        widest : float
            Noise is taken to be blurred over no more, in pixels.
        """
        known = np.isfinite(pattern)
        free = known & ~spots
        rings = _FreeRings(radii[known], free[known])
        level, excess, noise, error = np.zeros((4, *pattern.shape))
        levels = rings.medians(pattern[known])
        level[known] = rings.at_pixels(levels)
        excess[known] = pattern[known] - level[known]
        rough = roughness(np.maximum(excess, 0))
        noise[known] = rings.at_pixels(_ring_noise(rough[known], rings, levels))
        error[known] = rings.at_pixels(rings.level_errors(levels))
        error[known] += _LEAST_NOISE * np.abs(excess).max()
        excess = _without_lone_pixels(excess, np.hypot(noise, error), threshold)
        in_noise = np.divide(rough, noise, out=np.zeros_like(rough), where=noise > 0)
        blur = noise_blur(np.clip(in_noise, -_FARTHEST, _FARTHEST), free)
        blur = min(blur, widest)

        # Dark holes would have bright rims, and so would what noise has on the mean.
        noise /= _UPPER_DEVIATION
        gain = _gain(level[free], noise[free], excess[spots], rough[spots])
        bright = np.maximum(excess, 0) - _UPPER_MEAN * noise
        response = np.stack([_laplacian(bright, scale) for scale in scales])
        blurred = np.array([filtered(scale, blur) for scale in scales])
        noise = np.stack([_filtered_noise(noise, scale) for scale in scales])
        noise *= blurred[:, np.newaxis, np.newaxis]
        # A wrong level is wrong all over a spot: the filter does not average it.
        errors = [_filtered_noise(error, scale) * 1.25 * scale for scale in scales]
        far = _UPPER_DEVIATION * (1 + _SKEW / scales**2)
        uncertainty = np.hypot(far[:, np.newaxis, np.newaxis] * noise, np.stack(errors))
        return cls(
            level, excess, scales, response, noise, uncertainty, gain * blurred**2
        )


class _FreeRings:
    """Rings by their pixels that are free of spots, where these are enough.

    Parameters
    ----------
    radii : numpy.ndarray, shape (n_pixels,)
        In pixels.
    free : numpy.ndarray of bool, shape (n_pixels,)
        False in spots.
    """

    def __init__(self, radii: np.ndarray, free: np.ndarray) -> None:
        rings = Rings.from_radii(radii)
        count = np.bincount(rings.label[free], minlength=rings.n_rings)
        enough = count > _LEAST_FREE * np.bincount(rings.label)
        if not enough.any():
            free, enough = np.ones_like(free), np.ones_like(enough)
        self._pixels = np.flatnonzero(free & enough[rings.label])
        self._label = np.cumsum(enough)[rings.label[self._pixels]] - 1
        self._count = np.bincount(self._label)
        self._mean_radii = rings.means(radii)[enough]
        self._radii = radii

    def medians(self, values: np.ndarray) -> np.ndarray:
        """Return the median of each ring, shape (n_rings,)."""
        return label_quantiles(values[self._pixels], self._label, self._count.size, 2)

    def deviations(self, rough: np.ndarray) -> np.ndarray:
        """Return the standard deviation of noise in each ring from its roughness.

        What is far above the median of what is not 0 is of spots and counts as less.
        So it is right of few counts, too, of which most pixels have none.
        """
        size = np.abs(rough[self._pixels])
        some = size > _ROUNDING * size.max(initial=0)
        usual = label_quantiles(size[some], self._label[some], self._count.size, 2)
        usual = np.nan_to_num(usual)
        square = np.minimum(size, _FARTHEST * usual[self._label]) ** 2
        return np.sqrt(np.bincount(self._label, square) / self._count) / _KEPT

    def level_errors(self, levels: np.ndarray) -> np.ndarray:
        """Return how wrong the level of a ring may be, at the pixel worst off."""
        slope = np.gradient(levels, self._mean_radii) if levels.size > 1 else 0
        return np.hypot(_LEVEL_ERROR * levels, _CENTER_ERROR * slope)

    def at_pixels(self, levels: np.ndarray) -> np.ndarray:
        """Return the levels of the rings, interpolated smoothly to each pixel."""
        if levels.size == 1:
            return np.full(self._radii.shape, levels[0])
        inside = np.clip(self._radii, *self._mean_radii[[0, -1]])
        return Akima1DInterpolator(self._mean_radii, levels)(inside)


def _ring_noise(rough: np.ndarray, rings: _FreeRings, levels: np.ndarray) -> np.ndarray:
    """Return the noise of rings, which spots hardly add to."""
    noise = rings.deviations(rough)
    # Counting noise is the root of the level; a ring that is far noisier than others
    # is full of spots.
    root = np.sqrt(np.maximum(levels, 0))
    usual = np.median(noise)
    if root.any():
        root = np.maximum(root, 1e-3 * root.max())
        usual = np.maximum(usual, np.median(noise / root) * root)
    noise = np.minimum(noise, _NOISIEST * usual)
    return ndimage.median_filter(noise, size=5, mode="nearest")


def _gain(
    level: np.ndarray, noise: np.ndarray, excess: np.ndarray, rough: np.ndarray
) -> float:
    """Return the variance of what is counted over its mean, or 0 if it is not known.

    Parameters
    ----------
    level, noise : numpy.ndarray, shape (n_pixels,)
        Of pixels without spots.
    excess, rough : numpy.ndarray, shape (n_spot_pixels,)
        Of pixels in spots.

    Notes
    -----
    Rings have more noise than that of their own counts, where those of a matrix were
    taken out; so the least noisy ones tell. Nor are spots rougher than their noise is.
    """
    lit = level > 0
    if not lit.any():
        return 0.0
    gain = np.quantile(noise[lit] ** 2 / level[lit], _LEAST_NOISY)
    bright = np.maximum(excess, 0).sum()
    return float(min(gain, (rough**2).sum() / bright) if bright > 0 else gain)


def _without_lone_pixels(
    excess: np.ndarray, noise: np.ndarray, threshold: float
) -> np.ndarray:
    """Return the excess without bright pixels that have no bright neighbour."""
    around = np.ones((3, 3))
    around[1, 1] = 0
    neighbours = ndimage.convolve(np.maximum(excess, 0), around, mode="constant")
    # Eight pixels together have the noise of one times the root of eight; around the
    # narrowest spot they have 2.7 times its height.
    least = np.maximum(threshold / 2 * np.sqrt(8) * noise, excess)
    is_alone = neighbours < least
    return np.where(is_alone & (excess > threshold * noise), 0, excess)


def _laplacian(image: np.ndarray, scale: float) -> np.ndarray:
    """Return the Laplacian of Gaussian, positive in spots, with the noise kept."""
    # The sum of squares of the filter is 1 / (2 pi scale^6).
    norm = np.sqrt(2 * np.pi) * scale**3
    return -norm * ndimage.gaussian_laplace(image, scale, mode="constant")


def _filtered_noise(noise: np.ndarray, scale: float) -> np.ndarray:
    """Return the standard deviation of white noise after `_laplacian`."""
    # The square of the filter is about as wide as a Gaussian of this width.
    width = scale / np.sqrt(2)
    variance = ndimage.gaussian_filter(noise**2, width, mode="constant")
    return np.sqrt(variance)
