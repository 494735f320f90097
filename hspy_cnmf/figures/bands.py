"""Bands of solutions: what the data determine of factors and maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import Normalize

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.figures.columns import columns_of, map_stack
from hspy_cnmf.figures.components import found_indices, words_on_found
from hspy_cnmf.figures.figure import AnyFigure, without_tex, write_title


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
        map_stack(bands.lower_loadings, indices, "lowest map"),
        map_stack(bands.upper_loadings, indices, "highest map"),
        map_stack(bands.ambiguity, indices, "ambiguity"),
    ]
    figure, axes = columns_of(figure, "Bands", stacks, len(indices))
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
    write_title(figure, words_on_found(comp_ids, len(indices), len(bands.table)))
    return figure
