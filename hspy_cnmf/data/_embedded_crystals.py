"""Crystals within others: precipitates, and crystals in a film."""

import numpy as np

from hspy_cnmf.data import _patterns
from hspy_cnmf.data._checks import check_count, check_shape
from hspy_cnmf.data._data_set import data_set
from hspy_cnmf.data._domain_maps import smooth_field
from hspy_cnmf.data._grain_patterns import Grain, Jitter, Scene
from hspy_cnmf.data._grain_scans import (
    GrainScan,
    gentle_bending,
    shares_of,
    voronoi,
)

#: Lengths of the reciprocal lattices of the matrix and of precipitates, in 1/nm.
_MATRIX, _PRECIPITATE = 2.8, (2.35, 3.4)

#: Radius and its spread of precipitates, in positions.
_RADIUS = 1.6, 0.3

#: Share of a precipitate at its centre.
_OVERLAP = 0.45

#: Rings of the amorphous film: radius, width (1/nm) and height.
_RINGS = ((4.1, 0.45, 1.2), (7.0, 0.7, 0.3))


@data_set(dose=1000.0, truth="DomainTruth")
def precipitates_in_crystal(
    generator: np.random.Generator,
    shape: tuple[int, int] = (32, 32),
    *,
    detector_shape: tuple[int, int] = (64, 64),
    n_precipitates: int = 14,
) -> GrainScan:
    """Simulate small precipitates of two variants in a crystal, above and below it.

    Where there is a precipitate, its pattern is added to that of the crystal, of which
    55 % or more of the electrons remain. Domains are the crystal, and each variant
    where it has more than half of its largest share; other positions that see it are
    boundaries.

    Parameters
    ----------
    shape : tuple of int, default (32, 32)
        Rows and columns of the scan, at least (16, 16), in steps of 1 nm.
    detector_shape : tuple of int, default (64, 64)
        Detector rows and columns, at least (32, 32). Its nearest edge is at 8 1/nm.
    n_precipitates : int, default 14
        Of both variants in turn, 2 or more.
    """
    shape = check_shape("shape", shape, 16)
    detector_shape = check_shape("detector_shape", detector_shape, 32)
    n_precipitates = max(2, check_count("n_precipitates", n_precipitates))
    names = ("matrix", "first variant", "second variant")
    vectors = [_patterns.lattice_vectors(_MATRIX, _MATRIX, 90.0, 7.5)]
    lattice = _patterns.lattice_vectors(*_PRECIPITATE, 90.0, 7.5)
    vectors += [_patterns.rotate_vectors(lattice, turn) for turn in (12.0, 102.0)]
    grains = [
        crystal(name, v, 0.5, 0.2) for name, v in zip(names, vectors, strict=True)
    ]
    seen = _precipitates(shape, n_precipitates, generator)
    labels = np.where(seen.max(axis=0) > 0.5, 1 + seen.argmax(axis=0), 0)
    faint = (seen.sum(axis=0) > 0.1) & (labels == 0)
    shares = np.concatenate(
        [1 - _OVERLAP * seen.sum(axis=0)[np.newaxis], _OVERLAP * seen]
    )
    scene = Scene(
        title="Precipitates in a crystal",
        grains=grains,
        shares=shares,
        domains=np.arange(3),
        names=names,
        variation=Jitter(mosaic=0.1, scale=0.003, center=0.2).draw(shape, generator),
        bending=gentle_bending(shape, 0.1, generator),
        labels=labels,
        boundary=faint,
    )
    return GrainScan(scene, detector_shape)


def _precipitates(
    shape: tuple[int, int], n_precipitates: int, generator: np.random.Generator
) -> np.ndarray:
    """Return how much of each of two variants there is, (2, y, x), 1 at most."""
    y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    radius, spread = _RADIUS
    seen = np.zeros((2, *shape))
    for k in range(n_precipitates):
        reach = np.clip(generator.normal(radius, spread), 1.0, 3.0)
        center = generator.uniform(2, np.array(shape) - 3)
        distance = np.hypot(y - center[0], x - center[1])
        seen[k % 2] = np.maximum(seen[k % 2], 1 / (1 + np.exp(3 * (distance - reach))))
    seen = np.where(seen < 0.02, 0, seen)
    return seen / np.maximum(seen.sum(axis=0), 1)


@data_set(dose=1000.0, truth="DomainTruth")
def crystallised_film(
    generator: np.random.Generator,
    shape: tuple[int, int] = (32, 32),
    *,
    detector_shape: tuple[int, int] = (64, 64),
    n_crystals: int = 3,
) -> GrainScan:
    """Simulate an amorphous film, a part of which is crystalline.

    Crystals of one structure, turned in the plane and each a domain of its own, have
    grown into the film; some of it is still amorphous within them, and its thickness
    varies.

    Parameters
    ----------
    shape : tuple of int, default (32, 32)
        Rows and columns of the scan, at least (16, 16), in steps of 1 nm.
    detector_shape : tuple of int, default (64, 64)
        Detector rows and columns, at least (32, 32). Its nearest edge is at 8 1/nm.
    n_crystals : int, default 3
        Number of crystals.
    """
    shape = check_shape("shape", shape, 16)
    detector_shape = check_shape("detector_shape", detector_shape, 32)
    n_crystals = check_count("n_crystals", n_crystals)
    names = ("amorphous", *(f"crystal {k + 1}" for k in range(n_crystals)))
    cells = voronoi(shape, n_crystals, generator)
    grown = smooth_field(shape, 0.15, generator) > -0.2
    maps = shares_of(np.where(grown, 1 + cells, 0), n_crystals + 1, probe=0.5)
    lattice = _patterns.lattice_vectors(3.3, 4.1, 80.0, 7.5)
    grains = [crystal("amorphous", np.zeros((1, 2)), 0.4, 0.0)]
    turns = 180 * (np.arange(n_crystals) + generator.uniform(0, 0.3)) / n_crystals
    grains += [
        crystal(name, _patterns.rotate_vectors(lattice, turn), 0.4, 0.12, turn)
        for name, turn in zip(names[1:], turns, strict=True)
    ]
    # What is left amorphous within the crystals, up to a half.
    left = np.clip(0.2 + 0.12 * smooth_field(shape, 0.1, generator), 0, 0.5)
    shares = np.concatenate(
        [maps[:1] + left * maps[1:].sum(axis=0), (1 - left) * maps[1:]]
    )
    scene = Scene(
        title="Crystallised film",
        grains=grains,
        shares=shares,
        domains=np.arange(n_crystals + 1),
        names=names,
        variation=Jitter(mosaic=0.5, scale=0.005, center=0.2).draw(shape, generator),
        bending=gentle_bending(shape, 0.08, generator),
        labels=maps.argmax(axis=0),
        boundary=maps.max(axis=0) < 0.9,
    )
    return GrainScan(scene, detector_shape)


def crystal(
    name: str,
    vectors: np.ndarray,
    beam: float,
    spots: float,
    orientation: float = np.nan,
) -> Grain:
    """Return a grain whose spots fade outwards, in the halo of a thin film."""
    intensities = np.exp(-np.hypot(*vectors.T) / 3)
    return Grain(
        name,
        vectors,
        intensities / intensities.sum(),
        beam,
        spots,
        rings=_RINGS,
        orientation=orientation,
    )
