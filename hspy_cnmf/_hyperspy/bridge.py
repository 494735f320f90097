"""Bridge to the private names of HyperSpy: all of them are in this room."""

from hyperspy.defaults_parser import preferences


def aligned_data(signal):
    """Return a signal's data, navigation axes first, eager or lazy."""
    return signal._data_aligned_with_axes


def shapes(signal):
    """Return the shapes of the navigation and of the signal space in the array."""
    manager = signal.axes_manager
    return manager.navigation_shape[::-1], manager.signal_shape[::-1]


def with_data(signal, data):
    """Return a signal like another, axes included, with other data."""
    return signal._deepcopy_with_new_data(data)


def navigation_signal(signal, data):
    """Return an array, shape of a map, as a signal with the axes of the scan."""
    return signal._get_navigation_signal(data)


def pattern_signal(signal, data):
    """Return an array, shape of a pattern, as a signal of the class of another."""
    return signal._get_signal_signal(data)


def make_eager(signal, data):
    """Give a lazy signal its computed data, in place, as ``compute`` does."""
    signal.data = data
    signal._lazy = False
    signal._assign_subclass()


def signal_figure(signal):
    """Return HyperSpy's open figure of a signal's signal space, or None."""
    plot = signal._plot
    return plot.signal_plot if plot is not None and plot.is_active else None


def wants_progressbar(show_progressbar):
    """Return the argument, or HyperSpy's preference where it is None."""
    if show_progressbar is None:
        return bool(preferences.General.show_progressbar)
    return bool(show_progressbar)
