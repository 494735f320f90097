"""Arrays of a domain map as calibrated HyperSpy signals."""

import copy

import numpy as np
from hyperspy.signal import BaseSignal
from hyperspy.signals import Signal1D, Signal2D

from hspy_cnmf._hyperspy import calibration


def map_like(signal, keep, values, title, fill=np.nan):
    """Return one value for each position as a map, (| x, y).

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Its navigation axes become those of the map.
    keep : numpy.ndarray of bool
        Positions that have a value, in array order.
    values : numpy.ndarray, shape (n_positions,)
    title : str
    fill : float
        Value of the others.
    """
    data = np.full(keep.shape, fill, np.asarray(values).dtype)
    data[keep] = values
    axes = _navigation_axes(signal, navigate=False)
    kind = {1: Signal1D, 2: Signal2D}.get(keep.ndim, BaseSignal)
    return _entitled(kind(data, axes=axes), signal, title)


def vectors_like(signal, keep, values, axis_name, title):
    """Return a vector for each position, (x, y | n); NaN where there is none."""
    data = np.full((*keep.shape, values.shape[1]), np.nan, np.float32)
    data[keep] = values
    axes = _navigation_axes(signal, navigate=True)
    axes.append({"size": values.shape[1], "name": axis_name, "navigate": False})
    return _entitled(Signal1D(data, axes=axes), signal, title)


def patterns_like(signal, patterns, title):
    """Return patterns of domains, (domain | kx, ky), in the class of a signal."""
    axes = [{"size": len(patterns), "name": "domain", "navigate": True}]
    for axis in signal.axes_manager.signal_axes[::-1]:
        axes.append(axis.get_axis_dictionary() | {"navigate": False})
    result = Signal2D(patterns, axes=axes)
    result.set_signal_type(signal.metadata.get_item("Signal.signal_type", ""))
    calibration.copy_calibration(signal, result)
    return _entitled(result, signal, title)


def list_of(values, axis_name, title):
    """Return a list of numbers as a signal, (| n)."""
    signal = Signal1D(np.asarray(values))
    signal.axes_manager.signal_axes[0].name = axis_name
    signal.metadata.General.title = title
    return signal


def images_of(images, title):
    """Return images on a grid of the latent space, (n | x, y)."""
    signal = Signal2D(np.asarray(images, np.float32))
    signal.axes_manager.navigation_axes[0].name = "place"
    signal.metadata.General.title = title
    return signal


def _navigation_axes(signal, navigate):
    axes = signal.axes_manager.navigation_axes[::-1]
    axes = [copy.deepcopy(axis.get_axis_dictionary()) for axis in axes]
    return [axis | {"navigate": navigate} for axis in axes]


def _entitled(signal, source, title):
    of = source.metadata.get_item("General.title", "")
    signal.metadata.General.title = f"{title} of {of}" if of else title
    signal.metadata.Signal.quantity = title
    return signal
