"""pyxem's simulated scans of iron, with the truth that they are made from.

pyxem returns patterns alone: what it draws at random is drawn again, from one seed.
"""

import random
from types import SimpleNamespace

import numpy as np
import pyxem.data
from hyperspy.signals import Signal2D
from orix.quaternion import Rotation
from pyxem.data.dummy_data import CrystalSTEMSimulation
from pyxem.signals import ElectronDiffraction2D
from skimage.segmentation import expand_labels

from hspy_cnmf.data import crystal_phase

#: Of the generators of diffsims that pyxem uses, in kV.
ENERGY = 200.0

#: Scan of `simulated_overlap`, its crystals and their discs in pixels, and the largest
#: scattering vector in 1/Å.
OVERLAP = {"real_space_pixels": 80, "num_crystals": 8, "recip_space_pixels": 64}
RADIUS = 2
K_RANGE = 1.0

#: Arguments of `fe_multi_phase_grains`, and its pixel in 1/Å.
GRAINS = {"num_grains": 2, "size": 20, "recip_pixels": 128}
PIXEL = 0.02

#: Takes (x, y) that are drawn along rows and columns to (kx, ky): a mirror in the
#: plane, which by Friedel's law is a turn about an axis in it.
ALONG_ROWS = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, -1]])


def simulated_overlap(dose, random_state, return_truth=True, scale_error=0.0):
    """Return crystals of gamma iron over each other, as `pyxem.data` makes them."""
    seed_generators(random_state)
    simulation = CrystalSTEMSimulation(
        pyxem.data.fe_fcc_phase(), k_range=K_RANGE, **OVERLAP
    )
    seed_generators(random_state)
    patterns = pyxem.data.simulated_overlap(
        k_range=K_RANGE, num_electrons=1, radius=RADIUS, **OVERLAP
    )
    # Noise of less than 0.1 lies under whole electrons.
    expected = np.floor(patterns.data)
    signal = _counted(expected, dose, random_state, 2 * K_RANGE / 64, scale_error, 32.0)
    maps = np.zeros((OVERLAP["num_crystals"], *signal.data.shape[:2]))
    for one, places in zip(maps, simulation.real_space_vectors, strict=True):
        one[tuple(np.transpose(places))] = 1
    turns = simulation.simulation.rotations[simulation.random_rotations].to_matrix()
    matrices = [
        ALONG_ROWS @ _in_plane(angle) @ turn.T
        for turn, angle in zip(turns, simulation.random_inplane, strict=True)
    ]
    ids = np.zeros(len(maps), int)
    return signal, _truth(["gamma-Fe"], ids, matrices, maps)


def fe_multi_phase_grains(dose, random_state, return_truth=True, scale_error=0.0):
    """Return grains of alpha and gamma iron, as `pyxem.data` makes them."""
    n, size = GRAINS["num_grains"], GRAINS["size"]
    seed_generators(random_state)
    turns = [Rotation.random(n) for _ in range(2)]
    seed_generators(random_state)
    patterns = pyxem.data.fe_multi_phase_grains(seed=random_state, **GRAINS)
    # Spots, though not the beam, are rounded down to whole pixels: half a pixel off.
    signal = _counted(patterns.data, dose, random_state, PIXEL, scale_error, 63.5)
    rng = np.random.default_rng(random_state)
    places = rng.integers(0, size, size=2 * n), rng.integers(0, size, size=2 * n)
    seeds = np.zeros((size, size))
    seeds[places] = np.arange(1, 2 * n + 1)
    grains = expand_labels(seeds, distance=size)
    maps = np.stack([grains == k + 1 for k in range(2 * n)]).astype(float)
    matrices = np.swapaxes(np.concatenate([t.to_matrix() for t in turns]), 1, 2)
    ids = np.repeat([0, 1], n)
    return signal, _truth(["alpha-Fe", "gamma-Fe"], ids, matrices, maps)


def seed_generators(random_state):
    """Seed both of the generators that pyxem draws from."""
    np.random.seed(random_state)  # noqa: NPY002, what orix and pyxem draw from
    random.seed(random_state)


def _in_plane(angle):
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


def _counted(expected, dose, random_state, pixel, scale_error, center):
    """Return patterns with `dose` electrons where there is most, calibrated."""
    expected = expected * (dose / expected.sum(axis=(2, 3)).max())
    counts = np.random.default_rng(random_state).poisson(expected)
    signal = ElectronDiffraction2D(counts.astype(float))
    pixel = 10 * pixel / (1 + scale_error)
    for axis in signal.axes_manager.signal_axes:
        axis.scale, axis.offset, axis.units = pixel, -pixel * center, "nm^-1"
    for axis in signal.axes_manager.navigation_axes:
        axis.scale, axis.units = 1.0, "nm"
    signal.calibration.beam_energy = ENERGY
    return signal


def _truth(names, phase_ids, matrices, maps):
    """Return what is there, as hspy_cnmf's own data sets have it."""
    return SimpleNamespace(
        phases=[crystal_phase(name) for name in names],
        phase_ids=phase_ids,
        matrices=np.array(matrices),
        loadings=Signal2D(maps),
    )
