"""Rings of a diffraction pattern: where a pixel lies in polar coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hspy_cnmf.device.arrays import Constant

#: Share of its largest value below which the mean of a ring is not saturated.
_SATURATED = 0.9

#: How many times brighter than the darkest ring further in one is that is no part of a
#: beam; and where that one has less than half of the centre's brightness: within a disc
#: they differ, but what rises again after it has fallen is something else.
_RISE, _RISE_OUTSIDE = 2.0, 1.2

#: Radius in pixels within which all pixels of a saturated beam have the same value.
_SATURATED_RADIUS = 1.5

#: Rings within which what a stop leaves of a beam falls to a tenth; other scattering
#: falls less steeply.
_EDGE_OF_STOPPED = 4


def pixel_radii(
    shape: tuple[int, ...], center: ArrayLike, affine: ArrayLike | None = None
) -> np.ndarray:
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
    offsets = np.moveaxis(np.indices(shape), 0, -1) - np.asarray(center, float)
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
    def from_radii(cls, radii: np.ndarray) -> Rings:
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

    @cached_property
    def order(self) -> np.ndarray:
        """Pixels in the order of their rings, and of `inner`, int, (n_pixels,)."""
        return np.lexsort((self.inner, self.label))

    @cached_property
    def edges(self) -> np.ndarray:
        """Where each ring begins in `order`, and the last ends, (n_rings + 1,)."""
        sizes = np.bincount(self.label, minlength=self.n_rings)
        return np.concatenate([[0], np.cumsum(sizes)])

    @cached_property
    def runs(self) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Where runs of pixels in `order` that lie between the same rings begin.

        With the end of the last, (n_runs + 1,), and `inner` and `outer` of each run,
        (n_runs,), and `fraction` of all pixels in `order`.
        """
        inner = self.inner[self.order]
        begins = np.flatnonzero(np.diff(inner, prepend=-1))
        places = inner[begins], self.outer[self.order][begins]
        return np.append(begins, inner.size), *places, self.fraction[self.order]

    def beside(self, images: np.ndarray, *names: str) -> list[np.ndarray]:
        """Return some of these arrays, by their names, where images are."""
        return [self._constants[name].beside(images) for name in names]

    @cached_property
    def _constants(self) -> dict[str, Constant]:
        names = "inner", "outer", "fraction", "order", "edges"
        return {name: Constant(getattr(self, name)) for name in names}

    def means(self, values: np.ndarray) -> np.ndarray:
        """Return the mean over each ring, (..., n_rings), of values (..., n_pixels)."""
        in_order = np.asarray(values, dtype=float)[..., self.order]
        totals = np.add.reduceat(in_order, self.edges[:-1], axis=-1)
        return totals / np.diff(self.edges)

    def interpolate(self, levels: np.ndarray) -> np.ndarray:
        """Return the levels of the rings, interpolated linearly to each pixel."""
        inner, outer = levels[self.inner], levels[self.outer]
        return inner + self.fraction * (outer - inner)

    @classmethod
    def from_labels(cls, labels: np.ndarray) -> Rings:
        """Take pixels of one label as one ring, without anything in between."""
        _, label = np.unique(labels, return_inverse=True)
        n_rings = int(label.max(initial=-1) + 1)
        return cls(label, label, label, np.zeros(label.shape), n_rings)


