"""Flagged positions as HyperSpy markers on a map."""

from __future__ import annotations

import numpy as np
from hyperspy.signal import BaseSignal
from hyperspy.utils.markers import Points, VerticalLines

from hspy_cnmf._hyperspy import markers

_NAME = "flagged positions"


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
    markers.remove(image, _NAME)
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
    markers.add(image, marks, _NAME)
