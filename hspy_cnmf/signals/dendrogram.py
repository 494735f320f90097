"""The tree of an agglomerative clustering as a signal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from hyperspy.signal import BaseSignal
from hyperspy.signals import LazySignal
from numpy.typing import ArrayLike

from hspy_cnmf.figures.dendrogram import Tree, draw_dendrogram
from hspy_cnmf.figures.figure import AnyFigure
from hspy_cnmf.figures.gallery import Insets
from hspy_cnmf.patterns.tree import (
    check_linkage,
    check_number,
    check_threshold,
    choose_cut,
    cluster_groups,
    find_cut,
    group_labels,
    highest_merges,
    match_groups,
)

_NODE = "Dendrogram"
"""Where in the metadata cut, names and patterns are kept."""

_AXES = ("height", "sequence")

_TYPES = {"n_clusters": int, "distance_threshold": float}
"""Types of what says where to cut; files return them as NumPy's."""


class Dendrogram(BaseSignal):
    """Tree of an agglomerative clustering: SciPy's linkage matrix.

    Row i says which two clusters merge into the cluster n + i, at what height, and
    how many components that has; clusters 0 to n - 1 are the components themselves.
    Heights need not increase: merging reduces noise, so a later merge may be closer.

    Parameters
    ----------
    data : array_like, shape (n - 1, 4)
        Linkage matrix. It is checked where it is used; `from_linkage` checks at once.
    **kwargs
        As for `hyperspy.signal.BaseSignal`.

    Examples
    --------
    >>> from scipy.cluster.hierarchy import linkage
    >>> tree = Dendrogram.from_linkage(linkage([[0], [1], [5]]), n_clusters=2)
    >>> tree.cut(distance_threshold=2).tolist()
    [0, 0, 1]
    """

    _signal_type = "dendrogram"
    _signal_dimension = 2

    @classmethod
    def from_linkage(
        cls,
        linkage: ArrayLike,
        *,
        n_clusters: int | None = None,
        distance_threshold: float | None = None,
        names: Sequence[str] | None = None,
        patterns: BaseSignal | None = None,
        height_name: str = "1 - diffraction similarity",
        title: str = "Dendrogram",
    ) -> Dendrogram:
        """Make a dendrogram that is saved with its cut, names and patterns.

        Parameters
        ----------
        linkage : array_like, shape (n - 1, 4)
            Linkage matrix.
        n_clusters : int, optional
            Cut into so many groups, see `cut`.
        distance_threshold : float, optional
            Cut at this height, see `cut`. At most one of the two; default no cut.
        names : sequence of str, optional
            Names of the components, default w and the component's number.
        patterns : hyperspy.signal.BaseSignal, optional
            One pattern or spectrum for each group of the cut, in the order of the
            labels along the navigation axis. A copy is kept.
        height_name, title : str
            What the heights are; the title of the signal.

        Returns
        -------
        Dendrogram

        Raises
        ------
        ValueError
            If `linkage` is no linkage matrix, there is no such cut, or names or
            patterns are not as many as components or groups.
        """
        tree = check_linkage(linkage).copy()
        axes = [
            {"name": "merge", "size": len(tree), "offset": 1, "navigate": False},
            {"name": "column", "size": 4, "navigate": False},
        ]
        metadata = {"General": {"title": title}, _NODE: {"height_name": height_name}}
        self = cls(tree, axes=axes, metadata=metadata)
        if cut := choose_cut(n_clusters, distance_threshold):
            self.cut(**cut)  # refuses what cannot be
            [(name, value)] = cut.items()
            self.metadata.set_item(f"{_NODE}.{name}", _TYPES[name](value))
        if names is not None:
            self._keep_names(names)
        if patterns is not None:
            self._keep_patterns(patterns)
        return self

    @property
    def linkage(self) -> np.ndarray:
        """The linkage matrix, shape (n - 1, 4), checked and in memory."""
        return check_linkage(self.data)

    @property
    def names(self) -> list[str]:
        """Names of the components, default w and the component's number."""
        n = len(self.linkage) + 1
        stored = self._stored("names")
        default = [f"$w_{{{k}}}$" for k in range(n)]
        names = default if stored is None else _read_names(stored)
        _check_names(names, n)
        return names

    @property
    def labels(self) -> np.ndarray | None:
        """Labels of the cut that is kept with the tree, as of `cut`, or None."""
        cut = self._stored_cut()
        return self.cut(**cut) if cut else None

    @property
    def patterns(self) -> BaseSignal | None:
        """The patterns of the groups of the cut that is kept, a signal, or None."""
        return self._stored("patterns")

    def cut(
        self, n_clusters: int | None = None, distance_threshold: float | None = None
    ) -> np.ndarray:
        """Cut the tree into groups.

        Parameters
        ----------
        n_clusters : int, optional
            Number of groups: the last ``n_clusters - 1`` merges are undone, whatever
            their heights.
        distance_threshold : float, optional
            A cluster stays whole where every merge within it, not only its last, is
            at or below this height. This is SciPy's
            ``fcluster(linkage, distance_threshold, criterion="distance")``.

        Returns
        -------
        numpy.ndarray of int, shape (n,)
            For each component the number of its group. Groups are numbered from 0 in
            the order of their first components, so component 0 is in group 0.

        Raises
        ------
        ValueError
            Unless exactly one of the two is given, and such a cut exists.
        """
        cut = choose_cut(n_clusters, distance_threshold)
        if not cut:
            raise ValueError("Give n_clusters or distance_threshold: where to cut?")
        linkage = self.linkage
        if n_clusters is not None:
            n_undone = check_number(n_clusters, len(linkage) + 1) - 1
            kept = np.arange(len(linkage)) < len(linkage) - n_undone
        else:
            highest = highest_merges(linkage, linkage[:, 2])
            kept = highest <= check_threshold(distance_threshold)
        return group_labels(linkage, kept)

    def plot(
        self,
        *,
        n_clusters: int | None = None,
        distance_threshold: float | None = None,
        axis: Literal["height", "sequence"] = "height",
        patterns: bool | BaseSignal = True,
        figure: AnyFigure | None = None,
    ) -> AnyFigure:
        """Draw the tree, its groups in colours, with their patterns beside them.

        Parameters
        ----------
        n_clusters, distance_threshold : optional
            Where to cut, see `cut`; default the cut that is kept with the tree, if
            any.
        axis : {"height", "sequence"}
            What merges are drawn over: their heights, or their order, which shows a
            tree clearly whose heights do not increase.
        patterns : bool or hyperspy.signal.BaseSignal
            One pattern for each group, in the order of the labels, all drawn on one
            scale that enhances low intensities. True draws those kept with the tree,
            beside such groups as are also groups of the cut that is kept.
        figure : matplotlib.figure.Figure or SubFigure, optional
            Where to draw; default a new figure whose size fits the tree.

        Returns
        -------
        matplotlib.figure.Figure
            Links above the cut are grey; the dashed line is where it is, if there is
            one such place. Over a pattern: the number of the group, and of how many
            components it is. Masked pixels are grey.

        Notes
        -----
        After Fig. 7 of Kimoto et al., Sci. Rep. 14, 2901 (2024),
        doi:10.1038/s41598-024-53289-5, and Fig. 9 of Kimoto et al., Sci. Rep. (2025),
        doi:10.1038/s41598-025-23541-7.
        """
        if not isinstance(axis, str) or axis not in _AXES:
            raise ValueError(f"axis={axis!r}: give one of {_AXES}.")
        cut = choose_cut(n_clusters, distance_threshold) or self._stored_cut()
        labels = self.cut(**cut) if cut else None
        tree = self._tree(labels, cut.get("distance_threshold"), axis)
        return draw_dendrogram(tree, self._insets(labels, patterns), figure)

    def tree(self, distance_threshold: float | None = None) -> Tree:
        """Return what is drawn of the tree, as arrays, over heights.

        Parameters
        ----------
        distance_threshold : float, optional
            Where to cut; default the cut that is kept with the tree, if any.
        """
        cut = choose_cut(None, distance_threshold) or self._stored_cut()
        labels = self.cut(**cut) if cut else None
        return self._tree(labels, cut.get("distance_threshold"), "height")

    def _tree(
        self, labels: np.ndarray | None, threshold: float | None, axis: str
    ) -> Tree:
        """Return what to draw."""
        linkage = self.linkage
        groups = None if labels is None else cluster_groups(linkage, labels)
        heights = axis == "height"
        values = linkage[:, 2] if heights else np.arange(1, len(linkage) + 1.0)
        place = threshold if heights else None
        name = self._stored("height_name", "distance") if heights else "merge"
        if groups is not None and place is None:
            place = find_cut(linkage, groups, values)
        return Tree(
            linkage,
            values,
            groups=groups,
            place_of_cut=place,
            names=self.names,
            value_name=str(name),
            title=str(self.metadata.get_item("General.title", "")),
        )

    def _stored(self, name: str, default: Any | None = None) -> Any:
        return self.metadata.get_item(f"{_NODE}.{name}", default)

    def _stored_cut(self) -> dict[str, Any]:
        stored = {name: self._stored(name) for name in _TYPES}
        try:
            return {n: _TYPES[n](v) for n, v in stored.items() if v is not None}
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"The dendrogram's cut is damaged: {_NODE} in its metadata has "
                f"{stored!r:.90}. Delete it there."
            ) from error

    def _keep_names(self, names: Sequence[str]) -> None:
        names = [str(name) for name in names]
        _check_names(names, len(self.linkage) + 1)
        # One string: beside a list, HyperSpy 2.5 loads a signal as a `BaseSignal`.
        self.metadata.set_item(f"{_NODE}.names", json.dumps(names))

    def _keep_patterns(self, patterns: BaseSignal) -> None:
        _check_patterns(patterns, self.labels)
        patterns = patterns.deepcopy()
        if patterns._lazy:
            patterns.compute(show_progressbar=False)
        self.metadata.set_item(f"{_NODE}.patterns", patterns)

    def _insets(
        self, labels: np.ndarray | None, patterns: bool | BaseSignal
    ) -> Insets | None:
        """Return which patterns there are of which groups, or None."""
        if isinstance(patterns, BaseSignal):
            _check_patterns(patterns, labels)
            return Insets(patterns, match_groups(labels, labels))
        if not patterns or labels is None or self.patterns is None:
            return None
        kept = self.labels
        _check_patterns(self.patterns, kept)
        indices = match_groups(labels, kept)
        return Insets(self.patterns, indices) if indices else None


