"""Clusters of a few crystals with small maps, for the tests of their figure."""

import numpy as np
from hyperspy.signals import BaseSignal, Signal1D, Signal2D
from pyxem.signals import ElectronDiffraction2D, PolarDiffraction2D

from hspy_cnmf import cluster_diffraction

#: Radius in pixels and azimuth in degrees of the spots of three crystals.
CRYSTALS = (((7, 0), (7, 180)), ((9, 0), (9, 90)), ((11, 0), (6, 120)))

SHAPE = (33, 33)
MAP_SHAPE = (20, 26)


def factors(n):
    """Return patterns of crystals in turn, each turned; the corners are masked."""
    rows, columns = np.indices(SHAPE) - 16
    patterns = []
    for k in range(n):
        pattern = np.exp(-(((np.hypot(rows, columns) - 8) / 3) ** 2)) + 0.05
        for radius, azimuth in CRYSTALS[k % 3]:
            angle = np.deg2rad(azimuth + 37 * (k // 3))
            spot = -radius * np.sin(angle), radius * np.cos(angle)
            distance = (rows - spot[0]) ** 2 + (columns - spot[1]) ** 2
            pattern += 5 * np.exp(-distance / 2)
        pattern[np.hypot(rows, columns) > 16] = np.nan
        patterns.append(pattern / np.nansum(pattern))
    signal = ElectronDiffraction2D(np.stack(patterns))
    signal.metadata.General.title = "Factors of glass"
    for axis in signal.axes_manager.signal_axes:
        axis.scale, axis.offset, axis.units = 0.5, -8, "1/nm"
    return signal


def maps(n):
    """Return maps with a particle each, but none for the first crystal."""
    rows, columns = np.indices(MAP_SHAPE)
    values = np.ones((n, *MAP_SHAPE))
    for k in range(n):
        if k % 3:
            distance = (rows - 7 - k % 4) ** 2 + (columns - 8 - k % 5) ** 2
            values[k] = 0.02 + (5 + k) * (distance < 12)
    values += 0.01 * np.random.default_rng(0).random(values.shape)
    signal = Signal2D(values)
    for axis in signal.axes_manager.signal_axes:
        axis.scale, axis.units = 1.5, "nm"
    return signal


def cluster(patterns, loadings=None, n_clusters=3):
    return cluster_diffraction(
        patterns, loadings, n_clusters, print_info=False, show_progressbar=False
    )


def line_scan():
    lines = Signal1D(maps(8).data[:, 8])
    lines.axes_manager.signal_axes[0].units = "nm"
    return cluster(factors(8), lines)


def polar(n=6):
    rng = np.random.default_rng(0)
    first = rng.random((20, 72)) ** 6
    patterns = [np.roll(first, 7 * k, axis=1) + 0.1 for k in range(n)]
    signal = PolarDiffraction2D(np.stack(patterns))
    azimuth, radius = signal.axes_manager.signal_axes
    azimuth.scale, azimuth.units = np.deg2rad(5), "rad"
    radius.scale, radius.units = 0.1, "1/nm"
    return cluster(signal, maps(n), 2)


def series():
    """Maps of two outer dimensions."""
    values = np.stack([maps(8).data, 3 * maps(8).data], axis=1)
    axes = [{"size": size, "navigate": k == 0} for k, size in enumerate(values.shape)]
    axes[1]["name"] = "time"
    return cluster(factors(8), BaseSignal(values, axes=axes))


CASES = {
    "all": lambda: cluster(factors(8), maps(8)),
    "no maps": lambda: cluster(factors(8)),
    "one group": lambda: cluster(factors(8), maps(8), 1),
    "ten groups": lambda: cluster(factors(10), maps(10), 10),
    "line scan": line_scan,
    "polar": polar,
    "series": series,
    "many": lambda: cluster(factors(40), maps(40)),
    "two": lambda: cluster(factors(2), maps(2), 2),
}
