"""Measurement of how what several scans show evolves."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from hspy_cnmf._hyperspy import bridge, store
from hspy_cnmf._hyperspy.bridge import shapes
from hspy_cnmf._hyperspy.calibration import calibrated_center
from hspy_cnmf._hyperspy.scales import common_scale
from hspy_cnmf._hyperspy.types import BaseSignal, Diffraction2D
from hspy_cnmf.arguments import real_number
from hspy_cnmf.maps.particles import find_particles
from hspy_cnmf.patterns.center import estimate_center
from hspy_cnmf.series import amounts
from hspy_cnmf.series.camera_length import scaled_pairs
from hspy_cnmf.series.evolution import QUANTITIES, THERE, Evolution
from hspy_cnmf.series.scans import check_scans, scan_names
from hspy_cnmf.tables import Table


def measure_evolution(
    signals: Sequence[BaseSignal],
    *,
    names: Sequence[str] | None = None,
    blur: float = 0,
) -> Evolution:
    """Measure how much there is of each component in scans with the same factors.

    Parameters
    ----------
    signals : sequence of hyperspy.signal.BaseSignal
        Scans after `hspy_cnmf.decompose_series`, or with maps of the same factors
        from ``apply_factors``; in order.
    names : sequence of str, optional
        What they are called. Default: their titles, where these are different.
    blur : float, default 0
        Full width at half maximum of all that blurs the maps, in the units of the scan,
        for the diameters; see `DiffractionClusters.particle_diameters`.

    Returns
    -------
    Evolution
        Kept in each of the signals, and saved with it; `hspy_cnmf.get_evolution`
        returns it. Densities and diameters are of scans of two dimensions in the same
        unit, NaN otherwise.

    Raises
    ------
    ValueError, TypeError
        If these are no scans of one detector, with the same factors.

    Notes
    -----
    See `hspy_cnmf.series.amounts`. A particle is what `find_particles` finds in the map
    of its component, if it is a tenth as high as the highest in the series, as a share
    of the mean counts of its scan: doses may differ.

    Components of diffraction patterns whose spots are alike but for a scale of 1 to 6 %
    are told in the ``notes``: the camera length may have changed between scans
    (`hspy_cnmf.series.camera_length`).
    """
    signals = check_scans(signals)
    names = scan_names(signals, names)
    blur = real_number("blur", blur)
    factors = _shared_factors(signals)
    maps = [_maps(signal) for signal in signals]
    found = [
        _found(signal, own, blur) for signal, own in zip(signals, maps, strict=True)
    ]
    standing = amounts.stand_out([own.particles for own in found], THERE)
    spreads = [
        amounts.relative_spread([own[own["component"] == k] for own in standing])
        for k in range(len(factors))
    ]
    rows: list[tuple] = []
    for i, (own, particles, scan) in enumerate(zip(maps, standing, found, strict=True)):
        rows += _rows(
            i, names[i], own, factors, particles, scan.sides, scan.unit, spreads
        )
    columns = zip(*rows, strict=True)
    heads = (
        *("scan", "number", "component", "quantity", "value", "uncertainty"),
        *("n_particles", "unit"),
    )
    table = Table.from_columns(**dict(zip(heads, map(list, columns), strict=True)))
    parameters = {
        "scans": names,
        "n_components": len(factors),
        "blur": blur,
        "notes": [
            *(
                f"No densities and diameters of {name}: {scan.reason}"
                for name, scan in zip(names, found, strict=True)
                if scan.reason
            ),
            *_notes_on_scales(signals[0], np.concatenate([*map(_rows_of, maps)], 1)),
        ],
        "hspy_cnmf": version("hspy-cnmf"),
    }
    evolution = Evolution(table, parameters)
    for signal in signals:
        evolution.keep_in(signal)
    return evolution


def _shared_factors(signals: list[BaseSignal]) -> np.ndarray:
    """Return the factors, (n, n_pixels), of which all signals have the same."""
    stacks = []
    for signal in signals:
        store.check_results_fit(signal)
        stacks.append(np.asarray(signal.learning_results.factors, float).T)
    for i, stack in enumerate(stacks):
        same = stack.shape == stacks[0].shape and np.allclose(
            stack, stacks[0], rtol=1e-4, atol=1e-6 * np.nanmax(stack), equal_nan=True
        )
        if not same:
            raise ValueError(
                f"Scan {i} has other factors than scan 0: use "
                "hspy_cnmf.decompose_series, or s.apply_factors with the same factors."
            )
    return stacks[0][:, np.isfinite(stacks[0]).all(axis=0)]


def _maps(signal: BaseSignal) -> np.ndarray:
    """Return the maps of a scan, shape (n, *scan_shape), NaN where masked."""
    loadings = np.asarray(signal.learning_results.loadings, float).T
    return loadings.reshape(len(loadings), *shapes(signal)[0])


def _rows_of(maps: np.ndarray) -> np.ndarray:
    return maps.reshape(len(maps), -1)


def _notes_on_scales(signal: BaseSignal, loadings: np.ndarray) -> list[str]:
    """Return what to think of components that are one pattern, but for its scale."""
    if not isinstance(signal, Diffraction2D):
        return []
    patterns = np.asarray(bridge.aligned_data(store.component_signals(signal)[0]))
    mean = np.tensordot(np.nanmean(loadings, axis=1), patterns, 1)
    center = calibrated_center(signal, mean.shape)
    try:
        pairs = scaled_pairs(patterns, center or estimate_center(mean))
    except ValueError:  # the mean pattern has no centre
        return []
    if not pairs:
        return []
    told = "; ".join(
        f"{pair.second} is {pair.first}, {abs(pair.scale - 1):.1%} "
        f"{'larger' if pair.scale > 1 else 'smaller'}"
        for pair in pairs
    )
    return [
        f"Components are one pattern in two sizes ({told}): where these are of "
        "different scans, the camera length may have changed. Bring the scans to one "
        "calibration, and decompose again."
    ]


class _Found(NamedTuple):
    """Particles of a scan, its sides, and the unit of both; or why there are none."""

    particles: np.ndarray
    sides: np.ndarray
    unit: str
    reason: str = ""


def _found(signal: BaseSignal, maps: np.ndarray, blur: float) -> _Found:
    """Return the particles of a scan, as high as they are over its mean counts."""
    axes = signal.axes_manager.navigation_axes[::-1]
    none = find_particles(np.zeros((0, 2, 2)), (1, 1))
    if maps.ndim != 3:
        return _Found(none, np.empty(0), "")
    try:
        scale = common_scale(axes, "scan")
    except ValueError as error:  # such as lines over time
        return _Found(none, np.empty(0), "", str(error))
    steps = np.array(scale.steps)
    dose = np.nansum(maps, axis=0)[np.isfinite(maps).all(axis=0)].mean()
    particles = find_particles(maps / (dose or 1.0), steps, blur=blur)
    return _Found(particles, steps * maps.shape[1:], scale.unit or "px")


def _rows(
    number: int,
    name: str,
    maps: np.ndarray,
    factors: np.ndarray,
    particles: np.ndarray,
    sides: np.ndarray,
    unit: str,
    spreads: list[float],
) -> list[tuple]:
    """Return the rows of a scan."""
    flat = maps.reshape(len(maps), -1)
    shares = amounts.count_shares(factors, np.nansum(flat, axis=1))
    area = np.prod(sides) * np.isfinite(flat).all(axis=0).mean()
    rows = []
    for k, (share, error) in enumerate(zip(*shares, strict=True)):
        own = particles[particles["component"] == k]
        density = diameter = amounts.Amount(np.nan, np.nan)
        if len(sides):
            density = amounts.number_density(own, sides, area)
            diameter = amounts.mean_diameter(own, sides, spreads[k])
        units = "", f"1/{unit}^2" if unit else "", unit
        measured = amounts.Amount(float(share), float(error)), density, diameter
        rows += [
            (name, number, k, what, a.value, a.uncertainty, a.n_particles, its_unit)
            for what, a, its_unit in zip(QUANTITIES, measured, units, strict=True)
        ]
    return rows
