"""Figures that answer to the mouse until they are closed."""

import numpy as np
import pytest
from hyperspy.signals import Signal2D
from matplotlib.backend_bases import CloseEvent, MouseEvent
from matplotlib.figure import Figure

from hspy_cnmf.figures.interaction import Interactive, Panel


@pytest.fixture
def panel():
    values = np.arange(12.0).reshape(3, 4)
    axes = Signal2D(values).axes_manager.signal_axes[::-1]
    return Panel(Figure().add_subplot(), axes, values, "magma")


def test_closing_a_figure_ends_all_connections():
    figure = Figure()
    interactive, ends = Interactive(figure), []
    interactive.at_close(lambda: ends.append("closed"))
    assert interactive.is_connected
    figure.canvas.callbacks.process(
        "close_event", CloseEvent("close_event", figure.canvas)
    )
    assert not interactive.is_connected
    assert ends == ["closed"]


def test_a_panel_shows_what_it_is_given_and_knows_the_place(panel):
    values = np.full((3, 4), 2.0)
    values[0, 0] = np.nan
    panel.show(values, title="two")
    np.testing.assert_array_equal(panel.values, values)
    x, y = panel.ax.transData.transform((3, 1))
    event = MouseEvent("button_press_event", panel.ax.figure.canvas, x, y, 1)
    assert panel.place(event) == (1, 3)
    outside = MouseEvent("button_press_event", panel.ax.figure.canvas, 0, 0, 1)
    assert panel.place(outside) is None
