"""Synthetic diffraction patterns of spots and rings, turned as one likes."""

from functools import cache

import numpy as np
from pyxem.signals import ElectronDiffraction2D, PolarDiffraction2D

from hspy_cnmf import cluster_diffraction
from hspy_cnmf.patterns.geometry import CartesianGeometry
from tests.conftest import QUICK

SHAPE = (49, 47)

#: Row and column: neither in the middle of the patterns nor of a pixel.
CENTER = (23.7, 22.4)

#: Spots (radius, azimuth in degrees, height) of crystals without any symmetry.
CRYSTALS = (
    ((9.0, 0.0, 1.0), (9.0, 180.0, 0.8), (14.0, 70.0, 0.6), (17.0, 205.0, 0.5)),
    ((12.0, 0.0, 1.0), (12.0, 100.0, 0.7), (19.0, 40.0, 0.5), (7.5, 250.0, 0.6)),
    ((15.5, 0.0, 1.0), (10.5, 60.0, 0.9), (10.5, 130.0, 0.5), (20.0, 290.0, 0.5)),
)

#: Crystal (None: glass) and rotation of each component of `make_crystals`.
KINDS = (None, 0, 1, 0, 1)
ROTATIONS = (0.0, 20.0, -40.0, 131.3, 95.6)

#: Where each crystal is in that scan, row and column.
PLACES = ((4, 4), (4, 13), (12, 5), (12, 14))


def crystal(
    kind=0, rotation=0.0, mirrored=False, *, center=CENTER, affine=None, width=1.2
):
    """Return the spots of a crystal, mirrored first, then turned counter-clockwise.

    `affine` takes undistorted (row, column) offsets, as row vectors, to those on the
    detector.
    """
    offsets = np.stack(np.indices(SHAPE), axis=-1) - np.asarray(center)
    if affine is not None:
        offsets = offsets @ np.linalg.inv(affine)
    pattern = np.zeros(SHAPE)
    for radius, azimuth, height in CRYSTALS[kind]:
        angle = np.deg2rad(rotation + (-azimuth if mirrored else azimuth))
        place = radius * np.array([-np.sin(angle), np.cos(angle)])
        distance = ((offsets - place) ** 2).sum(axis=-1)
        pattern += height * np.exp(-distance / (2 * width**2))
    return pattern


def radii(center=CENTER):
    """Return the distance of each pixel from the centre."""
    return np.hypot(*(np.indices(SHAPE) - np.reshape(center, (2, 1, 1))))


def rings(*at, width=1.5, center=CENTER):
    """Return a sum of rings, as of an amorphous solid."""
    return sum(np.exp(-(((radii(center) - r) / width) ** 2) / 2) for r in at)


def wedge(azimuth, half_angle=12.0):
    """Return the shadow of a beam stop, True where it is, from the centre outwards."""
    rows, columns = np.indices(SHAPE) - np.reshape(CENTER, (2, 1, 1))
    away = (np.rad2deg(np.arctan2(-rows, columns)) - azimuth + 180) % 360 - 180
    return abs(away) < half_angle


def masked(pattern, mask):
    """Return a pattern with NaN where a mask is True."""
    return np.where(mask, np.nan, pattern)


def stack(patterns, center=CENTER, scale=0.1):
    """Return patterns as a calibrated signal, (component | kx, ky)."""
    signal = ElectronDiffraction2D(np.stack(patterns))
    calibrate(signal, center, scale)
    return signal


def calibrate(signal, center=CENTER, scale=0.1):
    """Set where the centre of patterns is, in pixels, and how wide a pixel is."""
    for axis, middle in zip(signal.axes_manager.signal_axes, center[::-1], strict=True):
        axis.scale, axis.offset, axis.units = scale, -scale * middle, "1/nm"


def clustered(patterns, center=CENTER, **arguments):
    """Cluster patterns that `stack` calibrates, without a word."""
    arguments = {"print_info": False} | arguments
    return cluster_diffraction(stack(patterns, center), **arguments)


def make_crystals(dose=2e4, lazy=False, polar=False, seed=0):
    """Return a scan of four crystals, two of a kind, in glass."""
    rows, columns = np.indices((17, 19))
    maps = [np.ones(rows.shape)]
    for row, column in PLACES:
        distance = (rows - row) ** 2 + (columns - column) ** 2
        maps.append(np.exp(-distance / (2 * 1.5**2)))
    patterns = [rings(11, width=3) + 0.05]
    patterns += map(crystal, KINDS[1:], ROTATIONS[1:])
    if polar:
        geometry = CartesianGeometry(SHAPE, CENTER)
        patterns = geometry.polar(patterns, 120, (0, 21)).values
    patterns = [pattern / pattern.sum() for pattern in patterns]
    expected = dose * np.tensordot(maps, patterns, axes=(0, 0))
    counts = np.random.default_rng(seed).poisson(expected).astype(float)
    scan = (PolarDiffraction2D if polar else ElectronDiffraction2D)(counts)
    scan.metadata.General.title = "Crystals"
    if not polar:
        calibrate(scan)
    for axis, name in zip(scan.axes_manager.navigation_axes, "xy", strict=True):
        axis.name, axis.scale, axis.offset, axis.units = name, 2.0, 3.0, "nm"
    return scan.as_lazy() if lazy else scan


@cache
def _decomposed():
    scan = make_crystals()
    scan.decomposition(**QUICK | {"output_dimension": 5})
    return scan


@cache
def clusters_of_crystals():
    """Return what is found in `make_crystals` by default."""
    return decomposed_crystals().cluster_diffraction(print_info=False)


def decomposed_crystals():
    """Return a copy of `make_crystals`, decomposed."""
    return _decomposed().deepcopy()


def true_components(signal):
    """Return which component of `make_crystals` each one that was found is."""
    maps = signal.get_decomposition_loadings().data
    maps = maps / maps.max(axis=(1, 2), keepdims=True)
    # Each crystal is brightest at its place, and only there; the glass is what is left.
    at_places = np.array([[m[place] for place in PLACES] for m in maps])
    is_crystal = (at_places.max(axis=1) == 1) & (np.median(maps, axis=(1, 2)) < 0.5)
    return np.where(is_crystal, 1 + at_places.argmax(axis=1), 0)


def angle_between(one, other):
    """Return how far angles in degrees are from one another, either way round."""
    return abs((np.asarray(one) - np.asarray(other) + 180) % 360 - 180)


def partition(labels):
    """Return groups as sets of their members, whatever their numbers."""
    labels = np.asarray(labels)
    return {frozenset(np.flatnonzero(labels == k).tolist()) for k in set(labels)}


#: Names of the signals in `hspy_cnmf.DiffractionClusters`, by what they are of.
MATRICES = ("similarity", "rotation", "mirrored", "map_similarity")
LISTS = ("labels", "member_rotation", "member_mirrored")
STACKS = ("factors", "loadings", "aligned_loadings")


def assert_same_clusters(one, other, rtol=0.0):
    """Compare classes, values, axes and titles of all signals, and the parameters."""
    for name in (*MATRICES, *LISTS, *STACKS, "dendrogram"):
        first, second = getattr(one, name), getattr(other, name)
        assert type(first) is type(second), name
        assert first.data.dtype == second.data.dtype, name
        np.testing.assert_allclose(
            first.data, second.data, rtol=rtol, atol=rtol, err_msg=name
        )
        axes = [s.axes_manager.as_dictionary() for s in (first, second)]
        assert axes[0] == axes[1], name
        assert first.metadata.General.title == second.metadata.General.title
    assert one.parameters == other.parameters
