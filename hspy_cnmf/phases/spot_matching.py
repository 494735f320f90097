"""Spots against the reflections of a crystal: how turned, how well, at which scale."""

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.phases.reflections import Beam, Reflections
from hspy_cnmf.phases.spot_pattern import SpotPattern
from hspy_cnmf.phases.template_matching import about_beam

#: Part of the spots of any pattern that may come from something else.
OUTLIERS = 0.05

#: Spots belong to a reflection within so many standard deviations.
REACH = 3.5

#: In-plane turn that is still corrected at first, in radians.
_FIRST_TURN = 0.04

#: Weight of the logarithm of the correlation of amplitudes, for each spot.
_INTENSITY_WEIGHT = 1.0

#: Starts that are kept.
_KEPT = 16

#: Starts nearer to each other than this, in degrees, lead to the same place.
_NEAR = 2.9

#: Coarse and fine tilts about both axes in the plane, in degrees.
_TILTS = (np.linspace(-3, 3, 7), np.linspace(-0.8, 0.8, 5))


@dataclass(frozen=True, eq=False)
class Fit:
    """Crystals turned onto the spots of one pattern, one for each of some matrices.

    Attributes
    ----------
    matrices : numpy.ndarray, shape (b, 3, 3)
        From the crystal's frame to (kx, ky, kz), the in-plane angle fitted.
    scale : numpy.ndarray, shape (b,)
        By what reflections must be multiplied to lie on the spots.
    scale_error : numpy.ndarray, shape (b,)
        Standard deviation of it, from the errors of the spots.
    evidence : numpy.ndarray, shape (b,)
        Logarithm of how much likelier the spots are than if strewn at random.
    correlation : numpy.ndarray, shape (b,)
        Of the amplitudes of spots and reflections, in [0, 1].
    """

    matrices: np.ndarray
    scale: np.ndarray
    scale_error: np.ndarray
    evidence: np.ndarray
    correlation: np.ndarray

    def __getitem__(self, index: int | np.ndarray) -> "Fit":
        index = np.atleast_1d(index)
        return Fit(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.scale)


