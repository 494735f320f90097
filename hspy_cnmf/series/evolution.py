"""How what several scans show evolves: a table, signals, and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from hyperspy.signals import Signal1D

from hspy_cnmf._hyperspy import nodes, store
from hspy_cnmf._hyperspy.bridge import shapes
from hspy_cnmf._hyperspy.results import StoredResult
from hspy_cnmf._hyperspy.scales import common_scale
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf._hyperspy.wrap import counting_axis, wrap
from hspy_cnmf.arguments import real_number
from hspy_cnmf.maps.particles import find_particles
from hspy_cnmf.series import amounts
from hspy_cnmf.series.scans import check_scans, scan_names
from hspy_cnmf.tables import Table

if TYPE_CHECKING:
    from hspy_cnmf.figures.figure import AnyFigure

#: A component is in a scan, whole particles or not, if it has this part of the largest
#: share that it has in any; particles as much lower than the highest are noise.
_THERE = 0.1

#: What is measured, in words.
QUANTITIES = {
    "share_of_counts": "Share of counts",
    "number_density": "Number density",
    "diameter": "Mean diameter",
}


@dataclass(frozen=True, eq=False, repr=False)
class Evolution(StoredResult):
    """Amounts of shared components in each scan of a series.

    Parameters
    ----------
    table : Table
        A row for each scan, component and quantity: ``scan``, its name; ``number``, its
        place in the series; ``component``; ``quantity``, one of "share_of_counts",
        "number_density" (of particles per area) and "diameter" (their mean);
        ``value`` and its ``uncertainty``; ``n_particles`` that it is from; ``unit``.
    parameters : dict
        Names of the scans, number of components, the blur, and ``notes``: sentences on
        what could not be measured, and why.
    """

    node = nodes.EVOLUTION
    noun = "evolution"
    command = "hspy_cnmf.measure_evolution([s, ...])"
    entries: ClassVar[dict] = {"scans": list, "n_components": int}
    table: Table
    parameters: dict

    @property
    def scans(self) -> list[str]:
        """Names of the scans, in order."""
        return list(self.parameters["scans"])

    def check(self) -> None:
        """Raise a ValueError unless the table has all rows."""
        n_rows = len(self.scans) * self.parameters["n_components"] * len(QUANTITIES)
        if len(self.table) != n_rows or "quantity" not in self.table.names:
            raise ValueError(f"the table has {len(self.table)} rows, not {n_rows}.")

    def rows(self, quantity: str) -> Table:
        """Return the rows of the table of one quantity."""
        if quantity not in QUANTITIES:
            known = ", ".join(map(repr, QUANTITIES))
            raise ValueError(f"quantity must be one of {known}, not {quantity!r}.")
        return self.table.rows(self.table["quantity"] == quantity)

    def arrays(self, quantity: str) -> tuple[np.ndarray, np.ndarray]:
        """Return values and uncertainties of a quantity, shape (n_components, n_scans).

        Parameters
        ----------
        quantity : {"share_of_counts", "number_density", "diameter"}
        """
        rows = self.rows(quantity)
        shape = len(self.scans), self.parameters["n_components"]
        values, errors = (
            np.asarray(rows[name], float).reshape(shape).T
            for name in ("value", "uncertainty")
        )
        return values, errors

    def unit(self, quantity: str) -> str:
        """Return the unit of a quantity, that of the first scan that has it."""
        return next(filter(None, map(str, self.rows(quantity)["unit"])), "")

    def to_signal(self, quantity: str) -> Signal1D:
        """Return a quantity over the series as a signal, (component | scan).

        Its variance is that of HyperSpy (``get_noise_variance``), so that models that
        are fitted to it weigh it.

        Parameters
        ----------
        quantity : {"share_of_counts", "number_density", "diameter"}
        """
        values, errors = self.arrays(quantity)
        axes = [
            counting_axis("component", len(values), navigate=True),
            counting_axis("scan", values.shape[1]),
        ]
        title, unit = QUANTITIES[quantity], self.unit(quantity)
        signal: Any = wrap(values, title, axes, units=unit)
        signal.set_noise_variance(wrap(np.square(errors), f"Variance of {title}", axes))
        return signal

    def summary(self) -> str:
        """Return in words how each component evolves."""
        shares, _ = self.arrays("share_of_counts")
        densities, errors = self.arrays("number_density")
        unit = self.unit("number_density")
        lines = [f"{len(self.scans)} scans: {', '.join(self.scans)}"]
        for k, (share, density) in enumerate(zip(shares, densities, strict=True)):
            line = f"component {k}: {_range(share)} of the counts"
            if np.nansum(density):
                line += f", {_range(density)} particles per area ({unit})"
                # Particles that an edge cuts are there, though not counted.
                is_there = (density > 0) | (share >= _THERE * np.nanmax(share))
                seen = np.flatnonzero(is_there)
                if len(seen) == 1 and len(self.scans) > 1:
                    line += f", in {self.scans[seen[0]]} only"
                else:
                    line += _trend(density, errors[k])
            lines.append(line)
        lines += self.parameters.get("notes", [])
        return "\n".join(lines)

    def shown_table(self) -> Table:
        """Return the shares of the counts, a row for each component."""
        shares, _ = self.arrays("share_of_counts")
        columns = dict(zip(self.scans, shares.T, strict=True))
        return Table.from_columns(**{"share of": np.arange(len(shares))} | columns)

    def plot(self, figure: AnyFigure | None = None) -> AnyFigure:
        """Plot all quantities over the series, a line for each component.

        Parameters
        ----------
        figure : matplotlib.figure.Figure or SubFigure, optional
            Where to draw; default a new figure.
        """
        from hspy_cnmf.figures.evolution import plot_evolution

        return plot_evolution(self, figure)


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
    """
    signals = check_scans(signals)
    names = scan_names(signals, names)
    blur = real_number("blur", blur)
    factors = _shared_factors(signals)
    maps = [_maps(signal) for signal in signals]
    found = [
        _found(signal, own, blur) for signal, own in zip(signals, maps, strict=True)
    ]
    standing = amounts.stand_out([own.particles for own in found], _THERE)
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
            f"No densities and diameters of {name}: {scan.reason}"
            for name, scan in zip(names, found, strict=True)
            if scan.reason
        ],
        "hspy_cnmf": version("hspy-cnmf"),
    }
    evolution = Evolution(table, parameters)
    for signal in signals:
        evolution.keep_in(signal)
    return evolution


def get_evolution(signal: BaseSignal) -> Evolution:
    """Return the evolution that a scan of a series keeps, also after save and load.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    return Evolution.read_from(signal)


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


def _range(values: np.ndarray) -> str:
    low, high = np.nanmin(values), np.nanmax(values)
    return f"{low:.3g} to {high:.3g}"


def _trend(values: np.ndarray, errors: np.ndarray) -> str:
    """Return whether the last value differs from the first beyond twice its error."""
    change, error = values[-1] - values[0], np.hypot(errors[0], errors[-1])
    if not abs(change) > 2 * error:
        return ""
    return ", more in the end" if change > 0 else ", fewer in the end"
