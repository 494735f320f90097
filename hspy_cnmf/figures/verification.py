"""Components beside virtual dark-field images, and fractions with uncertainties."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.checks import component_indices
from hspy_cnmf.figures.panels import Stack


def plot_check(check, components=None, figure=None):
    """Plot maps beside the virtual dark-field images of the components' own spots.

    Parameters
    ----------
    check : ComponentCheck
        What ``s.check_components()`` returns.
    components : int or sequence of int, optional
        How many components or groups to plot, or which. Default: all.
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
    indices = component_indices(components, len(check.table))
    stacks = [
        _stack(check.loadings, indices, "map"),
        _stack(check.images, indices, "virtual dark field"),
    ]
    figure, axes = _grid(figure, 2, len(indices), stacks[0].aspect)
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
                image.set_norm(plt.Normalize(*limits))
        colour = "red" if row["look_again"] else "black"
        axes[0, column].set_title(f"$h_{{{k}}}$", fontsize="small", color=colour)
        axes[1, column].set_title(
            f"{row['correlation']:.3f} of {row['possible_correlation']:.3f}",
            fontsize="small",
            color=colour,
        )
    for ax, stack in zip(axes[:, 0], stacks, strict=True):
        ax.set_ylabel(stack.label, fontsize="small")
    return figure


def plot_fractions(fractions, components=None, figure=None):
    """Plot fractions, their uncertainties, and how many components overlap.

    Parameters
    ----------
    fractions : ComponentFractions
        What ``s.get_component_fractions()`` returns.
    components : int or sequence of int, optional
        How many components to plot, or which. Default: all.
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
    indices = component_indices(components, fractions.n_components)
    stacks = [
        _stack(fractions.fractions, indices, "fraction"),
        _stack(fractions.uncertainty, indices, "uncertainty"),
    ]
    figure, axes = _grid(figure, 2, len(indices) + 1, stacks[0].aspect)
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
    return figure


def _stack(signal, indices, label):
    """Return a stack of images, one for each component, or of a single map."""
    values = np.asarray(aligned_data(signal), dtype=float)
    values = values[np.newaxis] if indices is None else values[indices]
    axes = signal.axes_manager.signal_axes[::-1]
    return Stack.from_array(values, axes, gammas=1, colormap="viridis", label=label)


def _grid(figure, n_rows, n_columns, aspect):
    if figure is None:
        size = 1.7 * aspect * n_columns + 0.6, 1.9 * n_rows + 0.3
        figure = plt.figure(figsize=size, layout="constrained")
    return figure, figure.subplots(n_rows, n_columns, squeeze=False)


def _own_scale(image, values, **colorbar):
    if image is None or not np.isfinite(values).any():
        return
    image.set_norm(plt.Normalize(0, np.nanmax(values) or 1))
    bar = image.axes.figure.colorbar(image, ax=image.axes, shrink=0.65, **colorbar)
    bar.ax.tick_params(labelsize="x-small")
