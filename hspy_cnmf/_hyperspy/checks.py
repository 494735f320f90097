"""Checks of signals and of the counts in them, with errors that say what to do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hyperspy.signal import BaseSignal

from hspy_cnmf.device.arrays import is_on_gpu
from hspy_cnmf.operators.inspection import Inspection

#: Largest values outside these limits overflow, or vanish, when squared.
_LIMITS = 1e-15, 1e15

#: Negative values below this fraction of the largest are put down to rounding.
_ROUNDING = 1e-6


def check_signal(signal: BaseSignal) -> None:
    """Raise if a signal is of a kind that cannot be factorised.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal

    Raises
    ------
    TypeError
        If it is no signal, or its data are ragged, complex, not numbers or masked.
    ValueError
        If there are fewer than two positions, or no signal axes.
    """
    if not isinstance(signal, BaseSignal):
        raise TypeError(
            "What is decomposed must be a HyperSpy signal, not "
            f"{type(signal).__name__}: see hspy_cnmf.ConstrainedNMF for arrays."
        )
    check_numbers(signal, "Constrained NMF")
    manager = signal.axes_manager
    if manager.navigation_size < 2 or manager.signal_size < 2:
        raise ValueError(
            "It is not possible to decompose a dataset with navigation_size < 2 or "
            f"signal_size < 2: got navigation shape {manager.navigation_shape} and "
            f"signal shape {manager.signal_shape}. Check s.transpose, or load the "
            "whole scan."
        )


def check_numbers(signal: BaseSignal, what: str) -> None:
    """Raise a TypeError, that says what needs them, if data are no real numbers."""
    if is_on_gpu(getattr(signal.data, "_meta", signal.data)):
        raise TypeError(
            f"{what} reads data on the host, but these are on a GPU: call "
            "s.to_host() first. Iterations use a GPU by themselves (device='auto')."
        )
    if isinstance(getattr(signal.data, "_meta", signal.data), np.ma.MaskedArray):
        filled = "s.data.filled(0)"
        if signal._lazy:
            filled = "dask.array.ma.filled(s.data, 0)"
        raise TypeError(
            "The data are a NumPy masked array, whose mask would not be seen: set "
            f"s.data = {filled}, and give navigation_mask or signal_mask."
        )
    dtype, is_ragged = signal.data.dtype, getattr(signal, "ragged", False)
    if is_ragged or dtype.kind not in "biuf":
        remedy = 'If they are numbers, s.change_dtype("float32").'
        if dtype.kind == "c":
            remedy = "Take s.real, an amplitude or an intensity of it."
        if is_ragged:
            remedy = "Give all of them one shape: the signal is ragged."
        raise TypeError(
            f"{what} needs real numbers on a regular grid, not data of type "
            f"{dtype}. {remedy}"
        )


def check_counts(
    inspection: Inspection,
    keep_positions: np.ndarray,
    keep_pixels: np.ndarray,
    maximum: float = 0.0,
) -> None:
    """Raise if the data that take part are not counts.

    Parameters
    ----------
    inspection : hspy_cnmf.operators.inspection.Inspection
        What reading the data told.
    keep_positions, keep_pixels : numpy.ndarray of bool
        What takes part, in array order.
    maximum : float, default 0.0
        Largest value known to be elsewhere in the data, of which these are a part.

    Raises
    ------
    ValueError
        If there are NaN, infinities, negative values or nothing but zeros.
    """
    if inspection.first_not_finite is not None:
        row, column = inspection.first_not_finite
        position = np.argwhere(keep_positions)[row][::-1]
        pixel = np.argwhere(keep_pixels)[column][::-1]
        raise ValueError(
            f"The data hold {inspection.n_not_finite} values that are NaN or infinite, "
            f"the first at navigation index {tuple(map(int, position))}, signal index "
            f"{tuple(map(int, pixel))}. Mask those positions (navigation_mask) or "
            "pixels (signal_mask), leave NaN out of a decomposition "
            '(missing="ignore"; in the shell, --missing ignore), or replace them, for '
            "example with numpy.nan_to_num."
        )
    maximum = max(maximum, inspection.maximum)
    if inspection.minimum < -_ROUNDING * max(maximum, 0):
        raise ValueError(
            f"The data hold {inspection.n_negative} negative values, the lowest "
            f"{inspection.minimum:.6g}: NMF needs counts. Clip them "
            '(negative="clip"; in the shell, --negative clip) or mask them.'
        )
    if maximum > 0 and not _LIMITS[0] < maximum < _LIMITS[1]:
        raise ValueError(
            f"The largest value of the data is {maximum:.6g}: rescale them "
            f"(s.data = s.data / {maximum:.3g}) so that it is nearer to 1."
        )
    if maximum <= 0:
        raise ValueError(
            "The data that no mask excludes are zero everywhere: there is nothing to "
            "decompose. Check the data and the masks."
        )


def component_indices(
    components: int | Sequence[int] | np.ndarray | None, n_components: int
) -> np.ndarray:
    """Return which components are meant.

    Parameters
    ----------
    components : int, sequence of int or None
        How many, or which, counted from 0; None for all.
    n_components : int
        How many there are.

    Returns
    -------
    numpy.ndarray of int

    Raises
    ------
    TypeError
        If these are no integers.
    IndexError
        If there is no such component.
    """
    if components is None:
        return np.arange(n_components)
    if np.asarray(components).dtype.kind not in "iu" and np.size(components):
        raise TypeError(
            f"components={components!r} must be the number of components, or a "
            "sequence of their numbers counted from 0."
        )
    indices = np.asarray(components, dtype=int)
    indices = np.arange(int(indices)) if indices.ndim == 0 else indices
    if not indices.size or indices.min() < 0 or indices.max() >= n_components:
        raise IndexError(
            f"components={components!r}: the signal has {n_components} components, "
            "counted from 0."
        )
    return indices
