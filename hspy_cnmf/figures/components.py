"""Factors and loadings of a decomposed signal side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike

from hspy_cnmf._hyperspy.checks import component_indices
from hspy_cnmf._hyperspy.store import check_results_fit, get_result, get_run
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.arguments import whole_number
from hspy_cnmf.figures.figure import (
    AnyFigure,
    new_figure,
    title_of,
    without_tex,
    write_title,
)
from hspy_cnmf.figures.panels import Stack, images_of, sums

_PANEL_HEIGHT = 1.45
"""Height of a panel in inches."""

_TITLE_WIDTH = 1.1
"""Width in inches that the title of a map takes in one line."""

_PREFERRED_WIDTH = 9.5
"""Width of a figure in inches, where its panels allow it."""

_GAP = 0.06
"""Space between pairs, as a fraction of the height of a panel."""


@without_tex
def plot_components(
    signal: BaseSignal,
    comp_ids: int | Sequence[int] | np.ndarray | None = None,
    *,
    cmap: str | tuple[str, str] = ("magma", "viridis"),
    per_row: int | None = None,
    factor_gamma: float | None = None,
    loading_gamma: float | None = None,
    figure: AnyFigure | None = None,
) -> AnyFigure:
    """Plot factors with their loadings beside them, each kind on one common scale.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        A signal after ``decomposition(algorithm="constrained_nmf")``, lazy or not,
        also one that was saved and loaded.
    comp_ids : int or sequence of int, optional
        How many components to plot, or which, counted from 0. Default: those that
        were found; empty ones are counted in the title.
    cmap : str or tuple of str, default ("magma", "viridis")
        Colours of factors and of loadings, or of both.
    per_row : int, optional
        How many components are beside each other. Default: as many as make a figure
        of about 9.5 inches.
    factor_gamma, loading_gamma : float, optional
        Scales follow intensity to this power: below 1 enhances low intensities, 1 is
        linear. Default: 0.3 for diffraction patterns, 0.5 for spectra and maps, 1
        for line scans.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure whose size fits the components.

    Returns
    -------
    matplotlib.figure.Figure
        For each component its factor and, to the right, its loading: an image, or a
        line where there is a single axis. Where there are more than two navigation
        axes, loadings are the mean over the outer ones, and the title says so.
        Masked is grey. The percentage is the component's share of the counts in the
        factorisation. A fraction such as 3/4 tells how many of the other starts found
        the component again (`Result.found_again`); it is red where most did not.

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    IndexError
        If there is no such component.

    Notes
    -----
    After Figs. 6 and 8 of Kimoto et al., Sci. Rep. (2025),
    doi:10.1038/s41598-025-23541-7.
    """
    cmaps = _colormaps(cmap)
    gammas = factor_gamma, loading_gamma
    pairs = _Pairs.from_signal(signal, comp_ids, cmaps, gammas)
    grid = _grid_shape(len(pairs.indices), pairs.aspect, per_row)
    if figure is None:
        figure = new_figure("Components", figsize=_figure_size(grid, pairs.aspect))
        figure.set_layout_engine("compressed")
    axes = _add_axes(figure, grid, pairs)
    images = [pairs.draw(axes[i], i, grid[1]) for i in range(len(axes))]
    _draw_colorbars(figure, axes, images[0], pairs, grid[0])
    write_title(figure, pairs.title)
    return figure


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Factors and loadings that are drawn, with their numbers and shares."""

    factors: Stack
    loadings: Stack
    indices: np.ndarray
    shares: np.ndarray
    found_again: np.ndarray
    n_others: int
    title: str

    @classmethod
    def from_signal(
        cls,
        signal: BaseSignal,
        comp_ids: int | Sequence[int] | np.ndarray | None,
        cmaps: tuple[str, str],
        gammas: tuple[float | None, float | None],
    ) -> _Pairs:
        """Gather what is drawn of components; parameters as of `plot_components`."""
        check_results_fit(signal)
        factors, factor_axes = images_of(signal.get_decomposition_factors())
        loadings, loading_axes = images_of(signal.get_decomposition_loadings())
        shares = sums(factors) * sums(loadings)
        indices = found_indices(comp_ids, factors, loadings)
        drawn_factors = Stack.from_array(
            factors[indices],
            factor_axes,
            gammas=(0.5, 0.3) if gammas[0] is None else gammas[0],
            colormap=cmaps[0],
            label="factor (fraction of counts)",
        )
        drawn_loadings = Stack.from_array(
            loadings[indices],
            loading_axes,
            gammas=(1, 0.5) if gammas[1] is None else gammas[1],
            colormap=cmaps[1],
            label="loading (counts)",
        )
        again, n_others = _agreement(signal, len(shares))
        found = words_on_found(comp_ids, len(indices), len(shares))
        title = _title(signal, found, n_others, drawn_factors, drawn_loadings)
        shares = shares / (shares.sum() or 1)
        return cls(
            drawn_factors, drawn_loadings, indices, shares, again, n_others, title
        )

    @property
    def aspects(self) -> list[float]:
        """Width over height of a factor's panel, and of a map's."""
        return [self.factors.aspect, self.loadings.aspect]

    @property
    def aspect(self) -> float:
        """Width over height of a pair."""
        return sum(self.aspects)

    def draw(self, axes: Sequence[Axes], i: int, n_columns: int) -> list:
        """Draw the i-th pair into its two axes and return the images."""
        index = self.indices[i]
        share = f"{100 * self.shares[index]:.3g} %"
        gap = "\n" if self.is_narrow else "   "
        titles = f"$w_{{{index}}}$", f"$h_{{{index}}}${gap}{share}"
        # Beside the title that leaves room.
        k = 0 if self.is_narrow else 1
        self._draw_agreement(axes[k], (self.factors, self.loadings)[k], index)
        images = []
        for ax, stack, title in zip(
            axes, (self.factors, self.loadings), titles, strict=True
        ):
            pad = 3 if stack.is_image else 11  # room for a power of ten
            ax.set_title(title, fontsize="small", loc="left", pad=pad)
            is_lowest = i + n_columns >= len(self.indices)
            images.append(stack.draw(ax, i, scale_bar=i == 0, axis_labels=is_lowest))
        return images

    @property
    def is_narrow(self) -> bool:
        """Whether a map is too narrow for its title to be one line."""
        return self.loadings.aspect * _PANEL_HEIGHT < _TITLE_WIDTH

    def _draw_agreement(self, ax: Axes, stack: Stack, index: int) -> None:
        """Tell above a panel, to the right, how many starts found a component."""
        again = self.found_again[index]
        if not np.isnan(again):
            ax.set_title(
                f"{round(again * self.n_others)}/{self.n_others}",
                fontsize="x-small",
                loc="right",
                pad=3 if stack.is_image else 11,
                color="C3" if again < 0.5 else "0.4",
            )


