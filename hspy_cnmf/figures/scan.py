"""Error, agreement and held-out error against the number of components."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from hspy_cnmf.arguments import check_result
from hspy_cnmf.figures.figure import AnyFigure, new_figure, without_tex, write_title
from hspy_cnmf.plain_text import plain_text

_LINE: dict[str, Any] = {"marker": "o", "markersize": 4, "linewidth": 1.2}


@without_tex
def plot_scan(scan: Any, figure: AnyFigure | None = None) -> AnyFigure:
    """Plot what a scan over the number of components found.

    Parameters
    ----------
    scan : OutputDimensionScan
        What ``s.scan_output_dimension`` returns, also one that was saved and loaded.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        Four axes: the errors of NMF (a point for each start) and of PCA with the noise
        floor; how far the best error of NMF is above that of PCA; the agreement of
        starts on the component that they agree on least; the held-out error above the
        lowest, with the standard error over its scores. A line marks what is suggested.

    Notes
    -----
    The first is Fig. 4a of Kimoto et al., Sci. Rep. 14, 2901 (2024),
    doi:10.1038/s41598-024-53289-5.
    """
    check_result("scan", scan, "suggested", "s.scan_output_dimension()")
    if figure is None:
        figure = new_figure(
            "Number of components", figsize=(8.5, 6), layout="constrained"
        )
    axes = figure.subplots(2, 2, sharex=True)
    numbers = scan.output_dimensions
    panels = (_draw_errors, _draw_gap, _draw_agreement, _draw_held_out)
    for draw, ax in zip(panels, axes.flat, strict=True):
        draw(ax, scan, numbers)
        ax.axvline(scan.suggested, color="C3", linestyle=":", linewidth=1, zorder=0)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.tick_params(labelsize="small")
    for ax in axes[1]:
        ax.set_xlabel("number of components")
    title = scan.error.metadata.General.title.partition(" of NMF of ")[2]
    suggested = f"suggested: {scan.suggested}"
    write_title(figure, ": ".join(filter(None, (plain_text(title, 60), suggested))))
    return figure


@without_tex
def plot_errors(
    scan: Any, ax: Axes | None = None, fig: AnyFigure | None = None
) -> Axes:
    """Plot the errors alone: what HyperSpy's ``plot_scree_plot`` shows after a scan.

    Parameters
    ----------
    scan : OutputDimensionScan
    ax : matplotlib.axes.Axes, optional
        Where to draw; default new ones.
    fig : matplotlib.figure.Figure, optional
        Where to make them; default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
    """
    if ax is None:
        if fig is None:
            fig = new_figure("Number of components", layout="constrained")
        ax = fig.add_subplot()
    numbers = scan.output_dimensions
    _draw_errors(ax, scan, numbers)
    ax.axvline(scan.suggested, color="C3", linestyle=":", linewidth=1, zorder=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("number of components")
    ax.set_title(f"Scan: {scan.suggested} components suggested", fontsize="medium")
    return ax


def _draw_errors(ax: Axes, scan: Any, numbers: np.ndarray) -> None:
    errors = np.asarray(scan.start_errors.data)
    best = np.asarray(scan.error.data)
    ax.plot(numbers, errors.T, ".", color="C0", alpha=0.5, markersize=5)
    ax.plot(numbers, best, color="C0", label="NMF, best start", **_LINE)
    ax.plot(
        numbers, scan.pca_error.data, color="C1", label="PCA", **_LINE | {"marker": "s"}
    )
    ax.plot(
        numbers,
        scan.noise_floor.data,
        color="0.4",
        linestyle="--",
        linewidth=1,
        label="noise floor" if np.isfinite(scan.noise_floor.data).any() else None,
    )
    ax.set_ylabel("mean squared error")
    ax.legend(fontsize="small", frameon=False)


def _draw_gap(ax: Axes, scan: Any, numbers: np.ndarray) -> None:
    gap = np.asarray(scan.error.data) - scan.pca_error.data
    ax.plot(numbers, gap, color="C0", **_LINE)
    ax.set_ylabel("error of NMF above that of PCA")
    ax.set_ylim(bottom=0)
    ax.ticklabel_format(axis="y", scilimits=(-2, 4))


def _draw_agreement(ax: Axes, scan: Any, numbers: np.ndarray) -> None:
    agreement = np.asarray(scan.agreement.data)
    ax.set_ylabel("agreement of starts on the\ncomponent they agree on least")
    ax.set_ylim(0, 1.05)
    if np.isnan(agreement).all():
        _say(ax, "one start only")
        return
    ax.plot(numbers, agreement, color="C2", **_LINE)


def _draw_held_out(ax: Axes, scan: Any, numbers: np.ndarray) -> None:
    scores = np.asarray(scan.held_out_error.data)
    ax.set_ylabel("held-out error above the lowest")
    mean = scores.mean(axis=0)
    if np.isnan(mean).all():
        _say(ax, "nothing was held out")
        return
    uncertainty = scores.std(axis=0, ddof=1) / np.sqrt(len(scores))
    ax.errorbar(numbers, mean, uncertainty, color="C4", capsize=2, **_LINE)
    # Falls by orders of magnitude before the lowest, and rises a little after it.
    rise = np.nanmax(mean[np.nanargmin(mean) :])
    ax.set_yscale("symlog", linthresh=rise if rise > 0 else np.nanmax(mean) or 1)
    ax.set_ylim(bottom=0)


def _say(ax: Axes, text: str) -> None:
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", color="0.4")
