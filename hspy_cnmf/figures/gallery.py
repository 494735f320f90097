"""Groups of a dendrogram: their numbers, bars over their components, and patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from sklearn.isotonic import isotonic_regression

from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.panels import Stack

_PANEL_HEIGHT = 0.95
"""Height of a pattern in inches, where there is room."""

_SLOT_HEIGHT = 1.2
"""Height of a pattern with its title and the gap below."""

_LEAST_SLOT_HEIGHT = 0.9
"""To what height slots shrink before there is another column."""

_BAR_WIDTH = 0.4
"""Width in inches for numbers and bars."""

_GAP = 0.15
"""Width in inches between patterns."""

_LEADER_WIDTH = 0.2
"""Width in inches for the lines from patterns to groups."""

_MAX_COLUMNS = 4
"""In how many columns patterns are placed before a new figure gets taller."""


@dataclass(frozen=True, eq=False)
class Insets:
    """Patterns to draw beside groups.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Patterns along the navigation axis.
    indices : dict of int to int
        For the number of a group the index of its pattern.
    """

    signal: BaseSignal
    indices: dict[int, int]

    def stack(self) -> Stack:
        """Return all patterns, also those not drawn: they share the scale."""
        return Stack.from_signal(
            self.signal, gammas=(0.5, 0.3), colormap="magma", label=""
        )

    @property
    def preferred_height(self) -> float:
        """Height in inches for one column of up to six inches, or else for four."""
        n = len(self.indices)
        return max(min(n * _SLOT_HEIGHT, 6), ceil(n / _MAX_COLUMNS) * _SLOT_HEIGHT)


def colour(group: int) -> Any:
    """Return the colour of a group: 14, none of them grey or too light for text."""
    tab10, tab20b = (mpl.color_sequences[name] for name in ("tab10", "tab20b"))
    palette = tab10[:7] + tab10[8:] + tab20b[::4]
    return palette[group % len(palette)]


class Gallery:
    """Groups to the left of their components.

    Horizontal positions are in inches, vertical ones those of the components.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (n,)
        The group of each component.
    positions : numpy.ndarray, shape (n,)
        Vertical position of each component, growing downwards.
    insets : Insets or None
        Patterns of groups.
    height : float
        Height of the axes in inches.
    """

    def __init__(
        self,
        labels: np.ndarray,
        positions: np.ndarray,
        insets: Insets | None,
        height: float,
    ) -> None:
        self.labels = labels
        self.pitch = height / len(labels)
        self.insets = insets
        members = [positions[labels == k] for k in range(labels.max() + 1)]
        self.spans = [(group.min(), group.max()) for group in members]
        self.width = _BAR_WIDTH
        if not insets:
            return
        self.stack = insets.stack()
        n = len(insets.indices)
        self.n_columns = min(ceil(n * _LEAST_SLOT_HEIGHT / height), n)
        slot = min(_SLOT_HEIGHT, height / ceil(n / self.n_columns))
        self.slot = slot / self.pitch
        self.panel_height = _PANEL_HEIGHT * slot / _SLOT_HEIGHT
        self.panel_width = self.panel_height * self.stack.aspect
        self.width += _LEADER_WIDTH + self.n_columns * (self.panel_width + _GAP)

    def draw(self, ax: Axes) -> None:
        """Draw everything into axes that share the vertical axis of the tree."""
        ax.set_xlim(0, self.width)
        ax.axis("off")
        self._draw_bars(ax)
        if not self.insets:
            return
        order = sorted(self.insets.indices, key=self.spans.__getitem__)
        right = self.width - _BAR_WIDTH - _LEADER_WIDTH
        for column in range(self.n_columns):
            groups = order[column :: self.n_columns]
            for group, y in zip(groups, self._places(groups), strict=True):
                self._draw_inset(ax, group, right, y)
                # From further columns lines would cross the nearer ones.
                if self.n_columns == 1:
                    self._draw_leader(ax, group, right, y)
            right -= self.panel_width + _GAP

    def _draw_bars(self, ax: Axes) -> None:
        x = self.width - 0.06
        above = -np.inf
        for group in np.argsort([first for first, _ in self.spans]):
            first, last = self.spans[group]
            ax.plot(
                (x, x),
                (first - 0.35, last + 0.35),
                color=colour(group),
                linewidth=3,
                solid_capstyle="butt",
            )
            middle = (first + last) / 2
            if (middle - above) * self.pitch > 0.12:  # inches, a line of text
                style: dict[str, Any] = {"fontsize": "small", "fontweight": "bold"}
                style |= {"ha": "right", "va": "center", "color": colour(group)}
                ax.text(x - 0.08, middle, f"{group}", **style)
                above = middle

    def _places(self, groups: Sequence[int]) -> np.ndarray:
        """Return the places nearest to the groups where panels do not overlap."""
        shifts = self.slot * np.arange(len(groups))
        wanted = [np.mean(self.spans[group]) for group in groups] - shifts
        top = -0.5 + self.slot / 2
        bottom = max(len(self.labels) - 0.5 - self.slot / 2 - shifts[-1], top)
        return isotonic_regression(wanted, y_min=top, y_max=bottom) + shifts

    def _draw_inset(self, ax: Axes, group: int, right: float, y: float) -> None:
        assert self.insets is not None
        # Height as a fraction of the axes, since the vertical axis points down.
        n = len(self.labels)
        height = self.panel_height / self.pitch / n
        bottom = 1 - (y + 0.5) / n - height / 2
        inset = ax.inset_axes(
            (right - self.panel_width, bottom, self.panel_width, height),
            transform=ax.get_xaxis_transform(),
            gid=f"group {group}",
        )
        index = self.insets.indices[group]
        self.stack.draw(inset, index, scale_bar=False, axis_labels=False)
        inset.set(xticks=[], yticks=[])
        inset.spines[:].set(color=colour(group), linewidth=1.5)
        size = np.count_nonzero(self.labels == group)
        title = f"{group}: {size} of {n}"
        inset.set_title(title, color=colour(group), fontsize="x-small", pad=2)

    def _draw_leader(self, ax: Axes, group: int, right: float, y: float) -> None:
        ends = right + 0.03, self.width - _BAR_WIDTH + 0.1
        middle = np.mean(self.spans[group])
        ax.plot(ends, (y, middle), color=colour(group), linewidth=0.8)
