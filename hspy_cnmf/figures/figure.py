"""Figures that notebooks show once, and the user's text in them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, cast

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib import figure as mpl_figure

from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.plain_text import plain_text

#: What figures are drawn into, and returned; checkers are told that it is a whole one.
AnyFigure: TypeAlias = "mpl_figure.Figure | Any"

#: Properties of text that comes from files: it is no markup.
PLAIN: dict[str, Any] = {"parse_math": False, "usetex": False}


@contextmanager
def _without_tex() -> Iterator[None]:
    # Nothing else is restored, as `rc_context` would: a session's first figure loads
    # the backend, and what that sets is to last.
    before = mpl.rcParams["text.usetex"]
    mpl.rcParams["text.usetex"] = False
    try:
        yield
    finally:
        mpl.rcParams["text.usetex"] = before


#: Decorator of functions that draw: TeX would take "%" for a comment.
without_tex = _without_tex()


class ShownOnce(mpl_figure.Figure):
    """A figure of pyplot that a notebook shows once, returned by a cell or not.

    Pyplot shows the figures that it has open: in a window or widget when they are
    made, or, inline, at the end of the cell. What the last line of a cell returns is
    shown by IPython, too, unless this class sees to it.
    """

    #: Number of the notebook's cell in which the figure was made.
    cell: int | None = None

    def _ipython_display_(self) -> None:
        """Show nothing, or leave it to IPython's other ways of showing figures."""
        number = getattr(self, "number", None)
        is_open = number is not None and plt.fignum_exists(number)
        if is_open and plt.isinteractive():
            backend = mpl.get_backend().lower()
            if "inline" in backend:
                plt.close(self)  # or else it is shown again at the end of the cell
            elif self._has_window(backend) and self.cell == _cell():
                return
        raise NotImplementedError  # IPython's sign to go on to the next way

    def _has_window(self, backend: str) -> bool:
        is_widget = any(name in backend for name in ("ipympl", "widget", "nbagg"))
        framework = getattr(self.canvas, "required_interactive_framework", None)
        return is_widget or framework is not None


def _shell() -> Any:
    """Return the running IPython, if any."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def _cell() -> int | None:
    """Return the number of the cell that is running."""
    return getattr(_shell(), "execution_count", None)


def _register() -> None:
    """Have IPython ask the class: for widgets it has another way with all figures."""
    formatter = getattr(_shell(), "display_formatter", None)
    if formatter is not None:
        formatter.ipython_display_formatter.for_type(
            ShownOnce, ShownOnce._ipython_display_
        )


def new_figure(name: str, **options: Any) -> mpl_figure.Figure:
    """Return a new figure of pyplot with a name for its window.

    Parameters
    ----------
    name : str
        What it shows.
    **options
        For `matplotlib.pyplot.figure`.
    """
    _register()
    figure = cast(ShownOnce, plt.figure(FigureClass=ShownOnce, **options))
    figure.cell = _cell()
    figure.set_label(name)
    manager = figure.canvas.manager
    if manager is not None:
        manager.set_window_title(f"{name} ({figure.number})")
    return figure


def title_of(signal: BaseSignal) -> str:
    """Return the title of a signal as plain text, shortened to fit above a figure."""
    return plain_text(signal.metadata.get_item("General.title", "") or "", 60)


def write_title(figure: mpl_figure.FigureBase, text: str, **style: Any) -> None:
    """Write a title, in which nothing is markup, above everything in a figure."""
    figure.suptitle(plain_text(text), **({"fontsize": "medium"} | style), **PLAIN)
