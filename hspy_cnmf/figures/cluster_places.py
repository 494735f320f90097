"""Where the panels of groups and of their members go in a figure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing_extensions import Self

#: Left and upper edge, width and height.
Rectangle = tuple[float, float, float, float]

_PREFERRED_WIDTH = 10.0
"""Width in inches of everything but colour bars, where the panels allow it."""

_PREFERRED_HEIGHT = 9.5
"""Height in inches of all groups, where they are not too many for it."""

_PANEL_HEIGHTS = 0.95, 1.45
"""Least and largest height of a group's panels in inches."""

_LARGEST_MEMBER = 0.7
"""Largest height of a member's panel in inches."""

_HEAD_WIDTH = 0.95
"""Width in inches for the head of a column."""

_CAPTION_WIDTH = 0.64
"""Width in inches for the name of a member and its rotation."""

_MEMBER_COLUMNS = 3, 8
"""Least and largest number of columns of members, where there are so many."""

_TITLE = 0.19
"""Height in inches for the title of a panel."""

_TICKS = 0.5
"""Width or height in inches for numbers and the name of an axis."""

_GAP = 0.12
"""Space in inches between panels."""

_TOP = 0.55
"""Height in inches for the title of the figure and the heads of columns."""

_BAR = 0.12, 0.68
"""Width of a colour bar in inches, and of its numbers and label."""

_BAR_GAP = 0.25
"""Space in inches before colour bars, over which powers of ten may reach."""

_LONGEST_BAR = 3.2
"""Largest height of a colour bar in inches."""


@dataclass(frozen=True, eq=False)
class Places:
    """Rectangles (left, top, width, height) in inches from the upper left corner.

    Parameters
    ----------
    panel_columns : dict of str to (float, float)
        Left edges and widths of panels.
    panel_height : float
        Height of panels.
    rows : numpy.ndarray, shape (n_groups,)
        Upper edges of groups.
    member_left, member_height, member_width : float
        Left edge of members, and the size of each.
    member_grid : tuple of int
        Rows and columns of the members of a group.
    bar_left : float
        Left edge of colour bars.
    size : tuple of float
        Width and height of everything.
    """

    panel_columns: dict[str, tuple[float, float]]
    panel_height: float
    rows: np.ndarray
    member_left: float
    member_height: float
    member_width: float
    member_grid: tuple[int, int]
    bar_left: float
    size: tuple[float, float]

    @classmethod
    def from_aspects(
        cls,
        aspects: Mapping[str, float],
        with_ticks: Collection[str],
        member_aspect: float,
        most_members: int,
        n_groups: int,
        n_bars: int,
    ) -> Self:
        """Find places for groups.

        Parameters
        ----------
        aspects : dict of str to float
            Width over height of the panels that each group has.
        with_ticks : collection of str
            Panels with numbers on their axes.
        member_aspect : float
            Width over height of the panels of members.
        most_members : int
            In the largest group.
        n_groups, n_bars : int
            Number of groups and of colour bars.

        Returns
        -------
        Places
        """
        room = _PREFERRED_HEIGHT / n_groups - _TITLE - _GAP
        height = float(np.clip(room, *_PANEL_HEIGHTS))
        columns, left = {}, _GAP
        for name, aspect in aspects.items():
            left += _TICKS * (name in with_ticks)
            columns[name] = left, max(height * aspect, _HEAD_WIDTH)
            left += columns[name][1] + _GAP
        left += _GAP
        # Two lines of members, each with titles, beside panels that are high enough.
        n_lines = 2 if height > sum(_PANEL_HEIGHTS) / 2 else 1
        member_height = (height + _TITLE - (n_lines - 1) * _GAP / 2) / n_lines - _TITLE
        member_height = min(member_height, _LARGEST_MEMBER)
        member_width = max(member_height * member_aspect, _CAPTION_WIDTH)
        fitting = int((_PREFERRED_WIDTH - left) / (member_width + _GAP / 2))
        n_columns = int(np.clip(fitting, *_MEMBER_COLUMNS))
        n_columns = min(n_columns, ceil(most_members / n_lines))
        right = left + n_columns * (member_width + _GAP / 2) + _BAR_GAP
        rows = _TOP + np.arange(n_groups) * (_TITLE + height + _GAP)
        bottom = rows[-1] + _TITLE + height + (_TICKS if with_ticks else _GAP)
        return cls(
            columns,
            height,
            rows,
            left,
            member_height,
            member_width,
            (n_lines, n_columns),
            right,
            (right + n_bars * sum(_BAR), float(bottom)),
        )

    def panel(self, name: str, row: int) -> Rectangle:
        """Return the rectangle of a panel of a group."""
        left, width = self.panel_columns[name]
        return left, self.rows[row] + _TITLE, width, self.panel_height

    def member(self, index: int, row: int) -> Rectangle:
        """Return the rectangle of a member of a group."""
        line, column = divmod(index, self.member_grid[1])
        left = self.member_left + column * (self.member_width + _GAP / 2)
        step = self.member_height + _TITLE + _GAP / 2
        top = self.rows[row] + _TITLE + line * step
        return left, top, self.member_width, self.member_height

    def bar(self, index: int) -> Rectangle:
        """Return the rectangle of a colour bar."""
        top = self.rows[0] + _TITLE
        height = min(self.rows[-1] + _TITLE + self.panel_height - top, _LONGEST_BAR)
        return self.bar_left + index * sum(_BAR), top, _BAR[0], height
