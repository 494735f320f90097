"""Spots, particles and flagged positions as HyperSpy markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from hyperspy.drawing.markers import Markers
from hyperspy.signal import BaseSignal
from hyperspy.utils.markers import Circles, Ellipses, Points, VerticalLines
from matplotlib.colors import to_rgba_array

from hspy_cnmf._hyperspy.bridge import signal_figure

#: Name of the marks on flagged positions.
_FLAGGED = "flagged positions"


def spot_markers(
    factors: BaseSignal,
    spots: Sequence[np.ndarray],
    color: Any = "red",
    size: float = 12.0,
) -> Points:
    """Return rings around the spots of each group's pattern.

    Parameters
    ----------
    factors : pyxem.signals.Diffraction2D or PolarDiffraction2D
        Mean patterns, (group | kx, ky).
    spots : list of numpy.ndarray
        Spots of each group, with the fields row and column in pixels, as from
        `hspy_cnmf.patterns.spots.find_spots`; empty where there are none.
    color : matplotlib colour, default "red"
        Of the rings.
    size : float, default 12
        Diameter of the rings in points, so that spots are seen within.

    Returns
    -------
    hyperspy.api.plot.markers.Points
        They follow the navigation index. `add` adds them to `factors`.

    Raises
    ------
    ValueError
        If there is not one array for each group.
    """
    _check_groups(factors, spots)
    return Points(
        offsets=_for_each_group(_positions(factors, group) for group in spots),
        sizes=size,
        facecolors="none",
        edgecolors=color,
        linewidths=1.2,
    )


def particle_markers(
    loadings: BaseSignal,
    particles: Sequence[np.ndarray],
    color: Any = "red",
    cut_color: Any = "orange",
    factors: Sequence[float] = (1.0, 1.0),
) -> Circles | Ellipses:
    """Return circles as large as the particles of each group's map.

    Parameters
    ----------
    loadings : hyperspy.signal.BaseSignal
        Sums of maps, (group | x, y).
    particles : list of numpy.ndarray
        Particles of each group, with the fields row and column in pixels, diameter
        in the units of the axes, and touches_edge, as from
        `hspy_cnmf.clustering.measures.particles_of_groups`; empty where there are none.
    color, cut_color : matplotlib colour, default "red" and "orange"
        Of whole particles, and of those that are cut by the edge of the map or by
        masked positions, whose diameters do not count.
    factors : tuple of float, default (1, 1)
        What values along the axes, y and x, are multiplied by to be in the unit of
        the diameters.

    Returns
    -------
    hyperspy.api.plot.markers.Circles or Ellipses
        They follow the navigation index. `add` adds them to `loadings`.

    Raises
    ------
    ValueError
        If there is not one array for each group.
    """
    _check_groups(loadings, particles)
    colours = to_rgba_array([color, cut_color])
    common = {
        "offsets": _for_each_group(_positions(loadings, group) for group in particles),
        "edgecolors": _for_each_group(
            colours[group["touches_edge"].astype(int)] for group in particles
        ),
        "units": "xy",
        "linewidths": 1.2,
    }
    heights, widths = (
        _for_each_group(np.array(group["diameter"] / factor) for group in particles)
        for factor in factors
    )
    if factors[0] == factors[1] == 1:
        return Circles(sizes=widths, **common)
    return Ellipses(widths=widths, heights=heights, facecolors="none", **common)


def add(signal: BaseSignal, markers: Markers, name: str) -> None:
    """Add markers to a signal for good: they are plotted and saved with it.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Where to; if it is plotted, they are drawn into its figure.
    markers : hyperspy.api.plot.markers.Markers
        Of no other signal.
    name : str
        What they are called in ``signal.metadata.Markers``. Markers that have this
        name already are removed.

    Notes
    -----
    HyperSpy (2.5) does not slice markers along with a signal: plot a single group with
    ``signal.inav[k].plot(plot_markers=False)``. Nor does it load such a signal lazily
    from a file of its own; from the metadata of another signal it does.
    """
    remove(signal, name)
    markers.name = name
    is_plotted = signal_figure(signal) is not None
    signal.add_marker(markers, permanent=True, plot_marker=is_plotted)


def remove(signal: BaseSignal, name: str) -> None:
    """Remove markers that `add` added, from the signal and from its figure.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Which may have markers of this name, or not.
    name : str
        What they are called.
    """
    stored, figure = signal.metadata.get_item("Markers", {}), signal_figure(signal)
    for key in stored.keys():
        if stored[key].name != name:
            continue
        if figure is not None and stored[key] in figure.ax_markers:
            stored[key].close()
        # HyperSpy's tree of metadata takes no `del stored[key]`.
        delattr(stored, key)


def _check_groups(signal: BaseSignal, found: Sequence[np.ndarray]) -> None:
    shape = signal.axes_manager.navigation_shape
    if shape != (len(found),):
        raise ValueError(
            f"There are {len(found)} arrays of what was found in groups, but the "
            f"signal is {signal!r}: one array for each group is needed."
        )


def _positions(signal: BaseSignal, found: np.ndarray) -> np.ndarray:
    """Return places in the units of the signal axes, shape (n, 2), x before y."""
    x_axis, y_axis = signal.axes_manager.signal_axes
    x = x_axis.offset + x_axis.scale * found["column"]
    y = y_axis.offset + y_axis.scale * found["row"]
    return np.stack([x, y], axis=-1)


def _for_each_group(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """Return arrays as an array of objects, which HyperSpy takes one by one."""
    arrays = list(arrays)
    result = np.empty(len(arrays), dtype=object)
    for k, array in enumerate(arrays):  # assigned at once, equal ones would merge
        result[k] = array
    return result


def mark_flagged(image: BaseSignal, flagged: BaseSignal) -> None:
    """Mark positions on a map, or line scan, for good: plotted and saved with it.

    Parameters
    ----------
    image : hyperspy.signal.BaseSignal
        Map to be marked, in memory; maps of more than two dimensions are left alone.
    flagged : hyperspy.signal.BaseSignal
        The same, with True where there should be a mark.
    """
    axes = image.axes_manager.signal_axes
    places = np.argwhere(np.asarray(flagged.data))[:, ::-1]
    remove(image, _FLAGGED)
    if len(axes) > 2 or image.axes_manager.navigation_dimension or not len(places):
        return
    offsets = np.stack(
        [axis.axis[place] for axis, place in zip(axes, places.T, strict=True)], axis=-1
    )
    if len(axes) == 1:
        marks = VerticalLines(offsets=offsets[:, 0], color="red", linewidth=0.5)
    else:
        marks = Points(
            offsets=offsets,
            sizes=8,
            facecolors="none",
            edgecolors="red",
            linewidths=0.8,
        )
    add(image, marks, _FLAGGED)
