"""What a clustering of diffraction patterns found, as HyperSpy signals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from hspy_cnmf._hyperspy import nodes, store
from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.late_methods import LateMethods
from hspy_cnmf._hyperspy.results import StoredResult
from hspy_cnmf._hyperspy.scales import share_a_unit
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf._hyperspy.wrap import (
    list_of,
    matrix_of_components,
    stack_like,
    windows_like,
)
from hspy_cnmf.clustering.group_measurements import GroupMeasurements
from hspy_cnmf.clustering.inputs import Components
from hspy_cnmf.clustering.measures import aligned_windows, check_group
from hspy_cnmf.figures.clusters import plot_clusters
from hspy_cnmf.figures.explore_groups import GroupExplorer
from hspy_cnmf.figures.figure import AnyFigure
from hspy_cnmf.maps.map_similarity import map_similarity
from hspy_cnmf.notebook_html import Picture
from hspy_cnmf.patterns.geometry import PatternGeometry
from hspy_cnmf.patterns.grouping import sum_maps
from hspy_cnmf.patterns.similarity import Comparison
from hspy_cnmf.plain_text import plain_units
from hspy_cnmf.signals import Dendrogram


@dataclass(frozen=True, eq=False, repr=False)
class DiffractionClusters(GroupMeasurements, StoredResult, LateMethods):
    """Groups of components that are the same crystal, turned in the plane.

    Groups are counted from 0 in the order of their first components. Everything but
    `components` is kept in the signal that was clustered, and saved with it.

    Attributes
    ----------
    dendrogram : Dendrogram
        The tree, (| 4, n - 1), with its cut.
    labels : hyperspy.signals.Signal1D
        Group of each component, (| n).
    factors : pyxem.signals.Diffraction2D or PolarDiffraction2D
        Mean pattern of each group, its members turned onto the heaviest of them and
        weighted by their total loading, (group | kx, ky). NaN where masked.
    loadings : hyperspy.signal.BaseSignal or None
        Sum of the maps of each group, (group | x, y). None where there are no maps.
    aligned_loadings : hyperspy.signal.BaseSignal or None
        Mean map of the particles of each group, shifted onto one another, about the
        centre of a window, (group | x, y); NaN where a group has no particle. None
        where maps do not have two dimensions with even steps.
    similarity : hyperspy.signals.Signal2D
        Of all pairs of components, in [-1, 1], (| n, n).
    rotation : hyperspy.signals.Signal2D
        Rotation in (-180, 180] degrees that brings the second of a pair (column) onto
        the first (row), counter-clockwise as seen in a plot, as `scipy.ndimage.rotate`
        turns an image, (| n, n).
    mirrored : hyperspy.signals.Signal2D
        Whether the second is mirrored at the horizontal line through the centre
        before, (| n, n).
    map_similarity : hyperspy.signals.Signal2D or None
        Largest normalised cross-correlation of the maps of all pairs, (| n, n). None
        where there are no maps, or of more than three dimensions.
    member_rotation, member_mirrored : hyperspy.signals.Signal1D
        Turn that was given to each component in its group's mean, (| n); not turned
        is the heaviest of each group.
    parameters : dict
        Arguments of the clustering, centre in pixels, and the reason for the cut.
    components : Components
        Factors and loadings that were clustered.
    """

    node = nodes.CLUSTERS
    noun = "clusters"
    command = "s.cluster_diffraction()"
    shapes: ClassVar[dict] = {
        "dendrogram": "merges 4",
        "labels": "n",
        "factors": "groups pattern",
        "loadings": "groups map",
        "aligned_loadings": "groups ...",
        "similarity": "n n",
        "rotation": "n n",
        "mirrored": "n n",
        "map_similarity": "n n",
        "member_rotation": "n",
        "member_mirrored": "n",
    }
    entries: ClassVar[dict] = {
        "similarity": str,
        "linkage": str,
        "cut": str,
        "components": list,
    }

    dendrogram: Dendrogram
    labels: BaseSignal
    factors: BaseSignal
    loadings: BaseSignal | None
    aligned_loadings: BaseSignal | None
    similarity: BaseSignal
    rotation: BaseSignal
    mirrored: BaseSignal
    map_similarity: BaseSignal | None
    member_rotation: BaseSignal
    member_mirrored: BaseSignal
    parameters: dict
    components: Components

    @classmethod
    def from_clustering(
        cls,
        components: Components,
        pairs: Comparison,
        linkage: np.ndarray,
        cut: dict[str, Any],
        turns: tuple[np.ndarray, np.ndarray],
        means: np.ndarray,
        parameters: dict[str, Any],
    ) -> DiffractionClusters:
        """Wrap the arrays of a clustering.

        Parameters
        ----------
        components : Components
            What was clustered.
        pairs : Comparison
            All pairs compared.
        linkage : numpy.ndarray, shape (n - 1, 4)
            The tree.
        cut : dict
            Argument of `Dendrogram.cut`.
        turns : tuple of numpy.ndarray, shape (n,)
            Rotation, and whether mirrored, of each component in its group.
        means : numpy.ndarray, shape (n_groups, *pattern_shape)
            Mean patterns.
        parameters : dict
            To be remembered; plain numbers, strings and lists.
        """
        given = components
        factors = stack_like(given.factors, means, "group", "Mean factors of groups")
        name = f"{parameters['similarity']} similarity"
        height = f"1 - {name}"
        if parameters["linkage"] == "merge" and name == "diffraction similarity":
            height += ", beside noise"
        dendrogram = Dendrogram.from_linkage(
            linkage,
            **cut,
            names=[f"$w_{{{k}}}$" for k in given.indices],
            patterns=factors,
            height_name=height,
            title=factors.metadata.General.title.replace("Mean factors", "Dendrogram"),
        )
        labels = dendrogram.cut(**cut)
        return cls(
            dendrogram=dendrogram,
            labels=list_of(labels, "component", "Group"),
            factors=factors,
            similarity=matrix_of_components(pairs.similarity, name.capitalize()),
            rotation=matrix_of_components(pairs.rotation, "Rotation", "°"),
            mirrored=matrix_of_components(pairs.mirrored, "Mirrored"),
            member_rotation=list_of(turns[0], "component", "Rotation in group", "°"),
            member_mirrored=list_of(turns[1], "component", "Mirrored in group"),
            **_of_maps(given, labels),
            parameters=parameters,
            components=given,
        )

    @property
    def n_clusters(self) -> int:
        """Number of groups."""
        return self.factors.axes_manager.navigation_size

    def members(self, group: int) -> np.ndarray:
        """Return the components in a group, as they are counted in the signal."""
        check_group(group, self.n_clusters)
        return self.components.indices[np.asarray(self.labels.data) == group]

    def summary(self) -> str:
        """Return in words what was found."""
        step, unit = 1.0, "px"
        if share_a_unit(self.components.axes) or self.components.is_polar:
            step, unit = self.components.scale.step, self.components.scale.unit
        low, high = (radius * step for radius in self.parameters["radii"])
        lines = [
            "Clustering info:",
            *(
                f"  {name}={self.parameters[name]}"
                for name in ("similarity", "linkage")
            ),
            f"  radii={low:.3g} to {high:.3g} {plain_units(unit) or 'px'}",
            f"  n_clusters={self.n_clusters} ({self.parameters['cut']})",
        ]
        for group in range(self.n_clusters):
            members = ", ".join(map(str, self.members(group)))
            lines.append(f"  group {group}: components {members}")
        return "\n".join(lines)

    def pictures(self) -> Iterable[Picture]:
        """Return the mean patterns of groups."""
        shape = self.factors.axes_manager.signal_shape[::-1]
        patterns = np.asarray(aligned_data(self.factors)).reshape(-1, *shape)
        for group, pattern in enumerate(patterns):
            yield Picture(f"group {group}", pattern, "magma", 0.4)

    def plot(self, groups: Any = None, **kwargs: Any) -> AnyFigure:
        """Plot each group's pattern, map, mean particle and member components.

        Parameters
        ----------
        groups : int or sequence of int, optional
            How many groups, or which. Default: all.
        **kwargs
            For `hspy_cnmf.plot_clusters`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        return plot_clusters(self, groups, **kwargs)

    def explore(self) -> GroupExplorer:
        """Explore the groups by hand: the dendrogram's cut is a line to be dragged.

        Returns
        -------
        GroupExplorer
            Its `labels` are those of the cut that is shown, and its
            `distance_threshold` is what ``cluster_diffraction`` takes to keep them.
            See `hspy_cnmf.figures.explore_groups`.
        """
        return GroupExplorer(self)

    @cached_property
    def geometry(self) -> PatternGeometry:
        """How patterns turn: `hspy_cnmf.patterns.geometry`."""
        return self.components.geometry(self.parameters["center"])

    @classmethod
    def from_signal(
        cls, signal: BaseSignal, stored: Mapping[str, Any]
    ) -> dict[str, Components]:
        """Return the components, of the signal that keeps the groups."""
        factors, loadings = store.component_signals(signal)
        indices = stored["parameters"]["components"]
        return {"components": Components.from_stacks(factors, loadings, indices)}

    def check(self) -> None:
        """Raise unless every group is there, and has a member."""
        labels, n_components = self.labels.data, len(self.components.indices)
        if len(labels) != n_components:
            raise ValueError(f"{len(labels)} labels are not of {n_components}.")
        if not np.array_equal(np.unique(labels), np.arange(self.n_clusters)):
            raise ValueError(f"'labels' are not those of {self.n_clusters} groups.")
        if len(self.dendrogram.data) != n_components - 1:
            raise ValueError(f"'dendrogram' is not one of {n_components} components.")
        for name, empty in (("radii", False), ("center", True)):
            pair = self.parameters.get(name)
            if not (empty and pair is None) and _numbers(pair).shape != (2,):
                raise ValueError(f"'parameters' has {pair!r:.60} for {name!r}.")


