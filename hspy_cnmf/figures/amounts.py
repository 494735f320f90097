"""How much of each phase there is, of one scan or of several beside each other."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from hspy_cnmf.figures.figure import PLAIN, AnyFigure, new_figure, without_tex
from hspy_cnmf.plain_text import plain_text
from hspy_cnmf.tables import Table

#: What is drawn, the first that a table has, and what it is called.
_LABELS = {"number_density": "particles per area", "area_fraction": "area fraction"}


@without_tex
def plot_amounts(table: Table, figure: AnyFigure | None = None) -> AnyFigure:
    """Plot number densities, area fractions or size distributions of phases.

    Parameters
    ----------
    table : Table
        What ``phases.number_densities()``, ``phases.area_fractions()`` or
        ``phases.size_distribution()`` returns, or `hspy_cnmf.compare_amounts` makes of
        those of several scans.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        One axes with the phases side by side, or of size distributions one for each
        phase; a colour for each scan; bars are one standard deviation.

    Raises
    ------
    TypeError
        If the table is something else.
    """
    names = table.names if isinstance(table, Table) else []
    quantity = next((name for name in _LABELS if name in names), "")
    if not quantity or "phase" not in names:
        raise TypeError(
            "table must be what number_densities(), area_fractions() or "
            f"size_distribution() of phases returns, not {type(table).__name__} of "
            f"{names}."
        )
    phases = list(dict.fromkeys(table["phase"].tolist()))
    sized = "low" in names
    if figure is None:
        size = (3.2 * len(phases), 3.0) if sized else (1.5 + 1.2 * len(phases), 3.0)
        figure = new_figure("Amounts", figsize=size, layout="constrained")
    axes = figure.subplots(1, len(phases) if sized else 1, sharey=True, squeeze=False)
    scans = _by_scan(table)
    for number, (scan, rows) in enumerate(scans.items()):
        look = {"color": f"C{number}", "label": plain_text(scan, 20)}
        if sized:
            for ax, phase in zip(axes[0], phases, strict=True):
                _draw_sizes(ax, rows.rows(rows["phase"] == phase), look)
        else:
            width = 0.8 / len(scans)
            shift = (number - (len(scans) - 1) / 2) * width
            places = np.array([phases.index(phase) for phase in rows["phase"]]) + shift
            errors = rows["uncertainty"] if "uncertainty" in names else None
            axes[0, 0].bar(
                places, rows[quantity], width, yerr=errors, capsize=2, **look
            )
    titles = [plain_text(phase, 20) for phase in phases]
    if sized:
        for ax, title in zip(axes[0], titles, strict=True):
            ax.set_title(title, **PLAIN)
            ax.set_xlabel(f"diameter ({plain_text(table['unit'][0])})", **PLAIN)
    else:
        axes[0, 0].set_xticks(range(len(phases)), titles, **PLAIN)
    axes[0, 0].set_ylabel(_label(table, quantity, sized), **PLAIN)
    axes[0, 0].set_ylim(bottom=0)
    if len(scans) > 1:
        axes[0, -1].legend(fontsize="small", frameon=False)
    return figure


def _by_scan(table: Table) -> dict[str, Table]:
    """Return the rows of each scan by its name, in order."""
    if "scan" not in table.names:
        return {"": table}
    scans = dict.fromkeys(table["scan"].tolist())
    return {str(scan): table.rows(table["scan"] == scan) for scan in scans}


def _draw_sizes(ax: Axes, rows: Table, look: dict) -> None:
    """Draw the size distribution of one phase in one scan."""
    edges = np.append(rows["low"], rows["high"][-1:])
    density, errors = rows["number_density"], rows["uncertainty"]
    ax.stairs(density, edges, **look)
    middle = (rows["low"] + rows["high"]) / 2
    ax.errorbar(
        middle, density, errors, linestyle="none", capsize=2, color=look["color"]
    )


def _label(table: Table, quantity: str, sized: bool) -> str:
    if quantity == "area_fraction":
        return _LABELS[quantity]
    unit = table["density_unit" if sized else "unit"][0]
    return f"{_LABELS[quantity]} ({plain_text(unit)})"
