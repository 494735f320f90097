"""Figures with a column for each component and a row for each kind of map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.figure import AnyFigure, new_figure
from hspy_cnmf.figures.panels import Stack

#: Inches: about how wide a figure is at most, a map is high, and its title wide.
_WIDTH, _HEIGHT, _TITLE_WIDTH = 14.0, 1.7, 1.3


def map_stack(signal: BaseSignal, indices: Any, label: str) -> Stack:
    """Return maps, one for each component, on a linear scale."""
    return Stack.from_signal(signal, indices, gammas=1, colormap="viridis", label=label)


def columns_of(
    figure: AnyFigure | None, name: str, stacks: Sequence[Stack], n_columns: int
) -> tuple[AnyFigure, np.ndarray]:
    """Return a figure with a row for each stack, named at its left, and its axes.

    Many columns go on below. Axes have the shape (n_stacks, n_columns).
    """
    aspect = max(stack.aspect for stack in stacks)
    width = max(_HEIGHT * aspect, _TITLE_WIDTH)
    n_blocks = -(-n_columns // max(int(_WIDTH / width), 1))
    per_row = -(-n_columns // n_blocks)
    n_rows = n_blocks * len(stacks)
    if figure is None:
        size = width * per_row + 0.6, 1.9 * n_rows + 0.3
        figure = new_figure(name, figsize=size, layout="constrained")
    axes = figure.subplots(n_rows, per_row, squeeze=False)
    for ax, stack in zip(axes[:, 0], [*stacks] * n_blocks, strict=True):
        ax.set_ylabel(stack.label, fontsize="small")
    blocks = axes.reshape(n_blocks, len(stacks), per_row)
    axes = blocks.swapaxes(0, 1).reshape(len(stacks), -1)
    for ax in axes[:, n_columns:].ravel():
        ax.remove()
    return figure, axes[:, :n_columns]
