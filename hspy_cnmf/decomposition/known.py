"""Known patterns and maps, arrays or signals, of the detector and scan of a signal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy import store
from hspy_cnmf._hyperspy.bridge import aligned_data, shapes
from hspy_cnmf._hyperspy.scales import contradiction
from hspy_cnmf._hyperspy.types import BaseDataAxis, BaseSignal
from hspy_cnmf.operators.computing import compute_together
from hspy_cnmf.solver.fixed import shaped


def known_patterns(given: Any, signal: BaseSignal, name: str) -> np.ndarray | None:
    """Return known patterns as an array, shape (n, *pattern_shape), or None.

    Parameters
    ----------
    given : array_like, hyperspy.signal.BaseSignal or None
        A stack of patterns, or a single one; as a signal, (n | kx, ky). Of a decomposed
        signal, its factors that are not empty.
    signal : hyperspy.signal.BaseSignal
        Whose patterns they are to be like.
    name : str
        Of the argument, for errors.

    Raises
    ------
    TypeError, ValueError
        If they are no numbers, or have another shape or calibration.
    """
    _, shape = shapes(signal)
    _check_no_list(given, name)
    if given is None or not isinstance(given, BaseSignal):
        return None if given is None else shaped(given, shape, name)
    if given.learning_results.factors is not None:
        found = store.found_components(given)
        given, _ = store.component_signals(given)
        given = given.inav[: len(found)] if _first_ones(found) else given
    manager = given.axes_manager
    if manager.navigation_dimension > 1:
        raise ValueError(
            f"{name} is {given!r}, a scan that has not been decomposed: give patterns, "
            "(n | kx, ky), or decompose it first."
        )
    _check_axes(manager.signal_axes, signal.axes_manager.signal_axes, name, True)
    return shaped(_values(given), shape, name)


def known_maps(given: Any, signal: BaseSignal, name: str) -> np.ndarray | None:
    """Return known maps as an array, shape (n, *scan_shape), or None.

    Parameters
    ----------
    given : array_like, hyperspy.signal.BaseSignal or None
        A stack of maps, or a single one, in array order; as a signal, (n | x, y), or
        (x, y |).
    signal, name
        As for `known_patterns`.
    """
    shape, _ = shapes(signal)
    _check_no_list(given, name)
    if given is None or not isinstance(given, BaseSignal):
        return None if given is None else shaped(given, shape, name)
    manager = given.axes_manager
    axes = manager.signal_axes or manager.navigation_axes
    _check_axes(axes, signal.axes_manager.navigation_axes, name, False)
    return shaped(_values(given), shape, name)


def _check_no_list(given: Any, name: str) -> None:
    """Raise a TypeError if signals come in a list, which would hide calibrations."""
    if isinstance(given, (list, tuple)) and any(
        isinstance(one, BaseSignal) for one in given
    ):
        raise TypeError(
            f"{name} is a list of signals: give one signal, as hyperspy.api.stack "
            "makes of them."
        )


def _values(given: BaseSignal) -> np.ndarray:
    """Return the data of a signal, computed and without axes of one value before."""
    (values,) = compute_together(aligned_data(given))
    n_axes = given.axes_manager.signal_dimension
    if n_axes and values.ndim == n_axes + 1 and values.shape[0] == 1:
        return values[0]
    return values


def _first_ones(found: Sequence[int]) -> bool:
    return len(found) > 0 and list(found) == list(range(len(found)))


def _check_axes(
    theirs: Sequence[BaseDataAxis],
    ours: Sequence[BaseDataAxis],
    name: str,
    with_offset: bool,
) -> None:
    """Raise a ValueError unless axes have the same sizes and calibrations."""
    sizes = tuple(axis.size for axis in theirs), tuple(axis.size for axis in ours)
    if sizes[0] != sizes[1]:
        raise ValueError(
            f"{name} has the shape {sizes[0]} (as HyperSpy shows it), where that of "
            f"the data, {sizes[1]}, belongs."
        )
    for axis, own in zip(theirs, ours, strict=True):
        reason = contradiction(axis, own, with_offset)
        if reason:
            raise ValueError(
                f"{name} is calibrated otherwise than the data: {reason}. If that is "
                f"wrong, give the array, {name}=signal.data, or set scale, offset and "
                "units of the axes alike."
            )
