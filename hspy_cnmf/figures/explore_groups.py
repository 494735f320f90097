"""Groups of components explored by hand: the dendrogram's cut is dragged."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backend_bases import MouseEvent
from matplotlib.colors import to_rgb

from hspy_cnmf.figures.dendrogram import Tree, draw_tree
from hspy_cnmf.figures.figure import new_figure, without_tex, write_title
from hspy_cnmf.figures.gallery import colour
from hspy_cnmf.figures.interaction import Interactive, Panel
from hspy_cnmf.figures.panels import Stack
from hspy_cnmf.patterns.grouping import sum_maps

#: How far from the line, in points, the mouse takes hold of it.
_REACH = 6


class GroupExplorer(Interactive):
    """A figure of groups: drag the cut, click a component to see its group.

    To the left the tree with its cut; in the middle where groups are, in their
    colours; to the right the pattern of the component that was clicked and the map
    of its group. Groups are those of the cut that is shown; mean patterns are made
    only by ``cluster_diffraction``.

    Parameters
    ----------
    clusters : DiffractionClusters

    Attributes
    ----------
    distance_threshold : float
        Where the tree is cut.
    labels : numpy.ndarray of int, shape (n,)
        Group of each component at that cut.
    component : int
        Which of the n is shown.
    """

    @without_tex
    def __init__(self, clusters: Any) -> None:
        self._clusters, self._given = clusters, clusters.components
        self.component = int(np.argmax(self._given.weights))
        tree = clusters.dendrogram.tree()
        if tree.place_of_cut is None:  # no one line makes these groups
            tree = clusters.dendrogram.tree(self._beyond(tree))
        super().__init__(
            new_figure("Explore groups", figsize=(9.6, 5.4), layout="constrained")
        )
        self._is_held = False
        self._draw(tree)
        self.connect("button_press_event", self._press)
        self.connect("motion_notify_event", self._move)
        self.connect("button_release_event", self._release)

    @property
    def n_clusters(self) -> int:
        """Number of groups."""
        return int(self.labels.max()) + 1

    def cut(self, distance_threshold: float) -> None:
        """Cut the tree at a height; all follows where groups change."""
        low, high = self._tree_ax.get_xlim()
        height = float(np.clip(distance_threshold, low, high))
        tree = self._clusters.dendrogram.tree(height)
        changes = not np.array_equal(tree.labels, self.labels)
        self._set(tree, height)
        if changes:
            self._draw_tree(tree)
            self._show_groups()
        self._line.set_xdata([height, height])
        self._say()
        self.figure.canvas.draw_idle()

    def choose(self, component: int) -> None:
        """Show the pattern of one of the components, and where its group is."""
        n = len(self._given.indices)
        if not 0 <= component < n:
            raise IndexError(f"There is no component {component}: there are {n}.")
        self.component = component
        self._show_component()
        self.figure.canvas.draw_idle()

    @staticmethod
    def _beyond(tree: Tree) -> float:
        return float(np.median(tree.values))

    def _set(self, tree: Tree, height: float) -> None:
        self.distance_threshold = height
        self.labels = np.asarray(tree.labels)

    def _draw(self, tree: Tree) -> None:
        given = self._given
        has_maps = self._can_show_maps()
        right = ["pattern", "map"] if has_maps else ["pattern", "pattern"]
        middle = ["groups", "groups"] if has_maps else ["tree", "tree"]
        axes = self.figure.subplot_mosaic(
            [["tree", middle[0], right[0]], ["tree", middle[1], right[1]]],
            width_ratios=(1.3, 1, 0.8),
        )
        self._tree_ax = axes["tree"]
        self._set(tree, float(tree.place_of_cut or 0))
        self._draw_tree(tree)
        self._pattern = Panel(
            axes["pattern"], given.axes, given.patterns[self.component], "magma"
        )
        self._map = self._groups_image = None
        if has_maps:
            image = self._groups_of_positions()
            stack = Stack(image[np.newaxis, ..., 0], given.map_axes, 1, "gray", "")
            self._groups_image = stack.draw(axes["groups"], 0, True, True)
            axes["groups"].set_title("groups", fontsize="small", loc="left")
            self._map = Panel(
                axes["map"], given.map_axes, image[..., 0], "viridis", (1.0, 1.0)
            )
        self._show_groups()
        self._say()

    def _can_show_maps(self) -> bool:
        maps = self._given.maps
        return maps is not None and maps.ndim == 3

    def _draw_tree(self, tree: Tree) -> None:
        draw_tree(self._tree_ax, tree)
        for line in [x for x in self._tree_ax.lines if x.get_gid() == "cut"]:
            line.remove()
        self._line = self._tree_ax.axvline(
            self.distance_threshold, color="C3", linewidth=1.5, gid="cut"
        )
        self._leaves = tree.leaf_order()[0]

    def _groups_of_positions(self) -> np.ndarray:
        """Return colours, (*map_shape, 3): groups over one another, the rarest on top.

        Each is as opaque as its map is high, in parts of the map's maximum, so that
        crystals of a percent of the counts are seen on their matrix.
        """
        patterns = self._given.patterns
        counts = np.nansum(patterns.reshape(len(patterns), -1), axis=1)
        maps = np.nan_to_num(np.abs(self._given.maps * counts[:, None, None]))
        sums = np.asarray(sum_maps(maps, self.labels))
        totals = sums.reshape(len(sums), -1).sum(axis=1)
        image = np.zeros((*maps.shape[1:], 3))
        for k in np.argsort(-totals, kind="stable"):
            opacity = (sums[k] / (sums[k].max() or 1))[..., np.newaxis]
            image += opacity * (np.array(to_rgb(colour(k))) - image)
        return image

    def _show_groups(self) -> None:
        if self._groups_image is not None:
            self._groups_image.set_data(self._groups_of_positions())
        self._show_component()

    def _show_component(self) -> None:
        given, k = self._given, self.component
        self._pattern.show(given.patterns[k], f"$w_{{{given.indices[k]}}}$")
        if self._map is not None:
            group = self.labels[k]
            maps = np.abs(given.maps[self.labels == group]).sum(axis=0)
            self._map.show(maps, f"map of group {group}")

    def _say(self) -> None:
        write_title(
            self.figure,
            f"{self._count()}: distance_threshold={self.distance_threshold:.4g}; "
            "drag the line, click a component",
        )

    def _count(self) -> str:
        return "1 group" if self.n_clusters == 1 else f"{self.n_clusters} groups"

    def _press(self, event: MouseEvent) -> None:
        if not self.is_free() or event.inaxes is not self._tree_ax:
            return
        line_at = self._tree_ax.transData.transform((self.distance_threshold, 0))[0]
        reach = _REACH * self.figure.dpi / 72
        if abs(event.x - line_at) <= reach:
            self._is_held = True
        elif event.ydata is not None:
            i = int(np.clip(round(event.ydata), 0, len(self._leaves) - 1))
            self.choose(int(self._leaves[i]))

    def _move(self, event: MouseEvent) -> None:
        if self._is_held and event.inaxes is self._tree_ax and event.xdata is not None:
            self.cut(event.xdata)

    def _release(self, event: MouseEvent) -> None:
        self._is_held = False

    def __repr__(self) -> str:
        return (
            f"<GroupExplorer: {self._count()} at distance_threshold="
            f"{self.distance_threshold:.6g}>"
        )
