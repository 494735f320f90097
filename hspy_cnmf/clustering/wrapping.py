"""Arrays of a clustering as calibrated HyperSpy signals."""

import numpy as np
from hyperspy.signals import Signal1D, Signal2D

from hspy_cnmf._hyperspy.bridge import with_data


def stack_like(signal, stack, axis_name, title):
    """Return a stack with the class, signal axes and metadata of another.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        A stack along one navigation axis, lazy or not.
    stack : numpy.ndarray, shape (n, *signal_shape)
        Its values.
    axis_name : str
        What is counted along the navigation axis.
    title : str
        What the values are; the title of `signal` is appended.

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
    axis.name, axis.units, axis.offset, axis.scale = axis_name, "", 0, 1
    result.metadata.General.title = _title(title, signal)
    # HyperSpy leaves loadings a `BaseSignal`, whose class a file does not keep.
    result.set_signal_type(result.metadata.get_item("Signal.signal_type", ""))
    return result


def matrix_of_components(matrix, title, units=""):
    """Return a matrix of pairs of components, shape (n, n), as a signal.

    The row is the first component of a pair, the column the second.
    """
    signal = Signal2D(np.asarray(matrix))
    names = ("second component", "first component")
    for axis, name in zip(signal.axes_manager.signal_axes, names, strict=True):
        axis.name = name
    return _entitled(signal, title, units)


def list_of_components(values, title, units=""):
    """Return one value for each component, shape (n,), as a signal."""
    signal = Signal1D(np.asarray(values))
    signal.axes_manager.signal_axes[0].name = "component"
    return _entitled(signal, title, units)


def windows_like(loadings, windows, title):
    """Return mean maps of particles, shape (n_groups, rows, columns), as a signal.

    Their axes have the steps and units of the maps', and 0 at the particle's centre.
    """
    axes = [{"name": "group", "size": len(windows), "navigate": True}]
    map_axes = loadings.axes_manager.signal_axes[::-1]
    for axis, size in zip(map_axes, windows.shape[1:], strict=True):
        step = axis.scale
        axes.append(
            {
                "name": axis.name,
                "units": axis.units,
                "size": size,
                "scale": step,
                "offset": -(size // 2) * step,
                "navigate": False,
            }
        )
    signal = Signal2D(windows, axes=axes)
    signal.metadata.General.title = _title(title, loadings)
    return signal


def _entitled(signal, title, units):
    signal.metadata.General.title = title
    signal.metadata.Signal.quantity = f"{title} ({units})" if units else title
    return signal


def _title(title, signal):
    of = signal.metadata.get_item("General.title", "")
    # The title of a stack of components begins with what they are.
    of = of.split(" of ", 1)[-1]
    return f"{title} of {of}" if of else title