def _numbers(values: Any) -> np.ndarray:
    """Return a list of finite numbers as an array, anything else as an empty one."""
    is_list = isinstance(values, list) and all(isinstance(v, Real) for v in values)
    return np.array(values if is_list and np.isfinite(values).all() else [], float)


#: Names of the signals of `DiffractionClusters`.
SIGNALS = tuple(
    field.name
    for field in fields(DiffractionClusters)
    if field.name not in ("parameters", "components")
)


def _of_maps(
    components: Components, labels: np.ndarray
) -> dict[str, BaseSignal | None]:
    """Return what is made of the maps, None where there are none."""
    names = ("loadings", "aligned_loadings", "map_similarity")
    maps, loadings = components.maps, components.loadings
    if maps is None:
        return dict.fromkeys(names)
    sums = stack_like(loadings, sum_maps(maps, labels), "group", "Maps of groups")
    aligned = similarity = None
    if maps.ndim <= 4:
        similarity = matrix_of_components(map_similarity(maps), "Map similarity")
    axes = components.map_axes
    is_even = all(axis.is_uniform for axis in axes) and share_a_unit(axes)
    if maps.ndim == 3 and is_even:
        windows = aligned_windows(maps, components.map_scale.steps, labels)
        aligned = windows_like(loadings, windows, "Mean particles of groups")
    return dict(zip(names, (sums, aligned, similarity), strict=True))


def get_clusters(signal: BaseSignal) -> DiffractionClusters:
    """Return the clusters that are kept in a signal, also after save and load.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D or PolarDiffraction2D
        A signal after ``cluster_diffraction``.

    Returns
    -------
    DiffractionClusters

    Raises
    ------
    RuntimeError
        If the components of this signal have not been clustered.
    """
    return DiffractionClusters.read_from(signal)
