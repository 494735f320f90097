"""Geometry of diffraction patterns: turned in the plane, and in polar coordinates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap

import numpy as np
from numpy.typing import ArrayLike

from hspy_cnmf.constraints.rings import direct_beam_radius, pixel_radii
from hspy_cnmf.patterns.interpolation import (
    LEAST_KNOWN,
    interpolate,
    interpolate_all,
    sampled_azimuths,
)
from hspy_cnmf.patterns.polar import PolarPatterns
from hspy_cnmf.patterns.ring_noise import ring_noise

#: Radius in pixels beyond which a pattern is not laid out on a detector.
_LARGEST_RADIUS = 10_000


class PatternGeometry(ABC):
    """Where the radius and the azimuth of each pixel of a pattern are."""

    #: Shape of a pattern.
    shape: tuple[int, int]

    #: Elliptical distortion of what `on_detector` returns.
    affine: np.ndarray | None = None

    @property
    @abstractmethod
    def pixel_radii(self) -> np.ndarray:
        """Radius of every pixel, in pixels, shape `pattern_shape`."""

    @abstractmethod
    def beam_radius(self, mean_pattern: np.ndarray) -> float:
        """Return where the direct beam ends, in pixels; 0 where it is masked."""

    @abstractmethod
    def on_detector(
        self, pattern: np.ndarray
    ) -> tuple[np.ndarray, tuple[float, float]]:
        """Return a pattern, (rows, columns), and the row and column of its centre."""

    @abstractmethod
    def place(self, spots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and columns of spots that were found on the detector."""

    @abstractmethod
    def polar(
        self,
        patterns: np.ndarray,
        n_azimuth: int,
        radii: tuple[float, float] | np.ndarray,
    ) -> PolarPatterns:
        """Resample patterns to (radius, azimuth).

        Parameters
        ----------
        patterns : numpy.ndarray, shape (n, *pattern_shape)
            NaN where masked.
        n_azimuth : int
            Number of azimuths, over 360 degrees.
        radii : tuple of float
            Smallest and largest radius in pixels.

        Returns
        -------
        PolarPatterns
        """

    @abstractmethod
    def turn(
        self, pattern: ArrayLike, rotation: float, mirrored: bool = False
    ) -> np.ndarray:
        """Return a pattern mirrored, if asked for, and then rotated.

        Parameters
        ----------
        pattern : numpy.ndarray, shape `pattern_shape`
            NaN where masked.
        rotation : float
            In degrees, counter-clockwise as seen in a plot, where rows run downwards:
            the sense of `scipy.ndimage.rotate`.
        mirrored : bool, default False
            Mirror at the horizontal line through the centre.

        Returns
        -------
        numpy.ndarray, shape `pattern_shape`
            NaN where what was there before turning is masked, or off the pattern.
        """


