"""Rings of a diffraction pattern: where a pixel lies in polar coordinates."""

from dataclasses import dataclass

import numpy as np


def pixel_radii(shape, center, affine=None):
    """Return the distance of every pixel from the centre of a pattern.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    center : tuple of float
        Row and column of the centre, in pixels.
    affine : numpy.ndarray, shape (2, 2) or (3, 3), optional
        Distortion that takes undistorted (row, column) offsets, as a row vector, to
        those on the detector; radii are those of the undistorted pattern.

    Returns
    -------
    numpy.ndarray, shape `shape`
        In pixels.
    """
    offsets = np.stack(np.indices(shape), axis=-1) - np.asarray(center, float)
    if affine is not None:
        offsets = offsets @ np.linalg.inv(np.asarray(affine, float)[:2, :2])
    return np.hypot(offsets[..., 0], offsets[..., 1])


@dataclass(frozen=True)
class Rings:
    """Rings one pixel wide, and every pixel's place between two of them.

    Parameters
    ----------
    label : numpy.ndarray of int, shape (n_pixels,)
        Ring that a pixel belongs to.
    inner, outer : numpy.ndarray of int, shape (n_pixels,)
        Rings between whose mean radii the pixel lies.
    fraction : numpy.ndarray of float, shape (n_pixels,)
        How far the pixel is from `inner` to `outer`, in [0, 1].
    n_rings : int
        Number of rings, all of them with at least one pixel.
    """

    label: np.ndarray
    inner: np.ndarray
    outer: np.ndarray
    fraction: np.ndarray
    n_rings: int

    @classmethod
    def from_radii(cls, radii):
        """Sort pixels into rings by their radius in pixels, shape (n_pixels,)."""
        _, label = np.unique(np.floor(radii + 0.5), return_inverse=True)
        n_rings = label.max(initial=-1) + 1
        mean_radii = np.bincount(label, radii) / np.bincount(label)
        inner = np.searchsorted(mean_radii, radii, side="right") - 1
        inner = np.clip(inner, 0, max(n_rings - 2, 0))
        outer = np.minimum(inner + 1, n_rings - 1)
        gap = mean_radii[outer] - mean_radii[inner]
        fraction = (radii - mean_radii[inner]) / np.where(gap > 0, gap, 1)
        return cls(label, inner, outer, np.clip(fraction, 0, 1), int(n_rings))

    def means(self, values):
        """Return the mean over each ring of values, shape (n_pixels,)."""
        return np.bincount(self.label, values) / np.bincount(self.label)

    def interpolate(self, levels):
        """Return the levels of the rings, interpolated linearly to each pixel."""
        inner, outer = levels[self.inner], levels[self.outer]
        return inner + self.fraction * (outer - inner)

    @classmethod
    def from_labels(cls, labels):
        """Take pixels of one label as one ring, without anything in between."""
        _, label = np.unique(labels, return_inverse=True)
        n_rings = int(label.max(initial=-1) + 1)
        return cls(label, label, label, np.zeros(label.shape), n_rings)


def direct_beam_radius(pattern, radii):
    """Return where the direct beam of a mean pattern ends, in pixels."""
    known = np.isfinite(pattern)
    rings = Rings.from_radii(radii[known])
    profile = rings.means(pattern[known])
    if profile[0] <= 10 * np.median(profile):
        return 0.0
    steepness = -np.diff(np.log(np.maximum(profile, profile.max() * 1e-9)))
    beyond = (profile[1:] < profile[0] / 10) & (steepness < steepness.max() / 4)
    return float(np.argmax(beyond) + 1) if beyond.any() else 0.0
