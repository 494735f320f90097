"""How components evolve over a series of scans."""

from __future__ import annotations

from typing import Any

import numpy as np

from hspy_cnmf.figures.figure import PLAIN, AnyFigure, new_figure, without_tex
from hspy_cnmf.plain_text import plain_text

#: What is drawn, and what it is called.
_LABELS = {
    "share_of_counts": "share of counts",
    "number_density": "particles per area",
    "diameter": "mean diameter",
}


@without_tex
def plot_evolution(evolution: Any, figure: AnyFigure | None = None) -> AnyFigure:
    """Plot shares, densities and diameters of components over a series.

    Parameters
    ----------
    evolution : Evolution
        What ``hspy_cnmf.decompose_series`` returns, also one that was saved and loaded.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        Three axes, with a line for each component; bars are one standard deviation.
    """
    if figure is None:
        figure = new_figure("Evolution", figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots(1, len(_LABELS))
    places = np.arange(len(evolution.scans))
    names = [plain_text(name, 20) for name in evolution.scans]
    for ax, (quantity, label) in zip(axes, _LABELS.items(), strict=True):
        unit = evolution.unit(quantity)
        for k, (values, errors) in enumerate(
            zip(*evolution.arrays(quantity), strict=True)
        ):
            if np.isfinite(values).any():
                ax.errorbar(
                    places, values, errors, marker="o", markersize=4, linewidth=1.2,
                    capsize=2, label=f"component {k}",
                )  # fmt: skip
        ax.set_ylabel(plain_text(f"{label} ({unit})" if unit else label), **PLAIN)
        ax.set_xticks(places, names, rotation=30, ha="right", fontsize="small", **PLAIN)
    axes[0].set_yscale("log")
    axes[0].legend(fontsize="small", frameon=False)
    return figure