def _agreement(signal: BaseSignal, n_components: int) -> tuple[np.ndarray, int]:
    """Return the fraction of other starts that found each component, their number."""
    agreement = get_result(signal).agreement if get_run(signal) else None
    if agreement is None or agreement.shape[1] != n_components:
        return np.full(n_components, np.nan), 0
    return get_result(signal).found_again, len(agreement) - 1


def found_indices(
    comp_ids: int | Sequence[int] | np.ndarray | None, *stacks: ArrayLike
) -> np.ndarray:
    """Return which components are meant: by default those that are not empty.

    Parameters
    ----------
    comp_ids : int, sequence of int or None
        How many, or which, counted from 0; None for those that were found, or the
        first where all are empty.
    *stacks : numpy.ndarray, shape (n_components, ...)
        Factors, loadings, or images of the components. Empty ones are zero, or masked
        everywhere, in one of them.

    Returns
    -------
    numpy.ndarray of int

    Raises
    ------
    TypeError, IndexError
        If there are no such components.
    """
    n_components = len(np.asarray(stacks[0]))
    if comp_ids is not None:
        return component_indices(comp_ids, n_components)
    is_found = np.ones(n_components, dtype=bool)
    for stack in stacks:
        # One after the other: copies of all maps are large.
        is_found &= [np.nan_to_num(image).any() for image in np.asarray(stack)]
    return np.flatnonzero(is_found) if is_found.any() else np.zeros(1, dtype=int)


