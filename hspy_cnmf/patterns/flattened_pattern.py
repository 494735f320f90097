"""A diffraction pattern without its diffuse rings, and what of it is noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage
from scipy.interpolate import Akima1DInterpolator

from hspy_cnmf.constraints.rings import Rings

#: The level of a ring is taken to be known to this part of it, and the centre to this
#: part of a pixel.
_LEVEL_ERROR, _CENTER_ERROR = 0.005, 0.1

#: The noise of a pixel is at least this part of the brightest one.
_LEAST_NOISE = 1e-4

#: Rings are at most so many times noisier than is typical, and wide filters at most
#: so many times noisier than if the noise of pixels were independent.
_NOISIEST = 3.0

#: Rings of which less than this part is free of spots take their level from others.
_LEAST_FREE = 0.2

#: Part of the rings of any pattern that is not full of spots.
_QUIET = 0.25

#: Parts of a normal distribution below its middle, one and two standard deviations.
_QUANTILES = (0.5, 0.8413, 0.9772)

#: Smallest positive noise.
_TINY = np.finfo(float).tiny


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
        of its noise; and that of noise and level together. White noise has the same
        before and after the filter.
    """

    level: np.ndarray
    excess: np.ndarray
    scales: np.ndarray
    response: np.ndarray
    noise: np.ndarray
    uncertainty: np.ndarray

    @classmethod
    def from_pattern(
        cls,
        pattern: np.ndarray,
        radii: np.ndarray,
        spots: np.ndarray | None,
        scales: np.ndarray,
        threshold: float,
        *,
        others: bool,
    ) -> FlattenedPattern:
        """Take the rings off a pattern.

        Parameters
        ----------
        pattern, radii : numpy.ndarray, shape (rows, columns)
            Pattern, NaN where masked, and distance from its centre in pixels.
        spots : numpy.ndarray of bool, shape (rows, columns), or None
            True in the spots known so far. None: no spot is.
        scales : numpy.ndarray, shape (scales,)
            Standard deviations of the filters, in pixels.
        threshold : float
            Bright pixels are those so many times above the noise.
        others : bool
            Whether rings may be full of other spots still, which are no noise.
        """
        known = np.isfinite(pattern)
        free = known if spots is None else known & ~spots
        rings = _FreeRings(radii[known], free[known])
        level, excess, noise, error = np.zeros((4, *pattern.shape))
        levels = rings.quantiles(pattern[known], _QUANTILES[:1])[0]
        level[known] = rings.at_pixels(levels)
        excess[known] = pattern[known] - level[known]
        # Spots take less of a ring after a narrow filter than before.
        narrow = _laplacian(np.maximum(excess, 0), scales[0])[known]
        # Where most pixels are empty, near quantiles tell little.
        crowded = (
            (levels > 0) | (spots is None) if others else np.zeros_like(levels > 0)
        )
        ring_noise = _ring_noise(narrow, rings, levels, crowded)
        noise[known] = rings.at_pixels(ring_noise)
        error[known] = rings.at_pixels(rings.level_errors(levels))
        error[known] += _LEAST_NOISE * np.abs(excess).max()
        excess = _without_lone_pixels(excess, np.hypot(noise, error), threshold)

        # Dark holes would have bright rims.
        bright = np.maximum(excess, 0)
        response = np.stack([_laplacian(bright, scale) for scale in scales])
        noise = np.stack([_filtered_noise(noise, scale) for scale in scales])
        if spots is not None and free.any():
            noise *= _correlation(response[:, free], noise[:, free])
        # A wrong level is wrong all over a spot: the filter does not average it.
        errors = [_filtered_noise(error, scale) * 1.25 * scale for scale in scales]
        uncertainty = np.hypot(noise, np.stack(errors))
        return cls(level, excess, scales, response, noise, uncertainty)


def _correlation(response: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return how much more noise each filter finds than if pixels were independent."""
    ratio = response / (noise + _TINY)
    factor = _above_middle(*np.quantile(ratio, _QUANTILES, axis=1))
    return np.clip(factor, 1, _NOISIEST)[:, np.newaxis, np.newaxis]


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

    def quantiles(self, values: np.ndarray, fractions: ArrayLike) -> np.ndarray:
        """Return quantiles of each ring, shape (n_fractions, n_rings)."""
        values = values[self._pixels]
        order = np.lexsort((values, self._label))
        first = np.cumsum(self._count) - self._count
        places = first + np.multiply.outer(fractions, self._count - 1)
        return values[order[np.rint(places).astype(int)]]

    def root_mean_square(self, values: np.ndarray) -> np.ndarray:
        """Return the root mean square of values over each ring."""
        square = np.bincount(self._label, values[self._pixels] ** 2)
        return np.sqrt(square / self._count)

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


def _above_middle(
    middle: np.ndarray, one: np.ndarray, two: np.ndarray | float = -np.inf
) -> np.ndarray:
    """Return the standard deviation of noise from its quantiles above the middle.

    Clipped noise has its far quantiles further out than its near ones.
    """
    return np.maximum(one - middle, (two - middle) / 2)


def _ring_noise(
    values: np.ndarray, rings: _FreeRings, levels: np.ndarray, crowded: np.ndarray
) -> np.ndarray:
    """Return the noise of rings without that of spots, of which some are crowded."""
    far = _above_middle(*rings.quantiles(values, _QUANTILES))
    far = np.maximum(far, rings.root_mean_square(values))
    # Far quantiles would see the spots.
    near = _above_middle(*rings.quantiles(values, _QUANTILES[:2]))
    noise = np.where(crowded, near, far)
    # Counting noise is the root of the level; empty rings are as noisy as one another.
    # One that is far noisier than those without many spots is full of them.
    usual, counted = np.zeros_like(noise), levels > 0
    if counted.any():
        root = np.sqrt(levels[counted])
        usual[counted] = np.quantile(noise[counted] / root, _QUIET) * root
    if not counted.all():
        usual[~counted] = np.median(noise[~counted])
    noise = np.minimum(noise, _NOISIEST * usual)
    return ndimage.median_filter(noise, size=5, mode="nearest")


def _without_lone_pixels(
    excess: np.ndarray, noise: np.ndarray, threshold: float
) -> np.ndarray:
    """Return the excess without bright pixels that have no bright neighbour."""
    around = np.ones((3, 3))
    around[1, 1] = 0
    neighbours = ndimage.convolve(np.maximum(excess, 0), around, mode="constant")
    # Eight pixels together have the noise of one times the root of eight.
    is_alone = neighbours < threshold / 2 * np.sqrt(8) * noise
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