class LazyDendrogram(LazySignal, Dendrogram):
    """`Dendrogram` whose linkage matrix is a Dask array."""

    # `LazySignal` has a method of its own, which would come first.
    plot = Dendrogram.plot


def _read_names(stored: Any) -> list[str]:
    """Return names that are kept in the metadata, or raise if they are damaged."""
    try:
        names = json.loads(stored)
    except (TypeError, ValueError):
        names = None
    if not isinstance(names, list):
        raise ValueError(
            f"The dendrogram's names are damaged: {_NODE}.names in its metadata is "
            f"{stored!r:.60}, not a list of names. Delete it there."
        )
    return [str(name) for name in names]


def _check_names(names: Sequence[str], n: int) -> None:
    if len(names) != n:
        raise ValueError(f"{len(names)} names for {n} components: give one for each.")


def _check_patterns(patterns: object, labels: np.ndarray | None) -> None:
    if not isinstance(patterns, BaseSignal):
        raise ValueError(f"patterns={type(patterns).__name__}: give a signal.")
    if labels is None:
        raise ValueError(
            "patterns are those of groups: give n_clusters or distance_threshold too."
        )
    n_groups = labels.max() + 1
    n_patterns = max(patterns.axes_manager.navigation_size, 1)
    if n_patterns != n_groups:
        raise ValueError(
            f"{n_patterns} patterns for {n_groups} groups: give one for each, along "
            "the navigation axis."
        )
