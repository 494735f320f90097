"""Figures with a column for each component and a row for each kind of map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.figure import AnyFigure, new_figure
from hspy_cnmf.figures.panels import Stack


def map_stack(signal: BaseSignal, indices: Any, label: str) -> Stack:
    """Return maps, one for each component, on a linear scale."""
    return Stack.from_signal(signal, indices, gammas=1, colormap="viridis", label=label)


def columns_of(
    figure: AnyFigure | None, name: str, stacks: Sequence[Stack], n_columns: int
) -> tuple[AnyFigure, np.ndarray]:
    """Return a figure with a row for each stack, named at its left, and its axes."""
    if figure is None:
        aspect = max(stack.aspect for stack in stacks)
        size = 1.7 * aspect * n_columns + 0.6, 1.9 * len(stacks) + 0.3
        figure = new_figure(name, figsize=size, layout="constrained")
    axes = figure.subplots(len(stacks), n_columns, squeeze=False)
    for ax, stack in zip(axes[:, 0], stacks, strict=True):
        ax.set_ylabel(stack.label, fontsize="small")
    return figure, axes
