"""Where a decomposition leaves more than chance would, and what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, Normalize

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.figures.figure import AnyFigure, new_figure, without_tex
from hspy_cnmf.figures.panels import Stack

if TYPE_CHECKING:
    from hspy_cnmf._hyperspy.types import BaseSignal


@without_tex
def plot_residual(residual: Any, figure: AnyFigure | None = None) -> AnyFigure:
    """Plot what a decomposition leaves unexplained.

    Parameters
    ----------
    residual : Residual
        What ``s.get_decomposition_residual()`` returns, in memory.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        Three axes: the map of the reduced chi-square with flagged positions in red,
        the mean residual pattern, and a histogram of the probabilities, which a
        correct model has as often as the line says. Of more than two dimensions the
        mean over the outer ones is shown. Masked is grey.
    """
    if figure is None:
        figure = new_figure("Residual", figsize=(11, 3.6), layout="constrained")
    axes = figure.subplots(1, 3)
    _draw_map(axes[0], residual)
    _draw_pattern(axes[1], residual.pattern)
    _draw_histogram(axes[2], residual)
    return figure


def _stack(signal: BaseSignal, colormap: str, label: str) -> Stack:
    values = np.asarray(aligned_data(signal))[np.newaxis]
    return Stack.from_array(
        values, _axes_of(signal), gammas=1, colormap=colormap, label=label
    )


def _axes_of(signal: BaseSignal) -> tuple:
    """Return all axes of a signal, in the order of the array."""
    manager = signal.axes_manager
    return (manager.navigation_axes + manager.signal_axes)[::-1]


def _draw_map(ax: Axes, residual: Any) -> None:
    stack = _stack(residual.chi_square, "viridis", "reduced chi-square")
    image = stack.draw(ax, 0, scale_bar=True, axis_labels=True)
    flagged = np.asarray(aligned_data(residual.flagged))
    axes = map(id, _axes_of(residual.chi_square))
    along = dict(zip(axes, np.argwhere(flagged).T, strict=True))
    places = [along[id(axis)] for axis in stack.axes]  # outer axes are not drawn
    offsets = [axis.axis[p] for axis, p in zip(stack.axes, places, strict=True)]
    if image is None:
        ax.set_ylim(auto=True)
        ax.plot(*offsets, stack.values[0][places[0]], "o", color="red", markersize=3)
    else:
        finite = stack.values[np.isfinite(stack.values)]
        # Nothing is known where components follow the counts, noise and all.
        limits = np.quantile(finite, (0.01, 0.995)) if finite.size else (0, 2)
        image.set_norm(Normalize(*limits))
        ax.figure.colorbar(image, ax=ax, extend="both").set_label(stack.label)
        columns, rows = offsets[1], offsets[0]
        ax.scatter(columns, rows, s=14, facecolors="none", edgecolors="red", lw=0.7)
    ax.set_title(
        f"{residual.n_flagged} flagged, {residual.n_expected:.3g} by chance",
        fontsize="medium",
    )


def _draw_pattern(ax: Axes, pattern: BaseSignal) -> None:
    stack = _stack(pattern, "RdBu_r", "mean residual (counts)")
    image = stack.draw(ax, 0, scale_bar=True, axis_labels=True)
    ax.set_title("mean residual pattern", fontsize="medium")
    if image is None:
        ax.set_yscale("linear")
        ax.relim()
        ax.autoscale(axis="y")
        return
    finite = np.abs(stack.values[np.isfinite(stack.values)])
    image.set_norm(CenteredNorm(0, np.quantile(finite, 0.998) or 1.0))
    ax.figure.colorbar(image, ax=ax, extend="both").set_label(stack.label)


def _draw_histogram(ax: Axes, residual: Any) -> None:
    probability = np.asarray(residual.probability.data)
    probability = probability[np.isfinite(probability)]
    n_bins = int(np.clip(len(probability) / 25, 4, 40))
    ax.hist(probability, n_bins, range=(0, 1), color="0.7")
    ax.axhline(len(probability) / n_bins, color="C3", label="correct model")
    ax.set(xlim=(0, 1), xlabel="probability of so large a residual", ylabel="positions")
    ax.legend(frameon=False, fontsize="small")
    mean = residual.mean_chi_square
    ax.set_title(f"mean reduced chi-square {mean:.4f}", fontsize="medium")
