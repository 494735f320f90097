"""Components explored by hand: click on the map, click on a component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hyperspy.axes import BaseDataAxis
from matplotlib.backend_bases import MouseEvent

from hspy_cnmf._hyperspy.bridge import shapes
from hspy_cnmf._hyperspy.negative import decomposed_data
from hspy_cnmf._hyperspy.store import check_results_fit, found_components
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.components import words_on_found
from hspy_cnmf.figures.figure import new_figure, title_of, without_tex, write_title
from hspy_cnmf.figures.interaction import Interactive, Panel
from hspy_cnmf.operators.computing import patterns_at


@dataclass(frozen=True, eq=False)
class _Model:
    """Data and components as arrays; n is the number of components shown."""

    data: Any
    factors: np.ndarray
    loadings: np.ndarray
    numbers: np.ndarray
    axes: tuple[tuple[BaseDataAxis, ...], tuple[BaseDataAxis, ...]]

    @classmethod
    def of(cls, signal: BaseSignal) -> _Model:
        """Read the model of a decomposed signal with one or two axes of each kind."""
        check_results_fit(signal)
        manager, results = signal.axes_manager, signal.learning_results
        n_axes = manager.navigation_dimension, manager.signal_dimension
        if not all(n in (1, 2) for n in n_axes):
            raise ValueError(
                f"This signal has {n_axes[0]} navigation and {n_axes[1]} signal axes: "
                "explore_components shows one or two of each. Take a part by s.inav, "
                "and decompose that."
            )
        if results.mean is not None:
            raise ValueError(
                "This decomposition took a mean off: its components do not add up to "
                "the data. Decompose without centre=..., or by a constrained NMF."
            )
        navigation, pattern = shapes(signal)
        found = np.array(found_components(signal), dtype=int)
        if not found.size:
            raise ValueError("All components of this decomposition are empty.")
        factors, loadings = (
            np.asarray(stack, dtype=float).T[found]
            for stack in (results.factors, results.loadings)
        )
        return cls(
            decomposed_data(signal),
            factors.reshape(-1, *pattern),
            loadings.reshape(-1, *navigation),
            found,
            (
                tuple(manager.navigation_axes[::-1]),
                tuple(manager.signal_axes[::-1]),
            ),
        )

    @property
    def counts(self) -> np.ndarray:
        """Loadings times the sums of the factors, (n, *map_shape)."""
        sums = np.nansum(self.factors.reshape(len(self.factors), -1), axis=1)
        return self.loadings * sums.reshape((-1,) + (1,) * (self.loadings.ndim - 1))

    def at(self, place: tuple[int, ...]) -> tuple[np.ndarray, ...]:
        """Return data, model and shares at a position; one pattern is read."""
        data = patterns_at(self.data, np.array([place]))[0].astype(float)
        data[np.isnan(self.factors).any(axis=0)] = np.nan
        n = len(self.loadings)
        i = np.ravel_multi_index(place, self.loadings.shape[1:])
        model = np.tensordot(self.loadings.reshape(n, -1)[:, i], self.factors, axes=1)
        counts = self.counts.reshape(n, -1)[:, i]
        total = np.abs(counts).sum()
        return data, model, counts / total if total > 0 else 0 * counts


class ComponentExplorer(Interactive):
    """A figure of a decomposed signal that is explored by clicks.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Decomposed signal.
    cmap : tuple of str
        Colours of patterns and of maps.

    Attributes
    ----------
    position : tuple of int
        Index of the position that is shown, in the order of the array.
    component : int or None
        Component whose map and pattern are shown; None for all together.
    """

    def __init__(self, signal: BaseSignal, cmap: tuple[str, str]) -> None:
        self._signal, self._model = signal, _Model.of(signal)
        self.component: int | None = None
        self.position: tuple[int, ...] = tuple(
            signal.axes_manager.indices[::-1]
        )  # where HyperSpy's navigator is
        figure = new_figure(
            "Explore components", figsize=(9.6, 5.9), layout="constrained"
        )
        super().__init__(figure)
        self._draw(cmap)
        write_title(figure, self._title())
        self.connect("button_press_event", self._click)
        changed = signal.axes_manager.events.indices_changed
        changed.connect(self._follow, [])
        self.at_close(lambda: changed.disconnect(self._follow))

    def show(self, position: tuple[int, ...]) -> None:
        """Show what is at a position, an index in the order of the array."""
        self.position = tuple(position)
        data, model, shares = self._model.at(self.position)
        top = float(np.nanmax(data, initial=0))
        at = ", ".join(map(str, self.position[::-1]))
        self._panels["data"].show(data, f"data at ({at})", top)
        known = np.isfinite(model).any()
        self._panels["model"].show(model, "model" if known else "model: masked", top)
        self._panels["residual"].show(data - model, "data less model")
        for bar, share in zip(self._bars, np.nan_to_num(shares), strict=True):
            bar.set_width(share)
        self._mark()
        self.figure.canvas.draw_idle()

    def choose(self, component: int | None) -> None:
        """Show where a component is, and its pattern; None for all together."""
        self.component = component
        model = self._model
        if component is None:
            self._panels["map"].show(model.counts.sum(axis=0), "all components")
            self._panels["factor"].show(
                self._mean_pattern(), "mean of the model; click a share"
            )
        else:
            i = self._index(component)
            self._panels["map"].show(model.counts[i], f"$h_{{{component}}}$")
            self._panels["factor"].show(model.factors[i], f"$w_{{{component}}}$")
        labels = self._shares.get_yticklabels()
        for number, bar, label in zip(model.numbers, self._bars, labels, strict=True):
            bar.set_color("C3" if number == component else "C0")
            label.set_color("C3" if number == component else "black")
        self.figure.canvas.draw_idle()

    def _index(self, component: int) -> int:
        found = np.flatnonzero(self._model.numbers == component)
        if not found.size:
            raise IndexError(
                f"There is no component {component!r}: those found are "
                f"{self._model.numbers.tolist()}."
            )
        return int(found[0])

    def _mean_pattern(self) -> np.ndarray:
        means = np.nanmean(
            self._model.loadings.reshape(len(self._model.numbers), -1), 1
        )
        return np.tensordot(means, self._model.factors, axes=1)

    def _draw(self, cmap: tuple[str, str]) -> None:
        axes = self.figure.subplot_mosaic(
            [["map", "data", "model"], ["shares", "factor", "residual"]]
        )
        maps, patterns = self._model.axes
        blank = np.zeros(self._model.factors.shape[1:])
        self._panels = {
            "map": Panel(
                axes["map"], maps, self._model.counts.sum(axis=0), cmap[1], (1.0, 1.0)
            ),
            "data": Panel(axes["data"], patterns, blank, cmap[0]),
            "model": Panel(axes["model"], patterns, blank, cmap[0]),
            "factor": Panel(axes["factor"], patterns, blank, cmap[0]),
            "residual": Panel(
                axes["residual"], patterns, blank, "RdBu_r", (1.0, 1.0), is_signed=True
            ),
        }
        self._draw_shares(axes["shares"])
        self._draw_mark(axes["map"])
        self.choose(None)
        self.show(self.position)

    def _draw_shares(self, ax: Any) -> None:
        numbers = self._model.numbers
        self._bars = ax.barh(np.arange(len(numbers)), np.zeros(len(numbers)))
        ax.set_yticks(np.arange(len(numbers)), [f"$w_{{{k}}}$" for k in numbers])
        negative = bool((self._model.counts < 0).any())
        ax.set(xlim=(-1 if negative else 0, 1), ylim=(len(numbers) - 0.5, -0.5))
        ax.set_title("shares of the counts here", fontsize="small", loc="left")
        ax.tick_params(labelsize="small")
        self._shares = ax

    def _draw_mark(self, ax: Any) -> None:
        style = {"color": "white", "linewidth": 1, "alpha": 0.9}
        self._marks = [ax.axvline(0, **style)]
        if len(self._model.axes[0]) == 2:
            self._marks.append(ax.axhline(0, **style))
        else:
            self._marks[0].set_color("C3")

    def _mark(self) -> None:
        """Move the cross on the map to the position."""
        at = [
            axis.axis[i]
            for axis, i in zip(self._model.axes[0], self.position, strict=True)
        ][::-1]
        self._marks[0].set_xdata([at[0], at[0]])
        if len(at) == 2:
            self._marks[1].set_ydata([at[1], at[1]])

    def _click(self, event: MouseEvent) -> None:
        if not self.is_free() or event.inaxes is None:
            return
        place = self._panels["map"].place(event)
        if place is not None:
            self._go_to(place)
        elif event.inaxes is self._shares and event.ydata is not None:
            numbers = self._model.numbers
            i = int(np.clip(round(event.ydata), 0, len(numbers) - 1))
            chosen = int(numbers[i])
            self.choose(None if chosen == self.component else chosen)

    def _go_to(self, place: tuple[int, ...]) -> None:
        """Go to a position, HyperSpy's own figures of the signal, too."""
        if place[::-1] == tuple(self._signal.axes_manager.indices):
            self.show(place)
        else:
            self._signal.axes_manager.indices = place[::-1]  # calls `_follow`

    def _follow(self) -> None:
        self.show(tuple(self._signal.axes_manager.indices[::-1]))

    def _title(self) -> str:
        words = f"{self._found()}, click the map, or the share of a component"
        return ": ".join(filter(None, (title_of(self._signal), words)))

    def _found(self) -> str:
        n = self._signal.learning_results.factors.shape[1]
        return words_on_found(None, len(self._model.numbers), n)

    def __repr__(self) -> str:
        at = ", ".join(map(str, self.position[::-1]))
        shown = "all" if self.component is None else self.component
        return (
            f"<ComponentExplorer: {self._found()}, position ({at}), component {shown}>"
        )


@without_tex
def explore_components(
    signal: BaseSignal, *, cmap: str | tuple[str, str] = ("magma", "viridis")
) -> ComponentExplorer:
    """Explore a decomposed signal by clicks: the map and the patterns side by side.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Decomposed signal with one or two navigation and signal axes each, lazy or
        not.
    cmap : str or tuple of str, default ("magma", "viridis")
        Colours of patterns and of maps, or of both.

    Returns
    -------
    ComponentExplorer
        A click on the map shows the data there, the model, what is left, and the
        shares of the components; one pattern is read. A click on a share shows where
        that component is, and its pattern; a second one all components again.
        HyperSpy's navigator of the same signal moves along, and is followed. Closing
        the figure ends it all.

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    ValueError
        If it has too many axes, or its components do not add up to the data.

    Notes
    -----
    The figure answers where matplotlib has windows or widgets: ``%matplotlib qt`` or
    ``%matplotlib widget`` (ipympl) in notebooks. Elsewhere, `ComponentExplorer.show`
    and `ComponentExplorer.choose` do what clicks do.
    """
    return ComponentExplorer(signal, (cmap, cmap) if isinstance(cmap, str) else cmap)
