"""The scans that maps of domains are judged by: families with truth, and doses."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pyxem.data import fe_multi_phase_grains, si_grains
from pyxem.data.dummy_data import CrystalSTEMSimulation
from pyxem.data.simulated_fe import fe_fcc_phase
from pyxem.signals import ElectronDiffraction2D

from benchmarks.phases_pyxem import seed_generators
from hspy_cnmf import data, structure_mask

#: Part of the electrons that scatter diffusely in pyxem's simulations, which have none.
_DIFFUSE = 0.2

#: A scan that only shows that things run.
SMALL = {"shape": (20, 20), "detector_shape": (32, 32)}


@dataclass(frozen=True, eq=False)
class Case:
    """A scan and its truth.

    Parameters
    ----------
    signal : ElectronDiffraction2D
    labels : numpy.ndarray of int, shape (y, x)
    boundary : numpy.ndarray of bool, shape (y, x)
        Positions that no domain stands for.
    mask : BaseSignal or None
        Pixels that are left out.
    """

    signal: ElectronDiffraction2D
    labels: np.ndarray
    boundary: np.ndarray
    mask: object = None

    @property
    def n_domains(self) -> int:
        """Number of domains that are there."""
        return len(np.unique(self.labels[~self.boundary]))


def _simulated(make: Callable, has_mask: bool = False, **options: object) -> Callable:
    def case(dose: float, seed: int, **size: object) -> Case:
        signal, truth = make(
            dose=dose, random_state=seed, return_truth=True, **(options | size)
        )
        mask = structure_mask(signal) if has_mask else None
        return Case(signal, truth.labels.data, truth.boundary.data, mask)

    return case


def _from_patterns(make: Callable) -> Callable:
    """Return a family made of pyxem's patterns without noise; equal ones are a domain.

    They draw from global random numbers.
    """

    def case(dose: float, seed: int, **size: object) -> Case:
        seed_generators(seed)
        patterns = np.asarray(make(seed).data, float)
        patterns = patterns[..., ::2, ::2] if size else patterns
        flat = patterns.reshape(-1, patterns.shape[-2] * patterns.shape[-1])
        _, labels = np.unique(flat, axis=0, return_inverse=True)
        labels = labels.reshape(patterns.shape[:2])
        return Case(
            _counted(patterns, dose, seed), labels, np.zeros(labels.shape, bool)
        )

    return case


def _counted(patterns: np.ndarray, dose: float, seed: int) -> ElectronDiffraction2D:
    """Return counts at a dose, with a flat diffuse background."""
    totals = patterns.sum(axis=(2, 3), keepdims=True)
    shares = patterns / np.where(totals > 0, totals, 1)
    flat = np.where(totals > 0, _DIFFUSE, 1) / np.prod(patterns.shape[2:])
    expected = dose * ((1 - _DIFFUSE) * shares + flat)
    counts = np.random.default_rng(seed).poisson(expected).astype(np.uint16)
    return ElectronDiffraction2D(counts)


def _overlap(dose: float, seed: int, **size: object) -> Case:
    """Return round nanocrystals of pyxem that overlap, on an empty support."""
    seed_generators(seed)
    made = CrystalSTEMSimulation(
        fe_fcc_phase(),
        real_space_pixels=32,
        num_crystals=4,
        crystal_size=5,
        recip_space_pixels=32 if size else 64,
    )
    covers = np.zeros((4, 32, 32), bool)
    for cover, places in zip(covers, made.real_space_vectors, strict=True):
        cover[tuple(np.asarray(places).T)] = True
    patterns = made.make_4d_stem(num_electrons=1e4, noise_level=0, radius=2)
    labels = np.where(covers.any(axis=0), 1 + covers.argmax(axis=0), 0)
    return Case(_counted(patterns, dose, seed), labels, covers.sum(axis=0) > 1)


#: Families by name, with the doses that they are judged at.
FAMILIES = {
    "layered domains": (
        _simulated(data.layered_domains, True, shape=(48, 48)),
        (500, 2000),
    ),
    "turned grains": (_simulated(data.turned_grains), (100, 300, 10000)),
    "oriented grains": (_simulated(data.oriented_grains), (300, 1000, 10000)),
    "twinned crystal": (_simulated(data.twinned_crystal), (100, 1000, 10000)),
    "precipitates": (_simulated(data.precipitates_in_crystal), (300, 1000, 10000)),
    "crystallised film": (_simulated(data.crystallised_film), (100, 1000, 10000)),
    "pyxem si_grains": (
        _from_patterns(lambda seed: si_grains(5, seed, 24, 64)),
        (100, 1000),
    ),
    "pyxem fe_multi_phase_grains": (
        _from_patterns(lambda seed: fe_multi_phase_grains(3, seed, 24, 64)),
        (100, 1000),
    ),
    "pyxem overlap": (_overlap, (100, 1000)),
}