def direct_beam_radius(pattern: NDArray, radii: NDArray) -> float:
    """Return where the direct beam of a mean pattern ends, in pixels.

    Parameters
    ----------
    pattern : numpy.ndarray, shape (rows, columns)
        NaN where masked.
    radii : numpy.ndarray, shape (rows, columns)
        Of its pixels, in pixels.

    Returns
    -------
    float
        0 where there is no direct beam.

    Notes
    -----
    A beam is ten times as bright as the median ring, or saturated: the pixels at the
    centre all have the largest value of the pattern. It ends where, going outwards, the
    mean of rings has fallen to a tenth, or below that of a saturated ring, and no
    longer falls steeply; and before it rises again, as in rings of an amorphous solid
    around a faint beam: by a fifth after it had fallen to less than half, or to twice
    of what it had fallen to. What is wider than half of the largest radius, and not
    saturated, is no beam.

    Where the centre holds nothing, as behind a beam stop, pixels without counts are
    unknown. What is left is that of a beam if it falls to a tenth within four rings.
    """
    known = np.isfinite(pattern)
    if not known.any():
        return 0.0
    if not pattern[known & (radii <= _SATURATED_RADIUS)].any():
        return _radius_of_stopped(pattern, radii, known & (pattern > 0))
    rings = Rings.from_radii(radii[known])
    n_saturated = _count_saturated(pattern[known], radii[known], rings)
    return float(beam_rings(rings.means(pattern[known]), n_saturated))


def _radius_of_stopped(pattern: NDArray, radii: NDArray, lit: NDArray) -> float:
    """Return where a beam with a hidden centre ends, 0 where nothing of it is left."""
    if not lit.any():
        return 0.0
    first = np.floor(radii[lit].min() + 0.5)
    n_rings = rings_beside_stop(Rings.from_radii(radii[lit]).means(pattern[lit]))
    return float(first + n_rings) if n_rings else 0.0


def rings_beside_stop(profile: NDArray) -> int:
    """Return how many rings a beam fills whose innermost rings a stop hides.

    Parameters
    ----------
    profile : numpy.ndarray, shape (n_rings,)
        Means of the rings of a mean pattern, of what is left of them.

    Returns
    -------
    int
        0 where nothing of a beam is left: that falls to a tenth within four rings.
    """
    n_rings = beam_rings(profile)
    return n_rings if n_rings <= _EDGE_OF_STOPPED else 0


def beam_rings(profile: NDArray, n_saturated: int = 0) -> int:
    """Return how many rings, from the centre on, the direct beam fills.

    Parameters
    ----------
    profile : numpy.ndarray, shape (n_rings,)
        Means of the rings of a mean pattern.
    n_saturated : int, default 0
        How many of them are saturated.

    Returns
    -------
    int
        0 where there is no direct beam; see `direct_beam_radius`.
    """
    if n_saturated == 0 and profile[0] <= 10 * np.median(profile):
        return 0
    below = profile[1:] < profile[0] * (_SATURATED if n_saturated else 0.1)
    steepness = -np.diff(np.log(np.maximum(profile, profile.max() * 1e-9)))
    # Further out other places may be steeper: reflections, and where counts end.
    n_bright = n_saturated or int(np.argmax(below)) + 1
    beyond = below & (steepness < steepness[: 2 * n_bright + 2].max() / 4)
    end = int(np.argmax(beyond) + 1) if beyond.any() else 0
    # What falls evenly over most of the detector is diffuse scattering.
    is_wide = n_saturated == 0 and 2 * end > len(profile)
    return 0 if is_wide else min(end, _first_valley(profile))


def _first_valley(profile: NDArray) -> int:
    """Return the darkest ring before the first that is brighter, or their number.

    Three rings are averaged, as the innermost are of few pixels.
    """
    n_pixels = np.maximum(np.arange(len(profile)), 1 / 8)
    around = np.ones(3)
    smooth = np.convolve(profile * n_pixels, around, "same")
    smooth /= np.convolve(n_pixels, around, "same")
    darkest = np.minimum.accumulate(smooth)
    rise = np.where(darkest < smooth[0] / 2, _RISE_OUTSIDE, _RISE)
    rises = smooth > rise * darkest
    if not rises.any():
        return len(profile)
    return int(np.argmin(smooth[: np.argmax(rises)]))


def _count_saturated(pixels: NDArray, radii: NDArray, rings: Rings) -> int:
    """Return how many rings from the centre on are at the largest value."""
    is_top = pixels >= pixels.max() * (1 - 1e-6)
    if radii.min() > 1 or not is_top[radii <= _SATURATED_RADIUS].all() or is_top.all():
        return 0
    return max(int(np.argmax(rings.means(is_top) < 1)), 1)
