"""Suggestion of the number of components before the factorisation."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy.masks import select_pixels
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.decomposition.sketching import make_sketch
from hspy_cnmf.operators.range_finder import automatic_rank
from hspy_cnmf.operators.sketch import Sketch
from hspy_cnmf.selection import OutputDimensionScan, scan_output_dimension

#: What the sketch takes of the arguments of a factorisation.
_OF_SKETCH = (
    "signal_mask",
    "random_state",
    "normalize_poissonian_noise",
    "max_memory",
    "show_progressbar",
)


def suggest(
    signal: BaseSignal,
    most_components: int,
    *,
    compression: str | int,
    n_init: int,
    max_iter: int,
    **arguments: Any,
) -> tuple[OutputDimensionScan, Sketch]:
    """Scan the number of components from 1 on, and sketch the data for it.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        The scan is kept in it.
    most_components : int
        Largest number, if the data have room for it.
    compression : "auto" or int
        Rank of the sketch.
    n_init, max_iter : int
        Starts and iterations of the factorisation to come; the scan has no more.
    **arguments
        For ``scan_output_dimension``, with those of the sketch.

    Returns
    -------
    scan : OutputDimensionScan
    sketch : Sketch
        For the factorisation, of the same masks and weights.

    Raises
    ------
    ValueError
        If the signal or an argument does not make sense.
    """
    most = min(most_components, _room(signal, arguments["signal_mask"]))
    rank = automatic_rank(most) if isinstance(compression, str) else compression
    sketch = make_sketch(signal, rank, **{name: arguments[name] for name in _OF_SKETCH})
    defaults = inspect.signature(scan_output_dimension).parameters
    scan = signal.scan_output_dimension(
        range(1, most + 1),
        n_init=min(n_init, defaults["n_init"].default),
        max_iter=min(max_iter, defaults["max_iter"].default),
        compression=compression,
        sketch=sketch,
        print_info=False,
        **arguments,
    )
    return scan, sketch


def _room(signal: BaseSignal, mask: BaseSignal | None) -> int:
    """Return the largest number of components that data have room for."""
    used = np.count_nonzero(select_pixels(signal, mask))
    room = min(signal.axes_manager.navigation_size, used)
    if room < 2:
        raise ValueError(
            f"The data have room for {room} component: there is nothing to scan."
        )
    return room
