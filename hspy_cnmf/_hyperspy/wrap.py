"""Arrays as calibrated HyperSpy signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hyperspy.signal import BaseSignal
from hyperspy.signals import Signal1D, Signal2D
from numpy.typing import ArrayLike

from hspy_cnmf._hyperspy.bridge import with_data
from hspy_cnmf._hyperspy.calibration import copy_calibration

#: HyperSpy's description of an axis.
Axis = dict[str, Any]


def wrap(
    data: ArrayLike,
    title: str,
    axes: Sequence[Axis],
    of: BaseSignal | None = None,
    units: str = "",
) -> BaseSignal:
    """Return an array as a signal.

    Parameters
    ----------
    data : array_like
        Values.
    title : str
        What they are.
    axes : sequence of dict
        One for each axis of the array, from `counted`, `scan_axes` or `pattern_axes`.
    of : hyperspy.signal.BaseSignal, optional
        Whose title is appended, "... of ...".
    units : str, default ""
        Of the values.

    Returns
    -------
    Signal1D, Signal2D or BaseSignal
        By the number of signal axes.
    """
    n_signal_axes = sum(not axis["navigate"] for axis in axes)
    kind = {1: Signal1D, 2: Signal2D}.get(n_signal_axes, BaseSignal)
    signal = kind(np.asarray(data), axes=list(axes))
    signal.metadata.Signal.quantity = f"{title} ({units})" if units else title
    return entitle(signal, title, of)


def entitle(signal: BaseSignal, title: str, of: BaseSignal | None) -> BaseSignal:
    """Give a signal a title, with that of the data it is of, and return it."""
    data = "" if of is None else of.metadata.get_item("General.title", "")
    signal.metadata.General.title = f"{title} of {data}" if data else title
    return signal


def counting_axis(name: str, size: int, navigate: bool = False) -> Axis:
    """Return an axis along which things are counted from 0."""
    return {"name": name, "size": size, "navigate": navigate}


def scan_axes(signal: BaseSignal, navigate: bool = False) -> list[Axis]:
    """Return the axes of a signal's scan, in array order."""
    axes = signal.axes_manager.navigation_axes[::-1]
    return [axis.get_axis_dictionary() | {"navigate": navigate} for axis in axes]


def pattern_axes(signal: BaseSignal) -> list[Axis]:
    """Return the axes of a signal's patterns, in array order."""
    axes = signal.axes_manager.signal_axes[::-1]
    return [axis.get_axis_dictionary() | {"navigate": False} for axis in axes]


def list_of(
    values: ArrayLike, counted_by: str, title: str, units: str = ""
) -> Signal1D:
    """Return numbers as a signal, (| n)."""
    return wrap(
        values, title, [counting_axis(counted_by, np.size(values))], units=units
    )


def matrix_of_components(matrix: np.ndarray, title: str, units: str = "") -> Signal2D:
    """Return a matrix of pairs of components, shape (n, n), as a signal, (| n, n).

    The row is the first component of a pair, the column the second.
    """
    names = "first component", "second component"
    axes = [counting_axis(name, len(matrix)) for name in names]
    return wrap(matrix, title, axes, units=units)


def maps_like(
    signal: BaseSignal, stack: np.ndarray, counted_by: str, title: str
) -> BaseSignal:
    """Return maps, shape (n, *map_shape), with the axes of a signal's scan."""
    axes = [counting_axis(counted_by, len(stack), navigate=True), *scan_axes(signal)]
    return wrap(stack, title, axes, of=signal)


def patterns_like(
    signal: BaseSignal, stack: np.ndarray, counted_by: str, title: str
) -> BaseSignal:
    """Return patterns, shape (n, *pattern_shape), in a signal's class, calibrated."""
    axes = [counting_axis(counted_by, len(stack), navigate=True), *pattern_axes(signal)]
    result = wrap(stack, title, axes, of=signal)
    result.set_signal_type(signal.metadata.get_item("Signal.signal_type", ""))
    copy_calibration(signal, result)
    return result


def stack_like(
    signal: BaseSignal, stack: np.ndarray, counted_by: str, title: str
) -> BaseSignal:
    """Return a stack with the class, signal axes and metadata of another.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        A stack along one navigation axis, lazy or not.
    stack : numpy.ndarray, shape (n, *signal_shape)
        Its values.
    counted_by : str
        What is counted along the navigation axis.
    title : str
        What the values are, in place of what those of `signal` are.

    Returns
    -------
    BaseSignal
        In memory.
    """
    first = signal.inav[:1]
    if first._lazy:
        first.compute(show_progressbar=False)
    first.axes_manager.navigation_axes[0].size = len(stack)
    result = with_data(first, stack)
    axis = result.axes_manager.navigation_axes[0]
    axis.name, axis.units, axis.offset, axis.scale = counted_by, "", 0, 1
    result.metadata.General.title = _retitle(title, signal)
    # HyperSpy leaves loadings a `BaseSignal`, whose class a file does not keep.
    result.set_signal_type(result.metadata.get_item("Signal.signal_type", ""))
    return result


def windows_like(loadings: BaseSignal, windows: np.ndarray, title: str) -> Signal2D:
    """Return mean maps of particles, shape (n_groups, rows, columns), as a signal.

    Their axes have the steps and units of the maps', and 0 at the particle's centre.
    """
    axes = [counting_axis("group", len(windows), navigate=True)]
    for axis, size in zip(pattern_axes(loadings), windows.shape[1:], strict=True):
        offset = -(size // 2) * axis["scale"]
        axes.append(axis | {"size": size, "offset": offset})
    return wrap(windows, _retitle(title, loadings), axes)


def curves(
    values: ArrayLike,
    numbers: np.ndarray,
    title: str,
    of: str = "",
    counted_by: str = "",
) -> Signal1D:
    """Return values for each number of components as a signal.

    Parameters
    ----------
    values : array_like, shape (n_numbers,) or (n, n_numbers)
        One curve, or several.
    numbers : numpy.ndarray of int, shape (n_numbers,)
        Increasing numbers of components.
    title : str
        What the values are.
    of : str, default ""
        Title of the data.
    counted_by : str, default ""
        What is counted along the navigation axis of several curves.
    """
    values = np.asarray(values, float)
    axes = [_axis_of_numbers(numbers)]
    if values.ndim == 2:
        axes.insert(0, counting_axis(counted_by, len(values), navigate=True))
    signal = wrap(values, title, axes)
    signal.metadata.General.title = f"{title} of {of}" if of else title
    return signal


def numbers_of_components(signal: Signal1D) -> np.ndarray:
    """Return the numbers of components of `curves`."""
    return np.rint(signal.axes_manager.signal_axes[0].axis).astype(int)


def _axis_of_numbers(numbers: np.ndarray) -> Axis:
    """Return HyperSpy's description of the axis; uneven where the numbers are."""
    name, steps = "Number of components", np.unique(np.diff(numbers))
    if len(steps) > 1:
        return {"name": name, "axis": np.asarray(numbers, float), "navigate": False}
    places = {"scale": float(max(steps, default=1)), "offset": float(numbers[0])}
    return counting_axis(name, len(numbers)) | places


def _retitle(title: str, signal: BaseSignal) -> str:
    """Return a title in place of what a stack of components is called."""
    of = signal.metadata.get_item("General.title", "").split(" of ", 1)[-1]
    return f"{title} of {of}" if of else title
