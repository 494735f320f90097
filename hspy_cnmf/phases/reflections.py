"""Reflections of a phase, and which of them a crystal that is turned shows."""

from dataclasses import dataclass

import numpy as np
from diffsims.crystallography import ReciprocalLatticeVector
from diffsims.utils.sim_utils import (
    get_electron_wavelength,
    get_kinematical_intensities,
)
from orix.crystal_map import Phase

#: Reflections weaker than this part of the strongest are taken to be extinct.
_EXTINCT = 1e-4


@dataclass(frozen=True, eq=False)
class Reflections:
    """Reflections of a crystal in its own frame.

    Attributes
    ----------
    hkl : numpy.ndarray of int, shape (n, 3)
        Miller indices.
    vectors : numpy.ndarray, shape (n, 3)
        Reciprocal vectors in orix's crystal frame, in 1/Å.
    intensities : numpy.ndarray, shape (n,)
        Kinematic intensities without the shape factor, 1 at most.
    """

    hkl: np.ndarray
    vectors: np.ndarray
    intensities: np.ndarray

    @classmethod
    def of(cls, phase: Phase, reach: float) -> "Reflections":
        """Return a phase's reflections up to a distance in 1/Å from the origin."""
        all_vectors = vectors_within(phase, reach)
        intensities = get_kinematical_intensities(
            phase.structure, all_vectors.hkl, all_vectors.gspacing
        )
        kept = intensities > _EXTINCT * intensities.max(initial=0)
        return cls(
            hkl=np.rint(all_vectors.hkl[kept]).astype(int),
            vectors=all_vectors.data[kept],
            intensities=intensities[kept] / intensities.max(initial=1e-300),
        )

    @property
    def lengths(self) -> np.ndarray:
        """Distances from the origin in 1/Å, shape (n,)."""
        return np.linalg.norm(self.vectors, axis=1)


def vectors_within(phase: Phase, reach: float) -> ReciprocalLatticeVector:
    """Return a phase's reciprocal lattice up to a distance in 1/Å from the origin.

    Raises
    ------
    ValueError
        If nothing of it is that near.
    """
    try:
        vectors = ReciprocalLatticeVector.from_min_dspacing(
            phase, 1 / sure_radius(phase, reach)
        )
    except ValueError:  # of diffsims, about indices
        raise no_reflections(phase, reach) from None
    return vectors[vectors.gspacing <= reach]


def sure_radius(phase: Phase, reach: float) -> float:
    """Return the radius in 1/Å within which diffsims has all that is within another.

    diffsims has indices up to those of h00, 0k0 and 00l within a radius. In oblique
    cells, as primitive ones of cubic crystals, others with higher ones are as near.
    """
    lattice = phase.structure.lattice
    lengths = lattice.abcABG()[:3]
    return reach * max(np.multiply(lengths, (lattice.ar, lattice.br, lattice.cr)))


def no_reflections(phase: Phase, reach: float) -> ValueError:
    """Return an error that says that a detector sees nothing of a phase."""
    return ValueError(
        f"Phase {phase.name!r} has no reflections that a detector up to {reach:.3g} "
        "1/Å sees: check its lattice and the calibration."
    )


@dataclass(frozen=True)
class Beam:
    """The electrons, and how near to the Ewald sphere a reflection must be.

    Attributes
    ----------
    wavelength : float
        In Å.
    max_excitation_error : float
        In 1/Å; reflections further from the sphere are not seen.
    """

    wavelength: float
    max_excitation_error: float

    @classmethod
    def of(cls, energy: float, max_excitation_error: float) -> "Beam":
        """Return the beam of an energy in kV."""
        return cls(get_electron_wavelength(energy), max_excitation_error)

    def excitation_errors(self, vectors: np.ndarray) -> np.ndarray:
        """Return how far vectors, shape (..., 3), are from the Ewald sphere, in 1/Å.

        The sphere is that of diffsims: it touches the origin from above.
        """
        radius = 1 / self.wavelength
        flat = (vectors[..., :2] ** 2).sum(axis=-1)
        return radius - np.sqrt(radius**2 - flat) - vectors[..., 2]

    def shape_factors(self, vectors: np.ndarray) -> np.ndarray:
        """Return the part of the intensity left by the excitation error, shape (...).

        diffsims' Lorentzian, 0 beyond the largest excitation error.
        """
        errors = self.excitation_errors(vectors) / self.max_excitation_error
        return np.where(abs(errors) < 1, 1 / (1 + (np.pi * errors) ** 2), 0)
