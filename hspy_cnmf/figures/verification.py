"""Components beside virtual dark-field images, and fractions with uncertainties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.figures.columns import columns_of, map_stack
from hspy_cnmf.figures.components import found_indices, words_on_found
from hspy_cnmf.figures.figure import AnyFigure, without_tex, write_title


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
        map_stack(check.loadings, indices, "map"),
        map_stack(check.images, indices, "virtual dark field"),
    ]
    figure, axes = columns_of(figure, "Check", stacks, len(indices))
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
        map_stack(fractions.fractions, indices, "fraction"),
        map_stack(fractions.uncertainty, indices, "uncertainty"),
    ]
    figure, axes = columns_of(figure, "Fractions", stacks, len(indices) + 1)
    for stack, row in zip(stacks, axes, strict=True):
        for column in range(len(indices)):
            image = stack.draw(row[column], column, column == 0, axis_labels=True)
            _own_scale(image, stack.values[column])
    for column, k in enumerate(indices):
        axes[0, column].set_title(f"component {k}", fontsize="small")
    overlap = map_stack(fractions.n_present, None, "components")
    image = overlap.draw(axes[0, -1], 0, scale_bar=False, axis_labels=True)
    axes[0, -1].set_title("surely there", fontsize="small")
    axes[1, -1].axis("off")
    _own_scale(image, overlap.values[0], ticks=MaxNLocator(integer=True))
    n_all = fractions.n_components
    write_title(figure, words_on_found(comp_ids, len(indices), n_all))
    return figure


def _own_scale(image: AxesImage | None, values: np.ndarray, **colorbar: Any) -> None:
    if image is None or not np.isfinite(values).any():
        return
    image.set_norm(Normalize(0, np.nanmax(values) or 1))
    bar = image.axes.figure.colorbar(image, ax=image.axes, shrink=0.65, **colorbar)
    bar.ax.tick_params(labelsize="x-small")
