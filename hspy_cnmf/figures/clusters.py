"""Groups of diffraction patterns, each with its maps and its members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from hspy_cnmf._hyperspy.checks import component_indices
from hspy_cnmf.arguments import check_result
from hspy_cnmf.figures.cluster_places import Places
from hspy_cnmf.figures.figure import AnyFigure, new_figure, without_tex, write_title
from hspy_cnmf.figures.gallery import colour
from hspy_cnmf.figures.panels import Stack, images_of, sums
from hspy_cnmf.plain_text import plain_text

if TYPE_CHECKING:
    from typing_extensions import Self

    from hspy_cnmf.figures.cluster_places import Rectangle

_WIDEST = 2.0
"""Largest ratio of width and height of panels whose shape is free."""

_HEADS = {"mean": "mean pattern", "map": "sum of maps", "particle": "mean particle"}


@without_tex
def plot_clusters(
    clusters: Any,
    groups: int | Sequence[int] | None = None,
    *,
    factor_gamma: float | None = None,
    loading_gamma: float | None = None,
    figure: AnyFigure | None = None,
) -> AnyFigure:
    """Plot groups with their maps and their members.

    Parameters
    ----------
    clusters : DiffractionClusters
        From `hspy_cnmf.cluster_diffraction` or `hspy_cnmf.get_clusters`.
    groups : int or sequence of int, optional
        How many groups to plot, or which, counted from 0. Default: all.
    factor_gamma, loading_gamma : float, optional
        Scales follow intensity to this power: below 1 enhances low intensities, 1 is
        linear. Default: 0.3 for patterns, 0.5 for maps, 1 for line scans.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure whose size fits the groups.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        One row for each group, in its colour in the dendrogram: its mean pattern; the
        sum of its maps, and its share of the counts; the mean of its particles; and
        its members as they were before they were turned, heaviest first, each with
        the rotation in degrees, counter-clockwise, that turned it onto the first, and
        "m" if it was mirrored before. All patterns have one scale, so have all sums of
        maps, and all particles. Masked is grey.

    Raises
    ------
    IndexError
        If there is no such group.
    """
    check_result("clusters", clusters, "n_clusters", "s.cluster_diffraction()")
    shown = _Groups.from_clusters(clusters, groups, factor_gamma, loading_gamma)
    canvas = _Canvas.from_groups(shown, figure)
    images: dict[str, AxesImage] = {}
    for row in range(len(shown.numbers)):
        images |= _draw_group(canvas, shown, row)
    _draw_heads(canvas, shown)
    for k, name in enumerate(shown.image_names):
        ax = canvas.axes(canvas.places.bar(k), f"bar {name}")
        shown.stacks[name].draw_colorbar(ax, images[name])
    return canvas.figure


@dataclass(frozen=True, eq=False)
class _Groups:
    """What is drawn of some groups.

    Parameters
    ----------
    numbers : numpy.ndarray of int, shape (n_groups,)
        Which groups.
    members : list of numpy.ndarray of int
        Members of each, counted among the components that were clustered, heaviest
        first.
    stacks : dict of str to Stack
        "mean": mean patterns of these groups, and then those of all components;
        and of these groups, where there are any, "map" and "particle".
    captions : list of str
        Name and turn of each component.
    shares : numpy.ndarray, shape (n_components,)
        Each component's share of the counts.
    title : str
        Title of the figure.
    """

    numbers: np.ndarray
    members: list[np.ndarray]
    stacks: dict[str, Stack]
    captions: list[str]
    shares: np.ndarray
    title: str

    @classmethod
    def from_clusters(
        cls,
        clusters: Any,
        groups: int | Sequence[int] | None,
        factor_gamma: float | None,
        loading_gamma: float | None,
    ) -> Self:
        """Gather what is drawn of groups; parameters as of `plot_clusters`."""
        numbers = _group_numbers(groups, clusters.n_clusters)
        components = clusters.components
        labels = np.asarray(clusters.labels.data)
        order = np.argsort(-components.weights, kind="stable")
        members = [order[labels[order] == number] for number in numbers]
        values, axes = images_of(clusters.factors)
        means = Stack.from_array(
            np.concatenate([values[numbers], components.patterns]),
            axes,
            gammas=(0.5, 0.3) if factor_gamma is None else factor_gamma,
            colormap="magma",
            label="factor",
        )
        others = _maps_and_particles(clusters, numbers, loading_gamma)
        stacks = {"mean": means} | others
        shares = components.weights * sums(components.patterns)
        title = _title(clusters, len(numbers), stacks)
        captions = _captions(clusters)
        return cls(numbers, members, stacks, captions, shares / shares.sum(), title)

    @property
    def image_names(self) -> list[str]:
        """Names of the stacks that are not lines, so that they need colour bars."""
        return [name for name, stack in self.stacks.items() if stack.is_image]


def _group_numbers(groups: int | Sequence[int] | None, n_groups: int) -> np.ndarray:
    try:
        return component_indices(groups, n_groups)
    except IndexError:
        raise IndexError(
            f"groups={groups!r}: there are {n_groups} groups, counted from 0."
        ) from None


def _maps_and_particles(
    clusters: Any, numbers: np.ndarray, gamma: float | None
) -> dict[str, Stack]:
    """Return stacks by name, without those that hold nothing."""
    signals = {"map": clusters.loadings, "particle": clusters.aligned_loadings}
    labels = {"map": "loading (sum)", "particle": "loading (mean particle)"}
    stacks = {}
    for name, signal in signals.items():
        if signal is None:
            continue
        stack = Stack.from_signal(
            signal,
            numbers,
            gammas=(1, 0.5) if gamma is None else gamma,
            colormap="viridis",
            label=labels[name],
        )
        if not np.isnan(stack.values).all():
            stacks[name] = stack
    return stacks


def _captions(clusters: Any) -> list[str]:
    """Return the names of components and how they are turned in their groups."""
    return [
        f"$w_{{{index}}}$ {_degrees(rotation)}{' m' if mirrored else ''}"
        for index, rotation, mirrored in zip(
            clusters.components.indices,
            clusters.member_rotation.data,
            clusters.member_mirrored.data,
            strict=True,
        )
    ]


def _degrees(rotation: float) -> str:
    # Adding 0 makes -0 positive.
    return f"{np.round(rotation) + 0:.0f}°".replace("-", "−")


def _title(clusters: Any, n_shown: int, stacks: Mapping[str, Stack]) -> str:
    n_groups, n = clusters.n_clusters, len(clusters.components.indices)
    shown = f"{n_groups}" if n_shown == n_groups else f"{n_shown} of {n_groups}"
    parts = [f"{n} components in {shown} group{'' if n_groups == 1 else 's'}"]
    parts += [stack.note for stack in stacks.values() if stack.note]
    title = clusters.factors.metadata.get_item("General.title", "")
    # The title of the stack begins with what it holds.
    of = plain_text(title.partition("groups of ")[2], 60)
    return ": ".join(filter(None, (of, ", ".join(parts))))


@dataclass(frozen=True, eq=False)
class _Canvas:
    """A figure, and where everything is in it."""

    figure: AnyFigure
    places: Places

    @classmethod
    def from_groups(cls, shown: _Groups, figure: AnyFigure | None) -> Self:
        """Make a figure for groups, or prepare the one that is given."""
        free = [
            name
            for name, stack in shown.stacks.items()
            if not (stack.is_image and stack.has_equal_units)
        ]
        aspects = {
            name: min(stack.aspect, _WIDEST) if name in free else stack.aspect
            for name, stack in shown.stacks.items()
        }
        places = Places.from_aspects(
            aspects,
            free,
            aspects["mean"],
            max(len(members) for members in shown.members),
            len(shown.numbers),
            len(shown.image_names),
        )
        if figure is None:
            figure = new_figure("Groups", figsize=places.size)
        elif isinstance(figure, Figure):
            figure.set_layout_engine("none")  # it would know of no place
        return cls(figure, places)

    def fractions(self, left: float, top: float) -> tuple[float, float]:
        """Return a place in inches as fractions of the figure."""
        width, height = self.places.size
        return left / width, 1 - top / height

    def axes(self, rectangle: Rectangle, gid: str) -> Axes:
        """Return new axes in a rectangle in inches."""
        left, top, width, height = rectangle
        x, y = self.fractions(left, top + height)
        right, upper = self.fractions(left + width, top)
        return self.figure.add_axes((x, y, right - x, upper - y), gid=gid)

    def write(self, left: float, top: float, text: str, **style: Any) -> None:
        """Write at a place in inches."""
        self.figure.text(*self.fractions(left, top), text, **style)


def _draw_group(canvas: _Canvas, shown: _Groups, row: int) -> dict[str, AxesImage]:
    """Draw a row and return the images by the names of their stacks."""
    number, members = shown.numbers[row], shown.members[row]
    titles = {
        "mean": f"{number}: {len(members)} of {len(shown.captions)}",
        "map": f"{100 * shown.shares[members].sum():.3g} %",
        "particle": "",
    }
    is_lowest = row == len(shown.numbers) - 1
    images = {}
    for name, stack in shown.stacks.items():
        if np.isnan(stack.values[row]).all():
            continue
        ax = canvas.axes(canvas.places.panel(name, row), f"{name} {number}")
        is_first = not np.isfinite(stack.values[:row]).any()
        image = stack.draw(ax, row, scale_bar=is_first, axis_labels=is_lowest)
        if image is not None:
            images[name] = image
        ax.tick_params(labelbottom=is_lowest)
        # To the left above a line may be a power of ten.
        side: Any = "left" if stack.is_image else "right"
        style: dict[str, Any] = {"color": colour(number), "fontsize": "small", "pad": 3}
        ax.set_title(titles[name], loc=side, **style)
        ax.spines[:].set(color=colour(number), linewidth=1.5)
    _draw_members(canvas, shown, row)
    return images


def _draw_members(canvas: _Canvas, shown: _Groups, row: int) -> None:
    """Draw the members of a group, or as many as there is room for."""
    members, stack = shown.members[row], shown.stacks["mean"]
    n_slots = np.prod(canvas.places.member_grid)
    n_drawn = len(members) if len(members) <= n_slots else n_slots - 1
    for i, k in enumerate(members[:n_drawn]):
        ax = canvas.axes(canvas.places.member(i, row), f"member {k}")
        stack.draw(ax, len(shown.numbers) + k, scale_bar=False, axis_labels=False)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(color=colour(shown.numbers[row]), linewidth=0.8)
        ax.set_title(shown.captions[k], fontsize=6.5, pad=2)
    if n_drawn < len(members):
        left, top, width, height = canvas.places.member(n_drawn, row)
        text = f"+ {len(members) - n_drawn}\nmore"
        style = {"ha": "center", "va": "center", "fontsize": "small"}
        canvas.write(left + width / 2, top + height / 2, text, **style)


def _draw_heads(canvas: _Canvas, shown: _Groups) -> None:
    """Write the title of the figure, and what there is in the columns."""
    _, y = canvas.fractions(0, 0.08)
    write_title(canvas.figure, shown.title, y=y, va="top")
    heads = {name: canvas.places.panel(name, 0)[0] for name in shown.stacks}
    text = "members, rotation"
    if any(caption.endswith("m") for caption in shown.captions):
        text += " (m: mirrored)"
    top = canvas.places.rows[0] - 0.02
    for left, head in [
        *((left, _HEADS[name]) for name, left in heads.items()),
        (canvas.places.member_left, text),
    ]:
        canvas.write(left, top, head, va="bottom", fontsize="small", color="0.3")
