"""Phases over a scan, and patterns with the reflections of their phases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm, to_rgb
from matplotlib.patches import Patch

from hspy_cnmf.figures.figure import PLAIN, AnyFigure, new_figure, without_tex
from hspy_cnmf.figures.panels import axis_label
from hspy_cnmf.plain_text import plain_text

_GAMMA = 0.4
"""Power of the scale of intensities of patterns."""

_BARE = "0.9"
"""Colour of positions without a phase."""

_COLUMNS = 4

_GROUPS = 8


@without_tex
def plot_phases(
    identification: Any,
    groups: Sequence[int] | None = None,
    figure: AnyFigure | None = None,
) -> AnyFigure:
    """Plot the phases over the scan, and patterns with simulated reflections.

    Parameters
    ----------
    identification : PhaseIdentification
        What ``s.identify_phases`` returns, also one that was saved and loaded.
    groups : sequence of int, optional
        Groups whose patterns to draw. Default: the first eight that have a candidate.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        The map in the colours of the phases, brighter with the share of the counts,
        if the scan has two dimensions; and for each group its mean pattern with
        circles where reflections of its phases are simulated, of an area in proportion
        to the amplitude.
    """
    if groups is None:
        known = np.isfinite(identification.matrices[:, 0, 0])
        groups = np.unique(identification.groups[known])[:_GROUPS].tolist()
    has_map = identification.has_map and (
        identification.clusters.components.loadings.axes_manager.signal_dimension == 2
    )
    n_panels = max(len(groups) + has_map, 1)
    columns = min(_COLUMNS, n_panels)
    rows = -(-n_panels // columns)
    if figure is None:
        size = (3.0 * columns, 3.2 * rows)
        figure = new_figure("Phases", figsize=size, layout="constrained")
    panels = iter(figure.subplots(rows, columns, squeeze=False).flat)
    if has_map:
        _draw_map(next(panels), identification)
    for group in groups:
        _draw_group(next(panels), identification, group)
    for ax in panels:
        ax.set_axis_off()
    return figure


def _draw_map(ax: Axes, identification: Any) -> None:
    """Draw the phases in their colours."""
    crystal_map = identification.to_crystal_map(1)
    axes = identification.clusters.components.loadings.axes_manager.signal_axes
    shape = (axes[1].size, axes[0].size)
    numbers = crystal_map.phase_id.reshape(shape)
    share = crystal_map.prop["share"].reshape(shape)
    share = share / (share.max() or 1)
    image = np.broadcast_to(to_rgb(_BARE), (*shape, 3)).copy()
    handles = []
    for number, phase in enumerate(identification.phases):
        here = numbers == number
        if not here.any():
            continue
        colour = np.array(to_rgb(phase.color))
        weight = 0.4 + 0.6 * share[here][:, np.newaxis]
        image[here] = weight * colour + (1 - weight)
        label = plain_text(phase.name, 40)
        if label.startswith("_"):  # of which matplotlib shows none
            label = f" {label}"
        handles.append(Patch(color=phase.color, label=label))
    steps = [abs(axis.scale) for axis in axes]
    ends = [
        axis.offset + step * axis.size for axis, step in zip(axes, steps, strict=True)
    ]
    ax.imshow(image, extent=(axes[0].offset, ends[0], ends[1], axes[1].offset))
    ax.set_xlabel(axis_label(axes[0]), fontsize="small", **PLAIN)
    ax.set_ylabel(axis_label(axes[1]), fontsize="small", **PLAIN)
    ax.tick_params(labelsize="x-small")
    ax.set_title("phases", fontsize="small")
    if handles:
        _draw_legend(ax, handles)


def _draw_legend(ax: Axes, handles: list[Patch]) -> None:
    """Name the phases below their map, where no crystal is hidden."""
    legend = ax.legend(
        handles=handles,
        fontsize="x-small",
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        borderaxespad=5,  # in heights of a letter: below the numbers of the axis
        ncols=3,
        frameon=False,
    )
    for text in legend.get_texts():
        text.set(**PLAIN)


def _draw_group(ax: Axes, identification: Any, group: int) -> None:
    """Draw a group's mean pattern and the reflections of its phase."""
    factors = identification.clusters.factors
    pattern = np.asarray(factors.data[group])
    crystals = np.flatnonzero(identification.groups == group)
    row = identification.table[group]
    axes = factors.axes_manager.signal_axes
    edges = [(axis.axis[0], axis.axis[-1]) for axis in axes]
    half = [abs(axis.scale) / 2 for axis in axes]
    (left, right), (top, bottom) = edges
    extent = (left - half[0], right + half[0], bottom + half[1], top - half[1])
    norm = PowerNorm(_GAMMA, 0, np.nanmax(pattern) or 1)
    ax.imshow(pattern, cmap="gray_r", norm=norm, extent=extent, aspect="auto")
    is_flat = axes[0].units == axes[1].units
    if is_flat:
        ax.set_aspect("equal")
        colours = {phase.name: phase.color for phase in identification.phases}
        for crystal in crystals[identification.table["candidate"][crystals] != ""]:
            places, amplitudes = identification.reflections(crystal)
            ax.scatter(  # type: ignore[misc]
                *places.T,
                s=90 * amplitudes + 4,
                facecolors="none",
                edgecolors=colours[identification.table["candidate"][crystal]],
                linewidths=0.8,
            )
        ax.set(xlim=extent[:2], ylim=extent[2:])
    ax.set(xticks=[], yticks=[])
    lines = [f"group {group}: {row['phase']}"]
    if row["phase"] != row["candidate"]:
        lines.append(f"(best: {row['candidate']})")
    lines[-1] += f" {row['zone_axis']}"
    counts_axes = "n_zone_axes" in row.dtype.names  # older ones do not
    if counts_axes and row["n_zone_axes"] == 1:
        lines[-1] += ", no other axis"
    for other in identification.table[crystals[1:]]:
        lines.append(f"and {other['phase']} {other['zone_axis']}")
    ax.set_title("\n".join(map(plain_text, lines)), fontsize="small", **PLAIN)
