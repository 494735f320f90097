"""How what several scans show evolves: a table, signals, and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from hyperspy.signals import Signal1D

from hspy_cnmf._hyperspy import nodes
from hspy_cnmf._hyperspy.results import StoredResult
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf._hyperspy.wrap import counting_axis, wrap
from hspy_cnmf.tables import Table

if TYPE_CHECKING:
    from hspy_cnmf.figures.figure import AnyFigure

#: A component is in a scan, whole particles or not, if it has this part of the largest
#: share that it has in any; particles as much lower than the highest are noise.
THERE = 0.1

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
            if not np.nansum(share):
                continue
            line = f"component {k}: {_range(share)} of the counts"
            if np.nansum(density):
                line += f", {_range(density)} particles per area ({unit})"
                # Particles that an edge cuts are there, though not counted.
                is_there = (density > 0) | (share >= THERE * np.nanmax(share))
                seen = np.flatnonzero(is_there)
                if len(seen) == 1 and len(self.scans) > 1:
                    line += f", in {self.scans[seen[0]]} only"
                else:
                    line += _trend(density, errors[k])
            lines.append(line)
        empty = np.flatnonzero(np.nansum(shares, axis=1) == 0)
        if len(empty):
            lines.append(f"empty: components {', '.join(map(str, empty))}")
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


def get_evolution(signal: BaseSignal) -> Evolution:
    """Return the evolution that a scan of a series keeps, also after save and load.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    return Evolution.read_from(signal)


def _range(values: np.ndarray) -> str:
    low, high = np.nanmin(values), np.nanmax(values)
    return f"{low:.3g} to {high:.3g}"


def _trend(values: np.ndarray, errors: np.ndarray) -> str:
    """Return whether the last value differs from the first beyond twice its error."""
    change, error = values[-1] - values[0], np.hypot(errors[0], errors[-1])
    if not abs(change) > 2 * error:
        return ""
    return ", more in the end" if change > 0 else ", fewer in the end"
