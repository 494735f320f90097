"""Components beside virtual dark-field images, and fractions with uncertainties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.components import found_indices, words_on_found
from hspy_cnmf.figures.figure import AnyFigure, new_figure, without_tex, write_title
from hspy_cnmf.figures.panels import Stack


@without_tex
def plot_check(
    check: Any,
    comp_ids: int | Sequence[int] | np.ndarray | None = None,
    figure: AnyFigure | None = None,
) -> AnyFigure:
    """Plot maps beside the virtual dark-field images of the components' own spots.

    Parameters
    ----------
    check : ComponentCheck
        What ``s.check_components()`` returns.
    comp_ids : int or sequence of int, optional
        How many components or groups to plot, or which. Default: those that are not
        empty.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        A column for each: its map above, its image below on the same scale, with
        the correlation. In red what a user should look at again.

    Raises
    ------
    IndexError
        If there is no such component.
    """
    indices = found_indices(comp_ids, aligned_data(check.loadings))
    stacks = [
        _stack(check.loadings, indices, "map"),
        _stack(check.images, indices, "virtual dark field"),
    ]
    figure, axes = _grid(figure, "Check", 2, len(indices), stacks[0].aspect)
    for column, k in enumerate(indices):
        row = check.table[k]
        images = [
            stack.draw(ax, column, scale_bar=column == 0, axis_labels=True)
            for stack, ax in zip(stacks, axes[:, column], strict=True)
        ]
        limits = (
            np.nanmin(stacks[0].values[column]),
            np.nanmax(stacks[0].values[column]),
        )
        for image in images:
            if image is not None and limits[1] > limits[0]:
                image.set_norm(Normalize(*limits))
        colour = "red" if row["look_again"] else "black"
        axes[0, column].set_title(f"$h_{{{k}}}$", fontsize="small", color=colour)
        axes[1, column].set_title(
            f"{row['correlation']:.3f} of {row['possible_correlation']:.3f}",
            fontsize="small",
            color=colour,
        )
    for ax, stack in zip(axes[:, 0], stacks, strict=True):
        ax.set_ylabel(stack.label, fontsize="small")
    write_title(figure, words_on_found(comp_ids, len(indices), check.n_all))
    return figure


@without_tex
def plot_fractions(
    fractions: Any,
    comp_ids: int | Sequence[int] | np.ndarray | None = None,
    figure: AnyFigure | None = None,
) -> AnyFigure:
    """Plot fractions, their uncertainties, and how many components overlap.

    Parameters
    ----------
    fractions : ComponentFractions
        What ``s.get_component_fractions()`` returns.
    comp_ids : int or sequence of int, optional
        How many components to plot, or which. Default: those that are not empty.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        A column for each component, its fraction above and the uncertainty below,
        each with its own scale; in the last column the number of components that are
        surely there.

    Raises
    ------
    IndexError
        If there is no such component.
    """
    indices = found_indices(comp_ids, aligned_data(fractions.fractions))
    stacks = [
        _stack(fractions.fractions, indices, "fraction"),
        _stack(fractions.uncertainty, indices, "uncertainty"),
    ]
    figure, axes = _grid(figure, "Fractions", 2, len(indices) + 1, stacks[0].aspect)
    for stack, row in zip(stacks, axes, strict=True):
        for column in range(len(indices)):
            image = stack.draw(row[column], column, column == 0, axis_labels=True)
            _own_scale(image, stack.values[column])
        row[0].set_ylabel(stack.label, fontsize="small")
    for column, k in enumerate(indices):
        axes[0, column].set_title(f"component {k}", fontsize="small")
    overlap = _stack(fractions.n_present, None, "components")
    image = overlap.draw(axes[0, -1], 0, scale_bar=False, axis_labels=True)
    axes[0, -1].set_title("surely there", fontsize="small")
    axes[1, -1].axis("off")
    _own_scale(image, overlap.values[0], ticks=MaxNLocator(integer=True))
    n_all = fractions.n_components
    write_title(figure, words_on_found(comp_ids, len(indices), n_all))
    return figure


def _stack(signal: BaseSignal, indices: np.ndarray | None, label: str) -> Stack:
    """Return a stack of images, one for each component, or of a single map."""
    values = np.asarray(aligned_data(signal), dtype=float)
    values = values[np.newaxis] if indices is None else values[indices]
    axes = signal.axes_manager.signal_axes[::-1]
    return Stack.from_array(values, axes, gammas=1, colormap="viridis", label=label)


def _grid(
    figure: AnyFigure | None, name: str, n_rows: int, n_columns: int, aspect: float
) -> tuple[AnyFigure, np.ndarray]:
    if figure is None:
        size = 1.7 * aspect * n_columns + 0.6, 1.9 * n_rows + 0.3
        figure = new_figure(name, figsize=size, layout="constrained")
    return figure, figure.subplots(n_rows, n_columns, squeeze=False)


def _own_scale(image: AxesImage | None, values: np.ndarray, **colorbar: Any) -> None:
    if image is None or not np.isfinite(values).any():
        return
    image.set_norm(Normalize(0, np.nanmax(values) or 1))
    bar = image.axes.figure.colorbar(image, ax=image.axes, shrink=0.65, **colorbar)
    bar.ax.tick_params(labelsize="x-small")
