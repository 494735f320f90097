"""Patterns of a crystal that is bent, from position to position of a scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hspy_cnmf.data import _patterns
from hspy_cnmf.data._domain_maps import Domains
from hspy_cnmf.data._stacking import Spots

WAVELENGTH = 1.97e-3
"""Of electrons of 300 keV, in nm."""

#: Standard deviation of a Gaussian as wide at half maximum as sinc(pi s)^2.
_PEAK_WIDTH = 0.376

#: Electrons in all spots per intensity, and in the diffuse background, at the mean
#: thickness, relative to those that are not scattered.
_BRAGG, _DIFFUSE = 2.0, 0.2

#: Scattering vector over which the diffuse background falls by a factor e, in 1/nm.
_DECAY = 2.0

#: Shares of electrons below this are left out.
_LEAST_SHARE = 1e-3


@dataclass(frozen=True, eq=False)
class BentCrystal:
    """What each position's pattern is made of.

    Parameters
    ----------
    detector_shape : tuple of int
        Detector rows and columns.
    variants : tuple of Spots
        Spots of each stacking variant, of unit sum.
    faulted : Spots
        Of the disordered zone.
    thickness : float
        Mean thickness in nm.
    """

    detector_shape: tuple[int, int]
    variants: tuple[Spots, ...]
    faulted: Spots
    thickness: float

    def pattern(
        self,
        contents: Sequence[tuple],
        tilt: np.ndarray,
        thickness: float,
        shift: np.ndarray,
    ) -> np.ndarray:
        """Return the expected pattern of one electron, (ky, kx).

        Parameters
        ----------
        contents : list of tuple
            Spots, their share of the electrons, and the in-plane rotation in degrees.
        tilt : numpy.ndarray, shape (2,)
            In rad, along kx and ky.
        thickness : float
            In nm.
        shift : numpy.ndarray, shape (2,)
            Of the whole pattern, (kx, ky) in 1/nm.
        """
        places, parts = [], []
        for spots, share, orientation in contents:
            if share >= _LEAST_SHARE:
                turned = _patterns.rotate_vectors(spots.vectors, orientation)
                error = -WAVELENGTH / 2 * (turned**2).sum(axis=1) - turned @ tilt
                peak = np.exp(-((error * thickness / _PEAK_WIDTH) ** 2) / 2)
                places.append(turned)
                parts.append(share * spots.intensities * peak)
        vectors, intensities = np.concatenate(places), np.concatenate(parts)
        relative = thickness / self.thickness
        bragg = _BRAGG * relative**2 * intensities.sum()
        bragg = bragg / (1 + bragg)
        diffuse = _DIFFUSE * relative / (1 + _DIFFUSE * relative)
        pattern = diffuse * self._background
        weights = np.append(bragg * intensities / intensities.sum(), 1 - bragg)
        vectors = np.append(vectors, np.zeros((1, 2)), axis=0) + shift
        _add_discs(pattern, vectors, (1 - diffuse) * weights)
        return pattern

    def untilted_patterns(self) -> np.ndarray:
        """Return the pattern of each variant where the crystal is flat, (n, ky, kx)."""
        flat = np.zeros(2), self.thickness, np.zeros(2)
        patterns = [self.pattern([(spots, 1.0, 0.0)], *flat) for spots in self.variants]
        return np.stack([pattern / pattern.sum() for pattern in patterns])

    @cached_property
    def _background(self) -> np.ndarray:
        return _patterns.diffuse_rings(self.detector_shape, _DECAY, ())


def _add_discs(
    pattern: np.ndarray, vectors: np.ndarray, intensities: np.ndarray
) -> None:
    """Add discs of these intensities in sum, those off the detector left out.

    They are as `hspy_cnmf.data._patterns.bragg_spots` draws them, near the spots only.
    """
    scale = _patterns.detector_scale(pattern.shape)
    radius = max(_patterns.DISC_RADIUS / scale, 0.75)
    edge = min(radius, 1.0)
    offsets = np.arange(2 * int(np.ceil(radius + edge)) + 1)
    offsets = offsets - offsets.mean().astype(int)
    middle = (np.array(pattern.shape)[::-1] - 1) / 2
    places = vectors / scale + middle
    nearest = np.rint(places).astype(int)
    columns = nearest[:, 0, None, None] + offsets[None, None, :]
    rows = nearest[:, 1, None, None] + offsets[None, :, None]
    distance = np.hypot(
        columns - places[:, 0, None, None], rows - places[:, 1, None, None]
    )
    discs = 1 + np.cos(np.pi * np.clip((distance - radius + edge) / (2 * edge), 0, 1))
    discs *= (intensities / discs.sum(axis=(1, 2)))[:, None, None]
    columns, rows = np.broadcast_arrays(columns, rows)
    inside = (0 <= columns) & (columns < pattern.shape[1])
    inside &= (0 <= rows) & (rows < pattern.shape[0])
    np.add.at(pattern, (rows[inside], columns[inside]), discs[inside])


@dataclass(frozen=True, eq=False)
class BentDomains:
    """Patterns of a bent crystal at each position of a scan over its domains.

    Parameters
    ----------
    crystal : BentCrystal
    domains : Domains
    parameters : numpy.ndarray, shape (y, x, 5)
        Tilt along kx and ky (rad), thickness (nm) and shift along kx and ky (1/nm).
    """

    crystal: BentCrystal
    domains: Domains
    parameters: np.ndarray

    def expected(self, positions: np.ndarray) -> np.ndarray:
        """Return expected patterns of one electron, (positions, ky, kx)."""
        places = zip(
            *np.unravel_index(positions, self.parameters.shape[:2]), strict=True
        )
        return np.stack([self._pattern(place) for place in places])

    def _pattern(self, place: tuple[int, int]) -> np.ndarray:
        domains, crystal = self.domains, self.crystal
        cells, shares = domains.cells[place], domains.shares[place]
        spots = [crystal.variants[domains.variants[cell]] for cell in cells]
        turns = domains.orientations[cells]
        contents = [
            (spots[0], shares[0], turns[0]),
            (spots[1], shares[1], turns[1]),
            (crystal.faulted, shares[2], turns[0]),
        ]
        values = self.parameters[place]
        return crystal.pattern(contents, values[:2], values[2], values[3:])
