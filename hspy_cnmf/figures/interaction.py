"""Figures that answer to the mouse, by matplotlib's events alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hyperspy.axes import BaseDataAxis
from matplotlib.axes import Axes
from matplotlib.backend_bases import Event, MouseEvent
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from hspy_cnmf.figures.panels import Stack

#: Power of the scale of patterns that are images, and of those that are lines.
_GAMMAS = 1.0, 0.4


class Interactive:
    """A figure with what its events call, until it is closed.

    The figure keeps it alive: matplotlib itself holds methods weakly.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self._connections: list[int] = []
        self._ends: list[Callable[[], object]] = []
        figure._hspy_cnmf_interactive = self  # type: ignore[attr-defined]
        self.connect("close_event", self._close)

    @property
    def is_connected(self) -> bool:
        """Whether the figure answers: until it is closed."""
        return bool(self._connections)

    def connect(self, name: str, function: Callable[[Any], object]) -> None:
        """Have a function called at each of the figure's events of a name."""
        canvas: Any = self.figure.canvas
        self._connections.append(canvas.mpl_connect(name, function))

    def at_close(self, function: Callable[[], object]) -> None:
        """Have a function called when the figure is closed."""
        self._ends.append(function)

    def disconnect(self) -> None:
        """End all connections; what is drawn stays."""
        while self._connections:
            self.figure.canvas.mpl_disconnect(self._connections.pop())
        while self._ends:
            self._ends.pop()()

    def is_free(self) -> bool:
        """Whether no tool of the toolbar, as zoom, has the mouse."""
        toolbar = getattr(self.figure.canvas.manager, "toolbar", None)
        return not getattr(toolbar, "mode", "")

    def _close(self, event: Event) -> None:
        self.disconnect()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """Return what notebooks show: words, as the figure is there already."""
        return {"text/plain": repr(self)}


class Panel:
    """Axes that show one image or line after another.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    axes : sequence of hyperspy.axes.BaseDataAxis
        Of what is shown, in the order of the array.
    values : numpy.ndarray
        What is shown first; NaN where masked.
    colormap : str
    gamma : float, optional
        Power of the scale of intensities.
    is_signed : bool, default False
        Have the scale reach as far below zero as above.
    """

    def __init__(
        self,
        ax: Axes,
        axes: Sequence[BaseDataAxis],
        values: np.ndarray,
        colormap: str,
        gamma: float | tuple[float, float] = _GAMMAS,
        is_signed: bool = False,
    ) -> None:
        self.ax, self.axes, self.is_signed = ax, tuple(axes), is_signed
        stack = Stack(values[np.newaxis], self.axes, gamma, colormap, "")
        self._gamma = stack.gamma
        self._image: Any = stack.draw(ax, 0, scale_bar=True, axis_labels=True)
        self._line: Any = None if self._image is not None else ax.lines[0]
        self.show(values)

    @property
    def values(self) -> np.ndarray:
        """What is shown."""
        if self._image is not None:
            return np.ma.filled(self._image.get_array().astype(float), np.nan)
        return np.asarray(self._line.get_ydata(), float)

    def show(
        self, values: np.ndarray, title: str | None = None, top: float | None = None
    ) -> None:
        """Show other values.

        Parameters
        ----------
        values : numpy.ndarray
        title : str, optional
            Over the panel; default the one that is there.
        top : float, optional
            End of the scale; default the highest value.
        """
        finite = np.abs(values[np.isfinite(values)])
        top = float(finite.max(initial=0)) if top is None else top
        top = top if top > 0 else 1.0
        low = -top if self.is_signed else 0.0
        if self._image is not None:
            self._image.set_data(np.ma.masked_invalid(values))
            norm = None if self.is_signed else PowerNorm(self._gamma, 0, top)
            self._image.set_norm(norm)
            self._image.set_clim(low, top)
        else:
            self._line.set_ydata(values)
            self.ax.set_ylim(1.05 * low, 1.05 * top)
        if title is not None:
            self.ax.set_title(title, fontsize="small", loc="left")

    def place(self, event: MouseEvent) -> tuple[int, ...] | None:
        """Return the index of what is below the mouse, None where it is outside."""
        if event.inaxes is not self.ax or event.xdata is None or event.ydata is None:
            return None
        at = (event.xdata,) if len(self.axes) == 1 else (event.ydata, event.xdata)
        return tuple(
            int(np.argmin(np.abs(axis.axis - x)))
            for axis, x in zip(self.axes, at, strict=True)
        )
