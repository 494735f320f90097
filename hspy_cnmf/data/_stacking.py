"""Stacking variants of layered sodium oxides NaMO2, and what they scatter.

Every layer is a slab of edge-sharing octahedra: oxygen below and above the metal, on
two of the three sites A, B and C of a close-packed plane, the metal on the third.
Variants differ in how slabs follow each other (Delmas notation: O or P for octahedral
or prismatic sodium, then the number of slabs of the repeat).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SPACING = 0.55
"""Distance of neighbouring slabs in nm."""

ROW = 2 / (np.sqrt(3) * 0.29)
"""Distance of reciprocal lattice rows along c* in 1/nm; in the plane a is 0.29 nm."""

OXYGEN_HEIGHT = 0.1
"""Distance of the oxygen planes of a slab from its metal plane in nm."""

SODIUM = 0.8
"""Occupation of the sodium sites between two slabs."""

SCATTERING = {"O": (2.0, 5.0), "M": (6.0, 4.2), "Na": (3.5, 3.5)}
"""Scattering amplitude of an atom, relative, and the scattering vector (1/nm) over
which it falls as a Gaussian; about those of Doyle and Turner (1968)."""

VARIANTS = {
    "O3": ("AB", "CA", "BC"),
    "P2": ("AB", "BA"),
    "P3": ("AB", "BC", "CA"),
    "O3 twin": ("BA", "CB", "AC"),
    "O1": ("AB",),
}
"""Oxygen sites below and above the metal in the slabs of one repeat."""

_SITES = "ABC"


@dataclass(frozen=True, eq=False)
class Spots:
    """Bragg spots, or samples of a streak.

    `vectors`, shape (spots, 2), are scattering vectors (kx, ky) in 1/nm, c* to the
    right; `intensities`, shape (spots,), those of kinematic scattering, with unit sum.
    """

    vectors: np.ndarray
    intensities: np.ndarray


def variant_spots(name: str, cutoff: float) -> Spots:
    """Return the spots of a perfect stacking variant, without the direct beam.

    Parameters
    ----------
    name : str
        One of `VARIANTS`.
    cutoff : float
        Longest scattering vector, in 1/nm.

    Returns
    -------
    Spots
    """
    return _spots(np.array([VARIANTS[name]]), cutoff)


def faulted_spots(
    cutoff: float,
    generator: np.random.Generator,
    n_slabs: int = 24,
    n_sequences: int = 24,
    n_summed: int = 4,
) -> Spots:
    """Return what slabs in random order scatter: rows with streaks.

    Parameters
    ----------
    cutoff : float
        Longest scattering vector, in 1/nm.
    generator : numpy.random.Generator
        Draws the order of the slabs.
    n_slabs, n_sequences : int
        Slabs of one sequence, and sequences whose intensities are averaged.
    n_summed : int
        Neighbouring samples of a streak that are summed into one.

    Returns
    -------
    Spots
    """
    pairs = [lower + upper for lower in _SITES for upper in _SITES if lower != upper]
    sequences = generator.choice(pairs, size=(n_sequences, n_slabs))
    return _spots(sequences, cutoff, n_summed)


def _spots(sequences: np.ndarray, cutoff: float, n_summed: int = 1) -> Spots:
    """Return the spots of slabs in these orders, repeated, of unit sum."""
    step = n_summed / (len(sequences[0]) * SPACING)
    orders = np.arange(-int(cutoff / step), int(cutoff / step) + 1)
    samples = np.arange(n_summed) - n_summed // 2
    along = (orders[:, np.newaxis] + samples / n_summed) * step
    places, sums = [], []
    n_rows = int(cutoff / ROW)
    for row in range(-n_rows, n_rows + 1):
        amplitudes = [_amplitude(slabs, row, along) for slabs in sequences]
        sums.append(np.mean(np.abs(amplitudes) ** 2, axis=0).sum(axis=1))
        # Rows are counted upwards, ky downwards.
        places.append(np.stack([orders * step, np.full(len(orders), -row * ROW)], 1))
    vectors, intensities = np.concatenate(places), np.concatenate(sums)
    radii = np.hypot(*vectors.T)
    kept = (radii > 0) & (radii <= cutoff) & (intensities > 1e-4 * intensities.max())
    return Spots(vectors[kept], intensities[kept] / intensities[kept].sum())


def _amplitude(slabs: np.ndarray, row: int, along: np.ndarray) -> np.ndarray:
    """Return the structure factor per slab, repeated periodically, along one row."""
    radii = np.hypot(along, row * ROW)
    factors = {
        atom: amplitude * np.exp(-((radii / width) ** 2) / 2)
        for atom, (amplitude, width) in SCATTERING.items()
    }

    def phase(site: str, height: float) -> np.ndarray:
        """Return the phase factors of a layer along the rods."""
        # A shift from A to B, or B to C, by a third of the rows' phase.
        return np.exp(2j * np.pi * (row * _SITES.index(site) / 3 + along * height))

    total = np.zeros(along.shape, complex)
    for index, (lower, upper) in enumerate(slabs):
        height = index * SPACING
        (metal,) = set(_SITES) - {lower, upper}
        total += factors["O"] * phase(lower, height - OXYGEN_HEIGHT)
        total += factors["O"] * phase(upper, height + OXYGEN_HEIGHT)
        total += factors["M"] * phase(metal, height)
        # Sodium is above one or two sites that oxygen leaves free on both sides.
        above = slabs[(index + 1) % len(slabs)][0]
        free = sorted(set(_SITES) - {upper, above})
        for site in free:
            occupied = SODIUM / len(free)
            total += occupied * factors["Na"] * phase(site, height + SPACING / 2)
    return total / len(slabs)