@dataclass(frozen=True, eq=False)
class CartesianGeometry(PatternGeometry):
    """Patterns as a detector records them, (rows, columns).

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    center : tuple of float
        Row and column of the centre, in pixels.
    affine : numpy.ndarray, shape (2, 2), optional
        Elliptical distortion; see `hspy_cnmf.constraints.rings.pixel_radii`.
    """

    shape: tuple[int, int]
    center: tuple[float, float]
    affine: np.ndarray | None = None

    @cached_property
    def pixel_radii(self) -> np.ndarray:
        """Radius of every pixel; see `PatternGeometry.pixel_radii`."""
        return pixel_radii(self.shape, self.center, self.affine)

    def beam_radius(self, mean_pattern: np.ndarray) -> float:
        """Return where the direct beam ends; see `PatternGeometry.beam_radius`."""
        central = mean_pattern[tuple(np.rint(self.center).astype(int))]
        if np.isnan(central):
            return 0.0
        return direct_beam_radius(mean_pattern, self.pixel_radii)

    def on_detector(
        self, pattern: np.ndarray
    ) -> tuple[np.ndarray, tuple[float, float]]:
        """Return a pattern and its centre; see `PatternGeometry.on_detector`."""
        return pattern, self.center

    def place(self, spots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and columns; see `PatternGeometry.place`."""
        return spots["row"], spots["column"]

    def polar(
        self,
        patterns: np.ndarray,
        n_azimuth: int,
        radii: tuple[float, float] | np.ndarray,
    ) -> PolarPatterns:
        """Resample patterns bilinearly; see `PatternGeometry.polar`.

        Where azimuths are further apart than pixels, several samples are averaged, so
        that no spot falls between two azimuths.
        """
        radii = np.arange(np.ceil(radii[0]), np.floor(radii[1]) + 1)
        n_samples = int(np.ceil(2 * np.pi * radii.max(initial=0) / n_azimuth))
        n_samples += 1 - n_samples % 2  # odd: one in the middle, at the azimuth
        steps = np.arange(n_azimuth * n_samples) - n_samples // 2
        radians = steps * (2 * np.pi / steps.size)
        offsets = np.stack(
            [-radii[:, None] * np.sin(radians), radii[:, None] * np.cos(radians)]
        )

        bins = (radii.size, n_azimuth, n_samples)

        def mean(values: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, ...]:
            total = np.where(known, values, 0).reshape(bins).sum(axis=2)
            count = known.reshape(bins).sum(axis=2)
            is_known = count >= LEAST_KNOWN * n_samples
            return np.where(is_known, total / np.maximum(count, 1), 0), is_known

        samples = interpolate_all(patterns, self._places(offsets))
        values, known = map(np.stack, zip(*starmap(mean, samples), strict=True))
        rings = np.rint(self.pixel_radii).astype(int)
        noise = [ring_noise(pattern, rings, radii) for pattern in patterns]
        return PolarPatterns(values, known, radii, np.stack(noise))

    def turn(
        self, pattern: ArrayLike, rotation: float, mirrored: bool = False
    ) -> np.ndarray:
        """Turn a pattern bilinearly; see `PatternGeometry.turned`."""
        if rotation == 0 and not mirrored:
            return np.array(pattern, dtype=float)
        cosine, sine = np.cos(np.deg2rad(rotation)), np.sin(np.deg2rad(rotation))
        # Rows run downwards, so this turns counter-clockwise as seen.
        backwards = np.array([[cosine, sine], [-sine, cosine]])
        if mirrored:
            backwards = np.diag([-1, 1]) @ backwards
        offsets = np.indices(self.shape) - np.reshape(self.center, (2, 1, 1))
        if self.affine is not None:
            offsets = np.tensordot(np.linalg.inv(self.affine).T, offsets, axes=1)
        places = self._places(np.tensordot(backwards, offsets, axes=1))
        values, known = interpolate(np.asarray(pattern, dtype=float), places)
        return np.where(known, values, np.nan)

    def _places(self, offsets: np.ndarray) -> np.ndarray:
        """Return the pixels at undistorted offsets (row, column) from the centre."""
        if self.affine is not None:
            offsets = np.tensordot(np.asarray(self.affine).T, offsets, axes=1)
        return offsets + np.reshape(self.center, (2,) + (1,) * (offsets.ndim - 1))


@dataclass(frozen=True, eq=False)
class PolarGeometry(PatternGeometry):
    """Patterns in polar coordinates already, (radius, azimuth) over 360 degrees.

    Parameters
    ----------
    shape : tuple of int
        Radii and azimuths.
    first_radius : float, default 0
        Radius of the first row, in rows.
    """

    shape: tuple[int, int]
    first_radius: float = 0.0

    @property
    def pixel_radii(self) -> np.ndarray:
        """Radius of every pixel; see `PatternGeometry.pixel_radii`."""
        radii = self.first_radius + np.arange(self.shape[0])
        return np.broadcast_to(radii[:, np.newaxis], self.shape)

    def on_detector(
        self, pattern: np.ndarray
    ) -> tuple[np.ndarray, tuple[float, float]]:
        """Return a pattern as a detector would record it, and its centre.

        Pixels are as wide as the steps of the radius. See
        `PatternGeometry.on_detector`.
        """
        reach = int(np.ceil(self.pixel_radii.max()))
        if reach > _LARGEST_RADIUS:
            raise ValueError(
                f"The radial axis reaches out to {reach} pixels from the centre: "
                "check its offset and scale in s.axes_manager."
            )
        rows, columns = np.indices((2 * reach + 1,) * 2) - reach
        radius = np.hypot(rows, columns) - self.first_radius
        azimuth = np.rad2deg(np.arctan2(-rows, columns)) % 360 * self.shape[1] / 360
        around = np.concatenate([pattern, pattern[:, :1]], axis=1)
        values, known = interpolate(around, [radius, azimuth])
        return np.where(known, values, np.nan), (reach, reach)

    def place(self, spots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and columns; see `PatternGeometry.place`."""
        radius, azimuth = spots["radius"], spots["azimuth"]
        return radius - self.first_radius, azimuth * self.shape[1] / 360

    def beam_radius(self, mean_pattern: np.ndarray) -> float:
        """Return where the direct beam ends; see `PatternGeometry.beam_radius`."""
        if np.isnan(mean_pattern[0]).all():
            return 0.0
        return direct_beam_radius(mean_pattern, self.pixel_radii)

    def polar(
        self,
        patterns: np.ndarray,
        n_azimuth: int,
        radii: tuple[float, float] | np.ndarray,
    ) -> PolarPatterns:
        """Take the patterns as they are, resampled along the azimuth if asked for."""
        row_radii = self.pixel_radii[:, 0]
        rows = np.flatnonzero((row_radii >= radii[0]) & (row_radii <= radii[1]))
        patterns = np.asarray(patterns, dtype=float)
        noise = [
            ring_noise(pattern, np.indices(self.shape)[0], rows) for pattern in patterns
        ]
        azimuths = np.arange(n_azimuth) * (self.shape[1] / n_azimuth)
        sampled = [sampled_azimuths(pattern[rows], azimuths) for pattern in patterns]
        known = np.isfinite(sampled)
        values = np.where(known, sampled, 0)
        return PolarPatterns(values, known, row_radii[rows], np.stack(noise))

    def turn(
        self, pattern: ArrayLike, rotation: float, mirrored: bool = False
    ) -> np.ndarray:
        """Shift a pattern along its azimuth; see `PatternGeometry.turned`."""
        azimuths = np.arange(self.shape[1]) - rotation * self.shape[1] / 360
        azimuths = -azimuths if mirrored else azimuths
        return sampled_azimuths(np.asarray(pattern, dtype=float), azimuths)