@dataclass(frozen=True, eq=False)
class SpotMatcher:
    """Reflections of one crystal, to be turned onto patterns.

    Attributes
    ----------
    reflections : Reflections
        The crystal.
    beam : Beam
        The electrons.
    scale_uncertainty : float
        Standard deviation of the calibration, as a part of the scale.
    limits : tuple of float
        Smallest and largest radius at which spots are looked for, in 1/Å.
    """

    reflections: Reflections
    beam: Beam
    scale_uncertainty: float
    limits: tuple

    def amplitudes(
        self, pattern: SpotPattern, matrices: np.ndarray, scale: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return where reflections are, and how bright where they are seen.

        Parameters
        ----------
        pattern : SpotPattern
            For its detector.
        matrices : numpy.ndarray, shape (b, 3, 3)
            How the crystal is turned.
        scale : numpy.ndarray, shape (b,)
            What its reflections are multiplied by.

        Returns
        -------
        places : numpy.ndarray, shape (b, n_reflections, 2)
        amplitudes : numpy.ndarray, shape (b, n_reflections)
            0 where not excited, masked or beyond the limits.
        """
        places, amplitudes = self._excited(matrices)
        places = places * scale[:, np.newaxis, np.newaxis]
        seen = self._is_within(places) & pattern.detector.sees(places)
        return places, np.where(seen, amplitudes, 0)

    def _excited(self, matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return places and amplitudes of reflections, wherever they are."""
        vectors = self.reflections.vectors @ np.swapaxes(matrices, 1, 2)
        intensities = self.reflections.intensities * self.beam.shape_factors(vectors)
        return vectors[..., :2], np.sqrt(intensities)

    def excited_by(self, matrix: np.ndarray, least: float) -> np.ndarray:
        """Return which reflections have a shape factor above one, shape (n,)."""
        return self.beam.shape_factors(self.reflections.vectors @ matrix.T) > least

    def _is_within(self, places: np.ndarray, slack: float = 0.0) -> np.ndarray:
        """Return what lies within the limits, wider by a part of them."""
        radii = np.hypot(places[..., 0], places[..., 1])
        low, high = self.limits[0] * (1 - slack), self.limits[1] * (1 + slack)
        return (radii >= low) & (radii <= high)

    @property
    def _largest_change(self) -> float:
        """Part by which the scale is changed at most."""
        return 4 * self.scale_uncertainty + 0.002

    def fit(self, pattern: SpotPattern, matrices: np.ndarray) -> Fit:
        """Turn crystals in the plane and scale them onto the spots."""
        places, amplitudes = self._excited(matrices)
        # What lies beyond the edge may come in once it is scaled.
        amplitudes *= self._is_within(places, self._largest_change)
        points, amplitudes = _brightest(places, amplitudes)
        spots = pattern.places @ (1, 1j)
        turn = np.ones(len(matrices), complex)
        if not points.size or not len(pattern):
            zero = np.zeros(len(matrices))
            worst = np.full(len(matrices), -np.inf)
            return Fit(matrices, np.ones_like(zero), zero + np.inf, worst, zero)
        slack = np.hypot(_FIRST_TURN, self.scale_uncertainty) * pattern.radii
        for extra in (slack, slack / 4, 0.0):
            reach = np.hypot(REACH * pattern.errors, extra)
            nearest, distance = _pairs(spots, turn[:, None] * points, amplitudes)
            near = distance < reach
            target = np.take_along_axis(points, nearest, axis=1)
            turn, error = self._similarity(spots, target, near, pattern.errors)
        return self._judged(pattern, matrices, turn, error, points, amplitudes)

    def _similarity(
        self,
        spots: np.ndarray,
        target: np.ndarray,
        near: np.ndarray,
        errors: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return complex factors that take targets to spots, and their errors."""
        weight = near / errors**2
        power = (weight * abs(target) ** 2).sum(axis=1)
        product = (weight * spots * target.conj()).sum(axis=1)
        factor = np.divide(
            product, power, out=np.ones(len(power), complex), where=power > 0
        )
        error = 1 / np.sqrt(np.maximum(power, 1e-12))
        # Not further from the calibration than it may be wrong.
        most = self._largest_change
        scale = np.clip(abs(factor), 1 - most, 1 + most)
        return scale * factor / np.maximum(abs(factor), 1e-12), error

    def _judged(
        self,
        pattern: SpotPattern,
        matrices: np.ndarray,
        turn: np.ndarray,
        error: np.ndarray,
        points: np.ndarray,
        amplitudes: np.ndarray,
    ) -> Fit:
        """Return evidence and correlation of crystals that lie on the spots."""
        spots, points = pattern.places @ (1, 1j), turn[:, None] * points
        places = np.stack([points.real, points.imag], axis=-1)
        seen = self._is_within(places) & pattern.detector.sees(places)
        amplitudes = np.where(seen, amplitudes, 0)
        distance = abs(spots[:, None] - points[:, None, :])
        variance = pattern.errors[:, None] ** 2
        total = np.maximum(amplitudes.sum(axis=1), 1e-12)
        share = (amplitudes / total[:, None])[:, None, :]
        area = np.pi * (self.limits[1] ** 2 - self.limits[0] ** 2)
        density = share * np.exp(-(distance**2) / (2 * variance)) * area
        density = (density / (2 * np.pi * variance)).sum(axis=2)
        evidence = np.log(OUTLIERS + (1 - OUTLIERS) * density).sum(axis=1)
        near = distance < REACH * pattern.errors[:, None]
        met = np.where(near, amplitudes[:, None, :], 0).max(axis=2)
        norm = np.maximum(np.sqrt((amplitudes**2).sum(axis=1)), 1e-12)
        correlation = np.minimum((met * pattern.amplitudes).sum(axis=1) / norm, 1)
        evidence += (
            _INTENSITY_WEIGHT * len(pattern) * np.log(np.maximum(correlation, 0.01))
        )
        spread = np.hypot(self.scale_uncertainty, error)
        evidence -= ((abs(turn) - 1) / spread) ** 2 / 2
        turned = about_beam(np.angle(turn)) @ matrices
        return Fit(turned, abs(turn), error, evidence, correlation)

    def started(self, pattern: SpotPattern, starts: np.ndarray) -> Fit:
        """Return fits that differ, the best first, of orientations to start from.

        Parameters
        ----------
        pattern : SpotPattern
            Spots.
        starts : numpy.ndarray, shape (b, 3, 3)
            Some degrees off.
        """
        first = self.fit(pattern, starts)
        order = np.argsort(-first.evidence, kind="stable")
        return first[np.array(_different(order, first.matrices)[:_KEPT])]

    def tilted(self, pattern: SpotPattern, fit: Fit) -> Fit:
        """Return the fit with the highest evidence over a coarse and a fine grid."""
        for degrees in _TILTS:
            candidates = self.fit(pattern, tilts(degrees) @ fit.matrices[0])
            fit = candidates[int(np.argmax(candidates.evidence))]
        return fit


def tilts(degrees: np.ndarray) -> np.ndarray:
    """Return matrices that tilt about axes in the plane, shape (n * n, 3, 3)."""
    x, y = (np.deg2rad(grid).ravel() for grid in np.meshgrid(degrees, degrees))
    angle = np.hypot(x, y)
    axis = np.stack([x, y, 0 * x], axis=1) / np.maximum(angle, 1e-12)[:, None]
    zero = np.zeros_like(x)
    cross = np.stack(
        [
            np.stack([zero, zero, axis[:, 1]], axis=1),
            np.stack([zero, zero, -axis[:, 0]], axis=1),
            np.stack([-axis[:, 1], axis[:, 0], zero], axis=1),
        ],
        axis=1,
    )
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.eye(3) + sine * cross + (1 - cosine) * cross @ cross


def _different(order: np.ndarray, matrices: np.ndarray) -> list[int]:
    """Return the first of an order, without those turned by little from one before."""
    kept: list[int] = []
    for k in order:
        traces = np.einsum("bij,ij->b", matrices[kept], matrices[k])
        if not (traces > 1 + 2 * np.cos(np.deg2rad(_NEAR))).any():
            kept.append(int(k))
    return kept


def _brightest(
    places: np.ndarray, amplitudes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return complex places and amplitudes, (b, m), of reflections that are seen.

    A crystal shows few of all reflections. `m` is the largest number of any.
    """
    most = int((amplitudes > 0).sum(axis=1).max(initial=0))
    kept = np.argsort(-amplitudes, axis=1, kind="stable")[:, :most]
    near = np.take_along_axis(places, kept[..., np.newaxis], axis=1)
    return near @ (1, 1j), np.take_along_axis(amplitudes, kept, axis=1)


def _pairs(
    spots: np.ndarray, points: np.ndarray, amplitudes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest visible point of each spot, and how far it is, (b, n)."""
    distance = abs(spots[:, None] - points[:, None, :])
    distance = np.where(amplitudes[:, None, :] > 0, distance, np.inf)
    nearest = distance.argmin(axis=2)
    return nearest, np.take_along_axis(distance, nearest[..., None], axis=2)[..., 0]
