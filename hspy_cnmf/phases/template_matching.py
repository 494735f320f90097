"""Orientations to start from, by pyxem's template matching with diffsims' templates."""

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from diffsims.generators.simulation_generator import SimulationGenerator
from diffsims.simulations import Simulation2D
from hyperspy.api import preferences
from orix.crystal_map import Phase
from orix.quaternion import Rotation
from orix.sampling import get_sample_reduced_fundamental
from pyxem.signals import PolarDiffraction2D

from hspy_cnmf.phases.crystal_symmetry import standard_turn
from hspy_cnmf.phases.reflections import (
    Beam,
    no_reflections,
    sure_radius,
    vectors_within,
)
from hspy_cnmf.phases.spot_pattern import SpotPattern

#: Azimuths and radii of the polar images that are matched.
_SHAPE = (360, 160)

#: Largest distance, as a part of the radius, at which a spot still meets a template.
_SOFTNESS = 0.015


class _SameSymmetry(Phase):
    """A phase whose copies have its symmetry in common.

    diffsims copies the phase for each template, and the operations of a cubic space
    group, up to 192, take longer to copy than templates to calculate.
    """

    @classmethod
    def of(cls, phase: Phase) -> "_SameSymmetry":
        """Return what has all that a phase has."""
        own = cls.__new__(cls)
        own.__dict__.update(phase.__dict__)
        return own

    def deepcopy(self) -> Phase:
        """Return a copy of all but the symmetry."""
        symmetry = self.space_group, self.point_group
        return copy.deepcopy(self, {id(part): part for part in symmetry})


@dataclass(frozen=True, eq=False)
class TemplateLibrary:
    """Simulated patterns of a phase along all zone axes.

    Attributes
    ----------
    phase : orix.crystal_map.Phase
        The crystal.
    simulation : diffsims.simulations.Simulation2D
        Templates with square roots of intensities, the in-plane angle at 0.
    reach : float
        Radius up to which they were simulated, in 1/Å.
    """

    phase: Phase
    simulation: Simulation2D
    reach: float

    @classmethod
    def of(
        cls, phase: Phase, energy: float, beam: Beam, reach: float, resolution: float
    ) -> "TemplateLibrary":
        """Simulate a phase along zone axes a number of degrees apart.

        Raises
        ------
        ValueError
            If no reflections of the phase are within reach.
        """
        rotations = get_sample_reduced_fundamental(
            resolution, point_group=phase.point_group.laue
        )
        rotations = standard_turn(phase) * rotations
        # diffsims fails where there is no reflection at all.
        rotations = rotations[_shows_any(phase, rotations, beam, reach)]
        if not rotations.size:
            raise no_reflections(phase, reach)
        generator = SimulationGenerator(energy, minimum_intensity=1e-4)
        simulation = generator.calculate_diffraction2d(
            _SameSymmetry.of(phase),
            rotations,
            reciprocal_radius=sure_radius(phase, reach),
            with_direct_beam=False,
            max_excitation_error=beam.max_excitation_error,
        )
        # A direction of one spot, or none, is that of any pattern.
        kept = np.array(
            [(some.gspacing <= reach).sum() > 1 for some in simulation.coordinates]
        )
        if kept.sum() < 2:
            raise no_reflections(phase, reach)
        simulation = simulation.irot[kept]
        for vectors in simulation.coordinates:
            vectors.intensity = np.sqrt(vectors.intensity)
        return cls(phase, simulation, reach)

    def __len__(self) -> int:
        return self.simulation.rotations.size

    def best(self, patterns: list[SpotPattern], n_best: int) -> list[np.ndarray]:
        """Return for each pattern rotations that match best, the best one first.

        Returns
        -------
        list of numpy.ndarray, shape (n_best, 3, 3)
            Matrices that take vectors from the crystal's frame to (kx, ky, kz).
        """
        images = np.stack([self._polar_image(pattern) for pattern in patterns])
        signal = PolarDiffraction2D(images)
        azimuth, radius = signal.axes_manager.signal_axes
        azimuth.scale, azimuth.offset = 2 * np.pi / _SHAPE[0], -np.pi
        radius.scale = self.reach / _SHAPE[1]
        with _in_silence():
            matches = signal.get_orientation(
                self.simulation, n_best=min(n_best, len(self)), frac_keep=1.0
            )
        return [self._matrices(match) for match in matches.data]

    def _polar_image(self, pattern: SpotPattern) -> np.ndarray:
        """Return the spots as blobs, (radius, azimuth)."""
        n_azimuth, n_radius = _SHAPE
        azimuth = (np.arange(n_azimuth) * 2 * np.pi / n_azimuth) - np.pi
        radius = np.arange(n_radius) * self.reach / n_radius
        image = np.zeros((n_radius, n_azimuth))
        angles = np.arctan2(pattern.places[:, 1], pattern.places[:, 0])
        widths = np.hypot(2 * pattern.errors, self.reach / n_radius)
        for r, angle, width, amplitude in zip(
            pattern.radii, angles, widths, pattern.amplitudes, strict=True
        ):
            along = (radius - r) / np.hypot(width, _SOFTNESS * r)
            turn = (azimuth - angle + np.pi) % (2 * np.pi) - np.pi
            across = turn / np.hypot(width / r, np.deg2rad(1.0))
            blob = np.exp(-(along[:, np.newaxis] ** 2 + across**2) / 2)
            image = np.maximum(image, amplitude * blob)
        return image

    def _matrices(self, match: np.ndarray) -> np.ndarray:
        """Return pyxem's rows of index, correlation, rotation and factor as matrices.

        pyxem turns a template by ``rotation`` plus half a turn, after mirroring it at
        the x axis where ``factor`` is -1. By Friedel's law the mirrored crystal shows
        what half a turn about the y axis makes of it, which is a rotation.
        """
        index, _, degrees, factor = match.T
        crystal = self.simulation.rotations.to_matrix()[index.astype(int)]
        to_lab = np.swapaxes(crystal, 1, 2)
        over = np.where(
            factor[:, None, None] < 0, np.diag([-1.0, 1.0, -1.0]), np.eye(3)
        )
        return about_beam(np.deg2rad(degrees) + np.pi) @ over @ to_lab


def _shows_any(
    phase: Phase, rotations: Rotation, beam: Beam, reach: float
) -> np.ndarray:
    """Return whether a lattice that is turned has points on the Ewald sphere."""
    vectors = vectors_within(phase, reach).data
    turned = (vectors @ matrix.T for matrix in rotations.to_matrix().swapaxes(1, 2))
    return np.array([beam.shape_factors(some).any() for some in turned])


@contextmanager
def _in_silence() -> Iterator[None]:
    """Without progress bars and advice on axes, which pyxem has in a step inside."""
    general, logger = preferences.General, logging.getLogger("hyperspy.signal")
    bar, level = general.show_progressbar, logger.level
    general.show_progressbar = False
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        general.show_progressbar = bar
        logger.setLevel(level)


def about_beam(angle: np.ndarray | float) -> np.ndarray:
    """Return matrices, shape (..., 3, 3), that turn (kx, ky, kz) about kz, in radians.

    Positive angles turn kx to ky: clockwise as seen, where ky points down.
    """
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = np.zeros((*np.shape(angle), 3, 3))
    matrix[..., 0, 0] = matrix[..., 1, 1] = cosine
    matrix[..., 1, 0], matrix[..., 0, 1] = sine, -sine
    matrix[..., 2, 2] = 1
    return matrix
