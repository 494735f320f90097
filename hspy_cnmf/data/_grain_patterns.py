"""Patterns of grains, whose spots vary from position to position."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hspy_cnmf.data import _patterns

#: Standard deviation of a spot in pixels, and how far from its centre it is drawn.
_SPOT, _REACH = 0.8, 3

#: Scattering vector over which the diffuse background falls by a factor e, in 1/nm.
_DECAY = 2.5

#: Width, over that of a crystal's thickness, of the excitation error of a spot.
_PEAK_WIDTH = 0.376


@dataclass(frozen=True, eq=False)
class Grain:
    """Patterns of one grain, or of what is no crystal.

    Parameters
    ----------
    name : str
    vectors : numpy.ndarray, shape (n_spots, 2)
        Scattering vectors (kx, ky) in 1/nm, ky downwards.
    intensities : numpy.ndarray, shape (n_spots,)
        Of unit sum.
    beam, spots : float
        Shares of the electrons in the direct beam and in the spots; the rest is
        diffuse.
    rings : sequence of tuple of float
        Of the diffuse part; see `hspy_cnmf.data._patterns.diffuse_rings`.
    orientation : float
        In-plane rotation in degrees; NaN where it has no meaning.
    """

    name: str
    vectors: np.ndarray
    intensities: np.ndarray
    beam: float
    spots: float
    rings: tuple = ()
    orientation: float = np.nan


@dataclass(frozen=True, eq=False)
class Jitter:
    """What differs from position to position within a grain.

    Parameters
    ----------
    mosaic : float
        Standard deviation of the in-plane rotation in degrees.
    scale : float
        Relative standard deviation of the lengths of scattering vectors.
    center : float
        Standard deviation of the pattern's centre in pixels, along each axis.
    """

    mosaic: float = 0.3
    scale: float = 0.02
    center: float = 0.3

    def draw(
        self, shape: tuple[int, int], generator: np.random.Generator
    ) -> np.ndarray:
        """Return rotation (rad), scale and centre (pixels), shape (y, x, 4)."""
        widths = [np.deg2rad(self.mosaic), self.scale, self.center, self.center]
        drawn = generator.standard_normal((*shape, 4)) * widths
        drawn[..., 1] += 1
        return drawn


@dataclass(frozen=True, eq=False)
class Scene:
    """Grains, where they are, and how patterns vary over the scan.

    Parameters
    ----------
    title : str
    grains : sequence of Grain
    shares : numpy.ndarray, shape (n_grains, y, x)
        Share of each position's electrons that goes through each grain.
    domains : numpy.ndarray of int, shape (n_grains,)
        Domain of each grain.
    names : tuple of str
        Of the domains.
    variation : numpy.ndarray, shape (y, x, 4)
        From `Jitter.draw`.
    bending : numpy.ndarray, shape (y, x, 2)
        Tilt along kx and ky in rad, times the thickness in nm.
    labels : numpy.ndarray of int, shape (y, x), optional
        Domain of each position; by default the one that most electrons go through.
    boundary : numpy.ndarray of bool, shape (y, x), optional
        Positions of no domain; by default those where less than 90 % of the electrons
        go through it.
    """

    title: str
    grains: Sequence[Grain]
    shares: np.ndarray
    domains: np.ndarray
    names: tuple
    variation: np.ndarray
    bending: np.ndarray
    labels: np.ndarray | None = None
    boundary: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Drawing:
    """Arrays that expected patterns are drawn from, spots padded to one number."""

    vectors: np.ndarray  # (grains, spots, 2), in pixels
    intensities: np.ndarray  # (grains, spots), the direct beam last
    diffuse: np.ndarray  # (grains, pixels)
    shares: np.ndarray  # (grains, positions)
    variation: np.ndarray  # (positions, 4)
    bending: np.ndarray  # (positions, 2)
    scale: float  # 1/nm a pixel
    shape: tuple  # of the detector

    @classmethod
    def of(cls, scene: Scene, shape: tuple[int, int]) -> "Drawing":
        """Return what patterns on a detector are drawn from."""
        scale = _patterns.detector_scale(shape)
        most = max(len(grain.vectors) for grain in scene.grains) + 1
        vectors = np.zeros((len(scene.grains), most, 2))
        intensities = np.zeros(vectors.shape[:2])
        diffuse = np.empty((len(vectors), *shape))
        for k, grain in enumerate(scene.grains):
            n = len(grain.vectors)
            vectors[k, :n] = grain.vectors / scale
            intensities[k, :n] = grain.spots * grain.intensities
            intensities[k, -1] = grain.beam
            rest = 1 - grain.beam - grain.spots
            diffuse[k] = rest * _patterns.diffuse_rings(shape, _DECAY, grain.rings)
        n_grains = len(scene.grains)
        return cls(
            vectors,
            intensities,
            diffuse.reshape(n_grains, -1),
            scene.shares.reshape(n_grains, -1),
            scene.variation.reshape(-1, 4),
            scene.bending.reshape(-1, 2),
            scale,
            shape,
        )

    def expected(self, positions: np.ndarray) -> np.ndarray:
        """Return expected patterns of one electron, (positions, *shape)."""
        images = np.zeros((len(positions), self.diffuse.shape[1]))
        for grain in range(len(self.vectors)):  # one by one, so that sums round alike
            own = np.flatnonzero(self.shares[grain, positions] > 0)
            share = self.shares[grain, positions[own], np.newaxis]
            images[own] += share * self.diffuse[grain]
            images[own] += share * self._spots(grain, positions[own])
        return images.reshape(-1, *self.shape)

    def _spots(self, grain: int, positions: np.ndarray) -> np.ndarray:
        """Return the spots of a grain at positions, (positions, pixels)."""
        turn, size, *center = self.variation[positions].T[..., np.newaxis]
        x, y = self.vectors[grain].T
        error = (self.vectors[grain] @ self.bending[positions].T).T * self.scale
        weights = self.intensities[grain] * np.exp(-((error / _PEAK_WIDTH) ** 2) / 2)
        column = size * (np.cos(turn) * x + np.sin(turn) * y) + center[0]
        row = size * (np.cos(turn) * y - np.sin(turn) * x) + center[1]
        return _drawn(row, column, weights, self.shape)


def _drawn(
    row: np.ndarray, column: np.ndarray, weights: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Return Gaussian spots about the middle of a detector, (positions, pixels)."""
    offsets = np.arange(-_REACH, _REACH + 1)
    profiles, places = [], []
    for place, size in zip((row, column), shape, strict=True):
        place = place + (size - 1) / 2
        near = np.rint(place).astype(int)[..., np.newaxis] + offsets
        profile = np.exp(-(((near - place[..., np.newaxis]) / _SPOT) ** 2) / 2)
        profile /= profile.sum(axis=-1, keepdims=True)
        inside = (near >= 0) & (near < size)
        profiles.append(profile * inside)
        places.append(np.where(inside, near, 0))
    values = weights[..., np.newaxis, np.newaxis] * (
        profiles[0][..., :, np.newaxis] * profiles[1][..., np.newaxis, :]
    )
    pixels = places[0][..., :, np.newaxis] * shape[1] + places[1][..., np.newaxis, :]
    n_pixels = shape[0] * shape[1]
    pixels = pixels + n_pixels * np.arange(len(row)).reshape(-1, 1, 1, 1)
    total = np.bincount(pixels.ravel(), values.ravel(), len(row) * n_pixels)
    return total.reshape(len(row), n_pixels)
