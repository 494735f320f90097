"""Bridge to the private names of HyperSpy: all of them are in this room."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from hyperspy.api import preferences
from hyperspy.signal import BaseSignal

from hspy_cnmf.operators.stored_chunks import well_chunked
from hspy_cnmf.progress import can_be_seen


def quickly_read(signal: BaseSignal) -> np.ndarray | da.Array:
    """Return a signal's data, lazy ones in chunks that take little to be read."""
    axes = signal.axes_manager.signal_axes[::-1]
    return well_chunked(signal.data, [axis.index_in_array for axis in axes])


def aligned_data(signal: BaseSignal) -> np.ndarray | da.Array:
    """Return a signal's data, navigation axes first, eager or lazy.

    Lazy ones may be in other chunks than the signal's: see `quickly_read`.
    """
    manager, data = signal.axes_manager, quickly_read(signal)
    axes = (*manager.navigation_axes[::-1], *manager.signal_axes[::-1])
    order = [axis.index_in_array for axis in axes]
    return data if order == sorted(order) else data.transpose(order)


def shapes(signal: BaseSignal) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shapes of the navigation and of the signal space in the array."""
    manager = signal.axes_manager
    return manager.navigation_shape[::-1], manager.signal_shape[::-1]


def with_data(signal: BaseSignal, data: np.ndarray | da.Array) -> BaseSignal:
    """Return a signal like another, axes included, with other data."""
    return signal._deepcopy_with_new_data(data)


def navigation_signal(signal: BaseSignal, data: np.ndarray | da.Array) -> BaseSignal:
    """Return an array, shape of a map, as a signal with the axes of the scan."""
    return signal._get_navigation_signal(data)


def pattern_signal(signal: BaseSignal, data: np.ndarray | da.Array) -> BaseSignal:
    """Return an array, shape of a pattern, as a signal of the class of another."""
    return signal._get_signal_signal(data)


def make_eager(signal: BaseSignal, data: np.ndarray) -> None:
    """Give a lazy signal its computed data, in place, as ``compute`` does."""
    signal.data = data
    signal._lazy = False
    signal._assign_subclass()


def signal_figure(signal: BaseSignal) -> Any:
    """Return HyperSpy's open figure of a signal's signal space, or None."""
    plot = signal._plot
    return plot.signal_plot if plot is not None and plot.is_active else None


def wants_progressbar(show_progressbar: bool | None) -> bool:
    """Return the argument, or HyperSpy's preference where a bar can be seen."""
    if show_progressbar is None:
        return bool(preferences.General.show_progressbar) and can_be_seen()
    return bool(show_progressbar)