def words_on_found(comp_ids: object, n_shown: int, n_all: int) -> str:
    """Say how many components are shown, and of how many."""
    plural = "" if n_all == 1 else "s"
    if n_shown == n_all:
        return f"{n_all} component{plural}"
    found = " found" if comp_ids is None else ""
    return f"{n_shown} of {n_all} component{plural}{found}"


def _colormaps(cmap: Any) -> tuple[str, str]:
    """Return the names of two colormaps that matplotlib has."""
    names = (cmap, cmap) if isinstance(cmap, str) else cmap
    is_pair = isinstance(names, (tuple, list)) and len(names) == 2
    if not is_pair or not all(isinstance(n, str) and n in colormaps for n in names):
        raise ValueError(
            f"cmap={cmap!r} must be the name of a colormap of matplotlib, or two: for "
            "factors and for loadings."
        )
    return names[0], names[1]


def _grid_shape(n_pairs: int, aspect: float, per_row: int | None) -> tuple[int, int]:
    """Return rows and columns of pairs for a figure of about the preferred width."""
    if per_row is not None:
        per_row = min(whole_number("per_row", per_row, 1), max(n_pairs, 1))
        return ceil(n_pairs / per_row), per_row
    n_columns = max(round(_PREFERRED_WIDTH / (_PANEL_HEIGHT * aspect)), 1)
    n_rows = ceil(n_pairs / n_columns)
    return n_rows, ceil(n_pairs / n_rows)


def _figure_size(grid: tuple[int, int], aspect: float) -> tuple[float, float]:
    n_rows, n_columns = grid
    width = n_columns * (_PANEL_HEIGHT * aspect + 0.25) + 1.8
    return width, n_rows * (_PANEL_HEIGHT + 0.25) + 0.5


def _add_axes(figure: AnyFigure, grid: tuple[int, int], pairs: _Pairs) -> np.ndarray:
    """Return axes, shape (n_pairs, 2), with a gap after each pair."""
    n_rows, n_columns = grid
    gap = _TITLE_WIDTH / _PANEL_HEIGHT / 2 if pairs.is_narrow else _GAP
    widths = ([*pairs.aspects, gap] * n_columns)[:-1]
    cells = figure.add_gridspec(n_rows, len(widths), width_ratios=widths)
    places = [divmod(i, n_columns) for i in range(len(pairs.indices))]
    return np.array(
        [
            [figure.add_subplot(cells[row, 3 * column + k]) for k in range(2)]
            for row, column in places
        ]
    )


def _draw_colorbars(
    figure: AnyFigure,
    axes: np.ndarray,
    images: Sequence[AxesImage | None],
    pairs: _Pairs,
    n_rows: int,
) -> None:
    pad = 0.06 if pairs.is_narrow else 0.01  # room for a title that stands out
    # The one drawn last is next to the panels.
    for image, stack in ((images[1], pairs.loadings), (images[0], pairs.factors)):
        if image is None:
            continue
        bar = figure.colorbar(
            image, ax=list(axes.ravel()), fraction=0.03, pad=pad, aspect=18 * n_rows
        )
        bar.set_label(stack.label, fontsize="small")
        bar.ax.tick_params(labelsize="x-small")
        bar.ax.ticklabel_format(axis="y", scilimits=(-2, 4))
        bar.set_ticks(stack.ticks)
        bar.ax.yaxis.get_offset_text().set_fontsize("x-small")


def _title(signal: BaseSignal, found: str, n_others: int, *stacks: Stack) -> str:
    parts = [found]
    parts += [stack.note for stack in stacks if stack.note]
    if n_others:
        parts.append(f"k/{n_others}: other starts that found it")
    return ": ".join(filter(None, (title_of(signal), ", ".join(parts))))
