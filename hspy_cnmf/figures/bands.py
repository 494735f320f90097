"""Bands of solutions: what the data determine of factors and maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import Normalize

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.components import found_indices, words_on_found
from hspy_cnmf.figures.figure import AnyFigure, new_figure, without_tex, write_title
from hspy_cnmf.figures.panels import Stack


@without_tex
def plot_bands(
    bands: Any,
    comp_ids: int | Sequence[int] | np.ndarray | None = None,
    figure: AnyFigure | None = None,
) -> AnyFigure:
    """Plot the lowest and highest map of components, and how open their factors are.

    Parameters
    ----------
    bands : SolutionBands
        What ``s.get_solution_bands()`` returns.
    comp_ids : int or sequence of int, optional
        How many components to plot, or which. Default: those that are not empty.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        A column for each component: its lowest and its highest map on one scale, with
        the lowest and the highest share of all counts, and the ambiguity of its
        factor, dark where the data determine it.

    Raises
    ------
    IndexError
        If there is no such component.
    """
    indices = found_indices(comp_ids, aligned_data(bands.upper_loadings))
    stacks = [
        _stack(bands.lower_loadings, indices, "lowest map"),
        _stack(bands.upper_loadings, indices, "highest map"),
        _stack(bands.ambiguity, indices, "ambiguity"),
    ]
    if figure is None:
        size = 1.7 * max(s.aspect for s in stacks) * len(indices) + 0.6, 6.0
        figure = new_figure("Bands", figsize=size, layout="constrained")
    axes = figure.subplots(len(stacks), len(indices), squeeze=False)
    for column, k in enumerate(indices):
        row = bands.table[k]
        limit = np.nanmax(stacks[1].values[column], initial=0) or 1.0
        for stack, ax, top in zip(
            stacks, axes[:, column], (limit, limit, 1.0), strict=True
        ):
            image = stack.draw(ax, column, scale_bar=column == 0, axis_labels=True)
            if image is not None:
                image.set_norm(Normalize(0, top))
        axes[0, column].set_title(f"component {k}", fontsize="small")
        share = f"{row['lowest']:.3g} to {row['highest']:.3g}"
        axes[1, column].set_title(share, fontsize="small")
    for ax, stack in zip(axes[:, 0], stacks, strict=True):
        ax.set_ylabel(stack.label, fontsize="small")
    write_title(figure, words_on_found(comp_ids, len(indices), len(bands.table)))
    return figure


def _stack(signal: BaseSignal, indices: np.ndarray, label: str) -> Stack:
    """Return some images of a stack."""
    values = np.asarray(aligned_data(signal), dtype=float)[indices]
    axes = signal.axes_manager.signal_axes[::-1]
    return Stack.from_array(values, axes, gammas=1, colormap="viridis", label=label)
