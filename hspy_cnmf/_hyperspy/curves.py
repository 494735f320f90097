"""Arrays of a scan as HyperSpy signals over the number of components."""

from __future__ import annotations

from typing import Any

import numpy as np
from hyperspy.signal import BaseSignal
from hyperspy.signals import Signal1D


def curves(
    values: np.ndarray,
    numbers: np.ndarray,
    title: str,
    of: str = "",
    axis_name: str | None = None,
) -> Signal1D:
    """Return values for each number of components as a signal.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_numbers,) or (n, n_numbers)
        One curve, or several.
    numbers : numpy.ndarray of int, shape (n_numbers,)
        Increasing numbers of components.
    title : str
        What the values are.
    of : str, default ""
        Title of the data.
    axis_name : str, optional
        What is counted along the navigation axis of several curves.

    Returns
    -------
    hyperspy.signals.Signal1D
    """
    axes = []
    if np.ndim(values) == 2:
        axes = [{"name": axis_name, "size": len(values), "navigate": True}]
    signal = Signal1D(np.asarray(values, float), axes=[*axes, _axis(numbers)])
    signal.metadata.General.title = f"{title} of {of}" if of else title
    signal.metadata.Signal.quantity = title
    return signal


def numbers_of(signal: BaseSignal) -> np.ndarray:
    """Return the numbers of components of `curves`."""
    axis = signal.axes_manager.signal_axes[0].axis
    return np.rint(axis).astype(int)


def _axis(numbers: np.ndarray) -> dict[str, Any]:
    """Return HyperSpy's description of the axis; uneven where the numbers are."""
    axis = {"name": "Number of components", "navigate": False}
    steps = np.unique(np.diff(numbers))
    if len(steps) > 1:
        return axis | {"axis": np.asarray(numbers, float)}
    scale = float(steps[0]) if len(steps) else 1.0
    return axis | {"size": len(numbers), "scale": scale, "offset": float(numbers[0])}
