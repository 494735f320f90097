"""A series of scans of an alloy that is aged: precipitates grow, dissolve, appear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf.data import _patterns
from hspy_cnmf.data._checks import (
    Chunks,
    RandomState,
    check_positive,
    check_shape,
    seed_sequence,
)
from hspy_cnmf.data._counting import Recording, child_seed
from hspy_cnmf.data._embedded_crystals import crystal
from hspy_cnmf.data._grain_patterns import Jitter, Scene
from hspy_cnmf.data._grain_scans import GrainScan, gentle_bending
from hspy_cnmf.data._precipitates import place_spheres
from hspy_cnmf.maps.particle_size import projected_sphere
from hspy_cnmf.tables import Table

#: Rows and columns of the scans.
SHAPES = ((56, 56), (64, 48), (48, 72), (60, 60), (64, 64))

#: Mean diameters (nm) of the kinds at the first and at the last scan, and how many
#: there are per 1000 nm^2; the last kind is in one scan only.
KINDS = {
    "first growing": ((5.0, 8.0), (2.4, 1.8)),
    "second growing": ((4.5, 7.0), (1.2, 2.4)),
    "dissolving": ((7.0, 4.5), (2.4, 0.8)),
    "transient": ((6.0, 6.0), (2.0, 2.0)),
}

#: Relative standard deviation of diameters.
_SPREAD = 0.08

#: Share of the electrons of the largest precipitate, 8 nm, at its centre.
_OVERLAP, _LARGEST = 0.5, 8.0

#: Full width at half maximum of the probe in nm.
PROBE = 1.5

#: Reciprocal lattices, 1/nm: two lengths, their angle and how they are turned.
_LATTICES = (
    (2.8, 2.8, 90.0, 0.0),
    (2.35, 3.4, 90.0, 12.0),
    (2.1, 3.0, 75.0, 50.0),
    (2.5, 3.6, 60.0, 100.0),
    (1.9, 2.6, 80.0, 140.0),
)


@dataclass(frozen=True, eq=False)
class SeriesTruth:
    """The components that a series of scans was made of.

    Parameters
    ----------
    factors : pyxem.signals.ElectronDiffraction2D
        Pattern of each component, (component | kx, ky), of unit sum.
    names : tuple of str
        Of the components; the first is the matrix.
    loadings : tuple of numpy.ndarray, shape (n_components, rows, columns)
        Share of the electrons of each component in each scan.
    particles : Table
        All precipitates: ``scan``, ``component``, ``x``, ``y`` and ``diameter`` in nm.
        Their centres lie in the scan; edges may cut them.
    number_densities, diameters : numpy.ndarray, shape (n_components, n_scans)
        Precipitates per nm^2, and their mean diameter in nm; NaN where there are none.
    shares_of_counts : numpy.ndarray, shape (n_components, n_scans)
    """

    factors: ElectronDiffraction2D
    names: tuple[str, ...]
    loadings: tuple[np.ndarray, ...]
    particles: Table
    number_densities: np.ndarray
    diameters: np.ndarray
    shares_of_counts: np.ndarray


def precipitation_series(
    shapes: Sequence[tuple[int, int]] = SHAPES,
    *,
    detector_shape: tuple[int, int] = (64, 64),
    transient: int = 2,
    dose: float | None = 10000.0,
    random_state: RandomState = None,
    lazy: bool | Sequence[bool] = False,
    chunks: Chunks = "auto",
    return_truth: bool = False,
) -> Any:
    """Simulate scans of an alloy after heat treatments that follow each other.

    Spherical precipitates lie in a crystal, each kind turned in one way. Two kinds
    grow, a third dissolves, and a fourth is in one scan only.

    Parameters
    ----------
    shapes : sequence of tuple of int
        Rows and columns of each scan in steps of 1 nm, at least (16, 16). Default:
        five scans of different sizes.
    detector_shape : tuple of int, default (64, 64)
        Detector rows and columns, at least (32, 32). Its nearest edge is at 8 1/nm.
    transient : int, default 2
        Number of the scan, counted from 0, that has the fourth kind.
    dose : float or None, default 10000.0
        Mean electrons per pattern. None returns the expectation of one electron.
    random_state : int, numpy.random.SeedSequence or None
        Seed of places, sizes and noise.
    lazy : bool or sequence of bool, default False
        Which scans are lazy.
    chunks : "auto", int or tuple, default "auto"
        Chunks of lazy scans.
    return_truth : bool, default False
        Return the truth, too.

    Returns
    -------
    signals : list of pyxem.signals.ElectronDiffraction2D or lazy counterparts
    truth : SeriesTruth
        Only where `return_truth` is set.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or is out of range.
    """
    sizes = [check_shape("shapes", shape, 16) for shape in shapes]
    if not sizes:
        raise ValueError("shapes is empty: give at least one scan.")
    detector_shape = check_shape("detector_shape", detector_shape, 32)
    if dose is not None:
        dose = check_positive("dose", dose)
    seed = seed_sequence(random_state)
    lazily = [lazy] * len(sizes) if isinstance(lazy, bool) else list(lazy)
    if len(lazily) != len(sizes):
        raise ValueError(f"lazy={lazy!r} must be one value, or {len(sizes)}.")
    names = ("matrix", *KINDS)
    signals, truths, maps, rows = [], [], [], []
    for i, (shape, is_lazy) in enumerate(zip(sizes, lazily, strict=True)):
        own = child_seed(seed, i)
        generator = np.random.default_rng(child_seed(own, 0))
        stage = i / max(len(sizes) - 1, 1)
        found = _particles(shape, stage, i == transient, generator)
        shares = _shares(shape, found)
        rows += [(i, *particle) for particle in found]
        maps.append(shares)
        scene = Scene(
            title=f"Alloy after treatment {i}",
            grains=_grains(names),
            shares=shares,
            domains=np.arange(len(names)),
            names=names,
            variation=Jitter(mosaic=0.05, scale=0.0, center=0.0).draw(shape, generator),
            bending=gentle_bending(shape, 0.01, generator),
        )
        scan = GrainScan(scene, detector_shape)
        recording = Recording(dose, own, is_lazy, chunks)
        signals.append(scan.record(recording))
        truths.append(scan.truth(recording))
    if not return_truth:
        return signals
    return signals, _truth(truths[0].factors, names, maps, rows, sizes)


def _grains(names: tuple[str, ...]) -> list:
    """Return the crystals, the matrix first."""
    return [
        crystal(
            name,
            _patterns.rotate_vectors(_patterns.lattice_vectors(a, b, angle, 7.5), turn),
            0.5,
            0.2 if k == 0 else 0.3,
            turn,
        )
        for k, (name, (a, b, angle, turn)) in enumerate(
            zip(names, _LATTICES, strict=True)
        )
    ]


def _particles(
    shape: tuple[int, int], stage: float, has_last: bool, generator: np.random.Generator
) -> list[tuple[int, float, float, float]]:
    """Return component, y, x and diameter of the precipitates of a scan, in nm."""
    kinds, diameters = [], []
    for k, (size, density) in enumerate(KINDS.values(), start=1):
        if k == len(KINDS) and not has_last:
            continue
        per_area = (density[0] + stage * (density[1] - density[0])) / 1000
        # Centres may lie beyond the edge: see below.
        n = generator.poisson(per_area * np.prod(np.array(shape) + _LARGEST))
        mean = size[0] + stage * (size[1] - size[0])
        spread = np.clip(generator.standard_normal(max(n, 1)), -2, 2)
        kinds += [k] * max(n, 1)
        diameters += (mean * (1 + _SPREAD * spread)).tolist()
    order = generator.permutation(len(kinds))
    sizes = np.array(diameters)[order]
    # Spheres inside of a larger area: of those that lie in the scan, some are cut.
    places = place_spheres(sizes, np.array(shape) + _LARGEST, generator)
    places -= (_LARGEST + 1) / 2
    return [
        (kinds[j], float(y), float(x), float(d))
        for j, (y, x), d in zip(order, places, sizes, strict=True)
    ]


def _shares(shape: tuple[int, int], particles: list[tuple]) -> np.ndarray:
    """Return the share of each component, (n_components, y, x), 1 in sum."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    shares = np.zeros((1 + len(KINDS), *shape))
    for kind, row, column, diameter in particles:
        thickness = projected_sphere(np.hypot(y - row, x - column), diameter, PROBE)
        shares[kind] += _OVERLAP * diameter / _LARGEST * thickness
    shares[0] = 1 - shares.sum(axis=0)
    return shares


def _truth(
    factors: ElectronDiffraction2D,
    names: tuple[str, ...],
    maps: list[np.ndarray],
    rows: list[tuple],
    sizes: list[tuple[int, int]],
) -> SeriesTruth:
    """Return the truth of what lies in the scans."""
    inside = [
        row
        for row in rows
        if all(
            -0.5 <= place <= size - 0.5
            for place, size in zip(row[2:4], sizes[row[0]], strict=True)
        )
    ]
    columns = ("scan", "component", "y", "x", "diameter")
    values = zip(*inside, strict=True)
    table = Table.from_columns(**dict(zip(columns, map(list, values), strict=True)))
    densities = np.full((len(names), len(sizes)), np.nan)
    diameters = densities.copy()
    for k in range(1, len(names)):
        for i, size in enumerate(sizes):
            own = table["diameter"][(table["component"] == k) & (table["scan"] == i)]
            densities[k, i] = len(own) / np.prod(size)
            if len(own):
                diameters[k, i] = own.mean()
    shares = np.stack([m.reshape(len(names), -1).mean(axis=1) for m in maps], axis=1)
    return SeriesTruth(factors, names, tuple(maps), table, densities, diameters, shares)
