"""Diffraction patterns in polar coordinates, and what of them tells the crystal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

Index: TypeAlias = Any
"""What NumPy arrays can be indexed with along their first axis."""

#: A ring is used where at least this part of it is known.
_LEAST_RING = 0.25

#: Power of spots that are compared: faint ones count beside bright ones.
EXPONENT = 1 / 3


@dataclass(frozen=True, eq=False)
class PolarPatterns:
    """A stack of diffraction patterns, (radius, azimuth) over 360 degrees.

    Parameters
    ----------
    values : numpy.ndarray, shape (n, radii, azimuths)
        0 where masked.
    known : numpy.ndarray of bool, shape (n, radii, azimuths)
        False where masked.
    radii : numpy.ndarray, shape (radii,)
        In pixels.
    noise : numpy.ndarray, shape (n, radii)
        Standard deviation of the noise of a pixel in each ring.

    Notes
    -----
    Azimuths run counter-clockwise as seen in a plot, from the right.
    """

    values: np.ndarray
    known: np.ndarray
    radii: np.ndarray
    noise: np.ndarray

    def __post_init__(self) -> None:
        part = self.known.mean(axis=2, keepdims=True)
        known = self.known & (part >= _LEAST_RING)
        object.__setattr__(self, "known", known)
        object.__setattr__(self, "values", np.where(known, self.values, 0))

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Index) -> PolarPatterns:
        """Return some of the patterns, always as a stack."""
        index = np.atleast_1d(index)
        return replace(
            self,
            values=self.values[index],
            known=self.known[index],
            noise=self.noise[index],
        )

    @property
    def n_azimuth(self) -> int:
        """Number of azimuths."""
        return self.values.shape[2]

    @property
    def level(self) -> np.ndarray:
        """Mean of each ring over its known azimuths, shape (n, radii, 1)."""
        return self.values.sum(axis=2, keepdims=True) / self.n_known

    @property
    def n_known(self) -> np.ndarray:
        """Number of known azimuths of each ring, at least 1, shape (n, radii, 1)."""
        return np.maximum(self.known.sum(axis=2, keepdims=True), 1)

    def __setitem__(self, index: Index, other: PolarPatterns) -> None:
        """Take other patterns in the place of some."""
        for name in ("values", "known", "noise"):
            getattr(self, name)[index] = getattr(other, name)

    def turn(self, rotation: np.ndarray, mirrored: np.ndarray) -> PolarPatterns:
        """Return the patterns mirrored, those that are to be, and rotated.

        Parameters
        ----------
        rotation : numpy.ndarray, shape (n,)
            In degrees, counter-clockwise as seen in a plot.
        mirrored : numpy.ndarray of bool, shape (n,)
            Where to reverse the azimuth first.

        Notes
        -----
        The shift multiplies the Fourier series along the azimuth by a phase, which
        does not blur, however often a pattern is turned. Masked samples are set to
        the level of their ring before, so that edges of masks do not ring.
        """
        filled = np.where(self.known, self.values, self.level)
        known = _shift(self.known.astype(float), rotation, mirrored) > 0.5
        values = _shift(filled, rotation, mirrored)
        return replace(self, values=np.where(known, values, 0), known=known)

    def mean_with(self, other: PolarPatterns, weights: ArrayLike) -> PolarPatterns:
        """Return the weighted mean with other patterns, one by one, where known.

        Parameters
        ----------
        other : PolarPatterns
            As many patterns.
        weights : tuple of float
            Of these patterns and of the others.

        Notes
        -----
        Levels of the rings and deviations from them have means of their own: what one
        pattern alone knows is set on the mean level, without a step at its edge.
        """
        pair = (self, other)
        known = np.stack([p.known for p in pair])
        rings = np.asarray(known.any(axis=3, keepdims=True))
        levels = np.stack([p.level for p in pair])
        deviations = np.stack([p.values for p in pair]) - levels
        values = weighted_mean(levels, rings, weights)
        values = values + weighted_mean(deviations, known, weights)
        share = np.reshape(weights, (2, 1, 1)) * rings[..., 0]
        share = share / np.where(rings[..., 0].any(axis=0), share.sum(axis=0), 1)
        # Noise of different patterns is independent.
        noise = np.hypot(*(share * [p.noise for p in pair]))
        return replace(
            self, values=values, known=np.asarray(known.any(axis=0)), noise=noise
        )

    def structure(
        self,
        noise_threshold: float,
        background_weight: float,
        exponent: float = EXPONENT,
    ) -> np.ndarray:
        r"""Return what of the patterns tells the crystal.

        Parameters
        ----------
        noise_threshold : float
            Deviations from the ring below this multiple of the noise are dropped.
        background_weight : float
            Weight of the rings themselves.
        exponent : float, default 1/3
            To which power deviations are raised, in (0, 1]. With 1 the brightest spots
            decide alone: two of nearly the same radius are in most crystals.

        Returns
        -------
        numpy.ndarray of float32, shape (n, radii, azimuths)
            Each pattern scaled by its largest value; 0 where masked, and throughout
            for patterns that are constant.

        Notes
        -----
        With the deviation :math:`d` from the mean :math:`m` of its ring, the noise
        :math:`\sigma` of the ring, threshold :math:`t`, exponent :math:`p` and weight
        :math:`b`,

        .. math:: \sqrt{r} \; \Big[ \mathrm{sgn}(s) \, \Big|\frac{s}{s_{max}}\Big|^p
                  + b \; \frac{m}{s_{max}} \Big], \quad
                  s = d \; \Big(1 - \frac{t^2 \sigma^2}{d^2}\Big)_+

        :math:`s` is the non-negative garrote (Breiman 1995): a shrinkage towards 0
        that leaves what stands far out of the noise as it is. The mean over the ring
        is taken off from its power again. The root of the radius gives every
        part of the plane the weight of its area.
        """
        result = np.empty(self.values.shape, dtype=np.float32)
        for k in range(len(self)):  # one by one: intermediate arrays are large
            pattern = self[k]
            spots = pattern.spots(noise_threshold)
            highest = abs(spots).max() or 1.0
            spots = np.sign(spots) * abs(spots / highest) ** exponent
            spots -= spots.sum(axis=2, keepdims=True) / pattern.n_known
            rings = background_weight * pattern.level / highest
            both = np.where(pattern.known, spots + rings, 0)
            largest = abs(both).max() if pattern.varies[0] else np.inf
            result[k] = both * (np.sqrt(self.radii)[:, np.newaxis] / (largest or 1))
        return result

    def spots(self, noise_threshold: float) -> np.ndarray:
        """Return what stands out of rings and noise, shrunk towards 0.

        Parameters
        ----------
        noise_threshold : float
            Deviations from the ring below this multiple of the noise are dropped.

        Returns
        -------
        numpy.ndarray, shape (n, radii, azimuths)
        """
        noise = noise_threshold * self.noise[..., np.newaxis]
        deviation = np.where(self.known, self.values - self.level, 0)
        ratio = np.divide(
            noise, deviation, out=np.ones_like(deviation), where=deviation != 0
        )
        return deviation * np.maximum(1 - ratio**2, 0)

    @property
    def varies(self) -> np.ndarray:
        """Tell which of the patterns are not the same everywhere, shape (n,)."""
        highest = np.where(self.known, self.values, -np.inf).max(axis=(1, 2))
        lowest = np.where(self.known, self.values, np.inf).min(axis=(1, 2))
        return highest - lowest > 1e-12 * np.maximum(abs(highest), abs(lowest))


def weighted_mean(
    values: np.ndarray, known: np.ndarray, weights: ArrayLike
) -> np.ndarray:
    """Return the mean of what is known along the first axis; 0 where nothing is."""
    shares = np.reshape(np.asarray(weights), (-1,) + (1,) * (known.ndim - 1)) * known
    coverage = shares.sum(axis=0)
    total = (shares * np.where(known, values, 0)).sum(axis=0)
    return total / np.where(coverage > 0, coverage, 1)


def _shift(
    values: np.ndarray, rotation: np.ndarray, mirrored: np.ndarray
) -> np.ndarray:
    """Return patterns shifted along their last axis, each by its angle in degrees."""
    spectrum = np.fft.rfft(values)
    spectrum = np.where(mirrored[:, None, None], spectrum.conj(), spectrum)
    orders = np.arange(spectrum.shape[-1])
    phases = np.exp(-1j * np.deg2rad(rotation)[:, None, None] * orders)
    return np.fft.irfft(spectrum * phases, values.shape[-1])
