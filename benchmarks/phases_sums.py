"""Patterns of crystals by other kinematic sums than templates, and scans of these.

Intensities are averaged over thicknesses (sinc² of excitation errors), summed over the
cone of a precessed beam, added to by double diffraction, and may be off at random.
Structure factors and the wavelength are diffsims'; nothing of `hspy_cnmf.data` is used.
"""

from functools import cache

import numpy as np
from diffsims.utils.sim_utils import (
    get_electron_wavelength,
    get_kinematical_intensities,
)
from orix.quaternion import Rotation
from pyxem.signals import ElectronDiffraction2D
from scipy.ndimage import gaussian_filter

from benchmarks.phases_structures import SCANS, whole_phase

#: Thicknesses that are averaged over, and steps of the precession.
_WEDGE = np.array([0.8, 0.9, 1.0, 1.1, 1.2])
_STEPS = 48

#: Share of the electrons in a halo, the rings of this in 1/Å as (place, width, height),
#: and how far its background falls to 1/e, and how high it is.
_HALO = 0.3
_RINGS = ((0.27, 0.05, 1.0), (0.47, 0.08, 0.4))
_DECAY, _BACKGROUND = 0.25, 0.6

#: Degrees from kx to ky along which an ellipse of the camera is longer.
_LONGER = 33.0

#: A reflection is seen if its intensity is this part of that of the strongest, and a
#: crystal is taken if so many are.
_SEEN, _FEWEST = 0.008, 5


@cache
def reflections(name, reach):
    """Return indices, vectors in 1/Å and |F|² within a scattering vector."""
    structure = whole_phase(name).structure
    base = structure.lattice.base
    last = np.ceil(np.linalg.norm(base, axis=1) * reach).astype(int)
    ranges = [np.arange(-n, n + 1) for n in last]
    indices = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    vectors = indices @ np.linalg.inv(base).T
    lengths = np.linalg.norm(vectors, axis=1)
    kept = (lengths > 0) & (lengths <= reach)
    factors = get_kinematical_intensities(structure, indices[kept], lengths[kept])
    return indices[kept], vectors[kept], factors


def pattern(name, matrix, scan, scale_error, rng):
    """Return the pattern of a crystal, or None where it shows hardly a spot.

    `matrix` takes vectors from the crystal's frame to (kx, ky, kz).
    """
    pixel = 2 * scan.reach / scan.size * (1 + scale_error)
    edge = pixel * scan.size / 2
    indices, vectors, factors = reflections(name, edge * 1.42)
    vectors = vectors @ matrix.T
    intensities = factors * _excited(vectors, scan)
    if scan.double:
        intensities = intensities + scan.double * _twice(indices, intensities)
    inside = np.hypot(vectors[:, 0], vectors[:, 1]) < 0.98 * edge
    if (intensities[inside] > _SEEN * factors.max()).sum() < _FEWEST:
        return None
    if scan.spread:
        off = rng.standard_normal(len(intensities))
        intensities = intensities * np.exp(scan.spread * off)
    return _image(_distorted(vectors[:, :2], scan) / pixel, intensities, scan)


def _distorted(places, scan):
    """Return places as an ellipse of the camera along `_LONGER` has them."""
    part = scan.ellipse / 2 * np.exp(2j * np.deg2rad(_LONGER))
    points = places @ (1, 1j)
    points = points + part * points.conj()
    return np.stack([points.real, points.imag], axis=1)


def _excited(vectors, scan):
    """Return how much of each reflection is seen, over the cone of the beam."""
    if not scan.precession:
        return _in_thickness(vectors, scan)
    angle = np.deg2rad(scan.precession)
    total = 0.0
    for azimuth in np.linspace(0, 2 * np.pi, _STEPS, endpoint=False):
        tilt = np.array([np.cos(azimuth), np.sin(azimuth), 0]) * angle
        total = total + _in_thickness(vectors + np.cross(tilt, vectors), scan) / _STEPS
    return total


def _in_thickness(vectors, scan):
    """Return sinc² of the excitation errors times thicknesses, averaged over these."""
    radius = 1 / get_electron_wavelength(scan.energy)
    x, y, z = vectors.T
    errors = radius - np.sqrt(radius**2 - x**2 - y**2) - z
    thick = scan.thickness * _WEDGE[:, np.newaxis]
    return np.mean(np.sinc(errors * thick) ** 2 * (thick / scan.thickness) ** 2, axis=0)


def _twice(indices, intensities):
    """Return what strong reflections send into each other."""
    strong = np.flatnonzero(intensities > 0.02 * intensities.max())
    number = {tuple(hkl): k for k, hkl in enumerate(indices.tolist())}
    added = np.zeros(len(intensities))
    total = intensities[strong].sum()
    for first in strong:
        for second in strong:
            target = number.get(tuple((indices[first] + indices[second]).tolist()))
            if target is not None:
                added[target] += intensities[first] * intensities[second] / total
    return added


def _image(places, intensities, scan):
    """Return spots or discs about the middle of the detector, places in pixels."""
    rows, columns = np.indices((scan.size, scan.size)) - (scan.size - 1) / 2
    image = np.zeros(rows.shape)
    bright = intensities > 1e-4 * intensities.max()
    for (x, y), intensity in zip(places[bright], intensities[bright], strict=True):
        away = np.hypot(rows - y, columns - x)
        if scan.radius:
            image += intensity / (1 + np.exp((away - scan.radius) / 0.35))
        else:
            image += intensity * np.exp(-(away**2) / 2 / scan.width**2)
    return gaussian_filter(image, scan.width) if scan.radius else image


def _halo(scan):
    """Return an amorphous pattern of unit sum."""
    middle = (scan.size - 1) / 2
    radii = np.hypot(*(np.indices((scan.size, scan.size)) - middle))
    radii *= 2 * scan.reach / scan.size
    halo = _BACKGROUND * np.exp(-radii / _DECAY)
    for place, width, height in _RINGS:
        halo += height * np.exp(-(((radii - place) / width) ** 2) / 2)
    return halo / halo.sum()


def simulated(name, scan, seed):
    """Return patterns of one crystal each, and the (structure, matrix) of these.

    The scale is wrong by 0.3 %, either way as the seed is odd or even.
    """
    rng = np.random.default_rng([seed, list(SCANS).index(name)])
    halo = _halo(scan)
    patterns, truth = [], []
    for structure in scan.true:
        while sum(other == structure for other, _ in truth) < scan.per_structure:
            turn = rng.standard_normal(4)
            matrix = Rotation(turn / np.linalg.norm(turn)).to_matrix()[0]
            crystal = pattern(structure, matrix, scan, 0.003 * (-1) ** seed, rng)
            if crystal is None:
                continue
            truth.append((structure, matrix))
            shares = (1 - _HALO) * crystal / crystal.sum() + _HALO * halo
            patterns.append(rng.poisson(scan.counts * shares))
    return _signal(np.array(patterns, float), scan), truth


def _signal(patterns, scan):
    """Return patterns as a calibrated signal."""
    signal = ElectronDiffraction2D(patterns)
    pixel = 10 * 2 * scan.reach / scan.size
    for axis in signal.axes_manager.signal_axes:
        axis.scale, axis.offset = pixel, -pixel * (scan.size - 1) / 2
        axis.units = "nm^-1"
    signal.metadata.set_item(
        "Acquisition_instrument.TEM.beam_energy", float(scan.energy)
    )
    return signal
