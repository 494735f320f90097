"""The tree of an agglomerative clustering."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hspy_cnmf.figures.figure import (
    PLAIN,
    AnyFigure,
    new_figure,
    without_tex,
    write_title,
)
from hspy_cnmf.figures.gallery import Gallery, Insets, colour
from hspy_cnmf.plain_text import plain_text

_ABOVE_CUT = "0.6"

#: Names of components that are not the user's, and the only ones that are markup.
_COMPONENT = re.compile(r"\$w_\{\d+\}\$")

_TREE_WIDTH = 4.8
"""Width of the tree in inches, in a new figure."""

_MARGINS = 0.9
"""Width in inches that names take, and height that the title and an axis take."""


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree to draw; n is the number of its components.

    Parameters
    ----------
    linkage : numpy.ndarray, shape (n - 1, 4)
        Linkage matrix.
    values : numpy.ndarray, shape (n - 1,)
        Where along the horizontal axis the merges are drawn; components are at 0.
    groups : numpy.ndarray of int, shape (2 n - 1,), or None
        The group that each cluster is part of, -1 where it is of several.
    place_of_cut : float or None
        Where along the horizontal axis groups are cut off.
    names : sequence of str
        Names of the components.
    value_name : str
        What the values are.
    title : str
        Title of the figure.
    """

    linkage: np.ndarray
    values: np.ndarray
    groups: np.ndarray | None
    place_of_cut: float | None
    names: Sequence[str]
    value_name: str
    title: str

    @property
    def pairs(self) -> np.ndarray:
        """Which two clusters every merge takes."""
        return self.linkage[:, :2].astype(int)

    @property
    def n(self) -> int:
        """Number of components."""
        return len(self.linkage) + 1

    @property
    def labels(self) -> np.ndarray | None:
        """The group of each component, or None."""
        return None if self.groups is None else self.groups[: self.n]

    def leaf_order(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the components so that branches do not cross, and where clusters are.

        Of two that merge, the one with the first component comes first. So groups are
        in about the order of their numbers, and component 0 is at the top.

        Returns
        -------
        leaves : numpy.ndarray of int, shape (n,)
            Components from top to bottom.
        positions : numpy.ndarray, shape (2 n - 1,)
            Vertical position of each cluster, those of components being 0, 1, 2, ...
        """
        n, pairs = self.n, self.pairs
        first = [*range(n)]
        for pair in pairs:
            first.append(min(first[cluster] for cluster in pair))
        leaves, waiting = [], [2 * n - 2]
        while waiting:
            cluster = waiting.pop()
            if cluster < n:
                leaves.append(cluster)
            else:
                pair = pairs[cluster - n]
                waiting += sorted(pair, key=first.__getitem__, reverse=True)
        positions = np.zeros(2 * n - 1)
        positions[leaves] = np.arange(n)
        for i, pair in enumerate(pairs, start=n):
            positions[i] = positions[pair].mean()
        return np.array(leaves), positions


@without_tex
def draw_dendrogram(
    tree: Tree, insets: Insets | None = None, figure: AnyFigure | None = None
) -> AnyFigure:
    """Draw a tree that grows to the right.

    Links are drawn here and not by SciPy, which refuses negative heights and recurses
    once for each level of the tree.

    Parameters
    ----------
    tree : Tree
        What to draw.
    insets : hspy_cnmf.figures.gallery.Insets, optional
        Patterns of groups.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure whose size fits the tree.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
    """
    if figure is None:
        height = np.clip(0.2 * tree.n, 1.6, 10)
        if insets:
            height = max(height, insets.preferred_height)
    else:
        height = max(figure.bbox.height / figure.dpi - _MARGINS, 0.5)
    leaves, positions = tree.leaf_order()
    gallery, widths = None, [_TREE_WIDTH]
    if tree.labels is not None:
        gallery = Gallery(tree.labels, positions[: tree.n], insets, height)
        widths = [gallery.width, _TREE_WIDTH]
    if figure is None:
        size = sum(widths) + _MARGINS, height + _MARGINS
        figure = new_figure("Dendrogram", figsize=size, layout="constrained")
    elif figure.get_layout_engine() is None and isinstance(figure, Figure):
        figure.set_layout_engine("constrained")  # room for the names
    axes = figure.subplots(
        1, len(widths), sharey=True, squeeze=False, width_ratios=widths
    )[0]
    _draw_links(axes[-1], tree, positions)
    _draw_stems(axes[-1], tree, positions)
    _draw_axes(axes[-1], tree)
    _draw_names(axes[-1], tree, leaves, pitch=72 * height / tree.n)
    if gallery:
        gallery.draw(axes[0])
    write_title(figure, plain_text(tree.title, 90))
    return figure


def draw_tree(ax: Axes, tree: Tree) -> None:
    """Draw a tree alone, anew, into axes that it fills.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    tree : Tree
    """
    ax.clear()
    leaves, positions = tree.leaf_order()
    _draw_links(ax, tree, positions)
    _draw_stems(ax, tree, positions)
    _draw_axes(ax, tree)
    height = ax.bbox.height / ax.figure.dpi
    _draw_names(ax, tree, leaves, pitch=72 * height / tree.n)


def _style(tree: Tree) -> dict[str, Any]:
    width = np.clip(40 / tree.n, 0.7, 1.4)
    return {"linewidths": width, "joinstyle": "miter", "capstyle": "projecting"}


def _draw_links(ax: Axes, tree: Tree, positions: np.ndarray) -> None:
    """Draw a bracket for each merge, from one of the clusters to the other."""
    ends = np.concatenate([np.zeros(tree.n), tree.values])
    links = [
        [
            (ends[one], positions[one]),
            (end, positions[one]),
            (end, positions[other]),
            (ends[other], positions[other]),
        ]
        for (one, other), end in zip(tree.pairs, tree.values, strict=True)
    ]
    colours: Any = "C0"
    if tree.groups is not None:
        colours = [colour(k) if k >= 0 else _ABOVE_CUT for k in tree.groups[tree.n :]]
    ax.add_collection(
        LineCollection(links, colors=colours, gid="links", **_style(tree))
    )


def _draw_stems(ax: Axes, tree: Tree, positions: np.ndarray) -> None:
    """Draw in the colour of each group how far it reaches: up to the cut."""
    if tree.groups is None:
        return
    cut = np.inf if tree.place_of_cut is None else tree.place_of_cut
    ends = np.concatenate([np.zeros(tree.n), tree.values])
    stems, colours = [], []
    for i, pair in enumerate(tree.pairs, start=tree.n):
        for cluster in pair:
            if tree.groups[i] < 0 <= tree.groups[cluster]:
                start, end = ends[cluster], min(ends[i], cut)
                stems.append([(x, positions[cluster]) for x in (start, end)])
                colours.append(colour(tree.groups[cluster]))
    ax.add_collection(
        LineCollection(stems, colors=colours, gid="stems", **_style(tree))
    )
    if np.isfinite(cut):
        ax.axvline(cut, color="0.3", linestyle="--", linewidth=0.8, gid="cut")


def _draw_axes(ax: Axes, tree: Tree) -> None:
    low, high = min(tree.values.min(), 0), max(tree.values.max(), 0)
    margin = 0.04 * (high - low) or 1.0
    ax.set_xlabel(plain_text(tree.value_name, 60), **PLAIN)
    ax.set(
        xlim=(low - margin if low < 0 else 0, high + margin),
        ylim=(tree.n - 0.5, -0.5),
    )
    is_whole = np.array_equal(tree.values, tree.values.round())
    ax.xaxis.set_major_locator(
        MaxNLocator("auto", steps=(1, 2, 5, 10), integer=is_whole)
    )
    ax.spines[["top", "left", "right"]].set_visible(False)
    ax.tick_params(labelsize="small")


def _draw_names(ax: Axes, tree: Tree, leaves: np.ndarray, pitch: float) -> None:
    """Write the names as large as they fit `pitch` points apart, or some of them."""
    size = np.clip(0.85 * pitch, 6, 9)
    step = max(ceil(1.1 * size / pitch - 0.2), 1)
    shown = np.arange(0, tree.n, step)
    names = [plain_text(tree.names[k], 30) for k in leaves[shown]]
    ticks = ax.set_yticks(shown, names, fontsize=size, **PLAIN)
    for name, tick in zip(names, ticks, strict=False):
        tick.label1.set_parse_math(bool(_COMPONENT.fullmatch(name)))
    ax.tick_params(axis="y", length=0, labelleft=True)
    if tree.labels is not None:
        for k, text in zip(leaves[shown], ax.get_yticklabels(), strict=True):
            text.set_color(colour(tree.labels[k]))
