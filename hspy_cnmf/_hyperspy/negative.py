"""Negative values of data, as of detectors whose offset was subtracted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

import dask.array as da
import numpy as np
from hyperspy.signal import BaseSignal
from numpy.typing import NDArray

from hspy_cnmf._hyperspy.bridge import aligned_data, quickly_read, with_data
from hspy_cnmf._hyperspy.store import get_run
from hspy_cnmf.operators import StreamedOperator

Array: TypeAlias = np.ndarray | da.Array

#: What can be done with negative values.
NEGATIVE = ("refuse", "clip", "shift")


@dataclass(frozen=True)
class Remedy:
    """What is done with negative values of data.

    Parameters
    ----------
    negative : {"refuse", "clip", "shift"}
        Leave the data as they are, for the decomposition to refuse them; set negative
        values to zero; or subtract the lowest value, if it is negative, from all.
    lowest : int or float, default 0
        What is subtracted.

    Notes
    -----
    Clipping makes the mean of what is noise about zero positive; shifting adds a
    background to every pixel. Neither leaves the noise that of counts.
    """

    negative: str = "refuse"
    lowest: float = 0

    def __post_init__(self) -> None:
        if self.negative not in NEGATIVE:
            *others, last = map(repr, NEGATIVE)
            raise ValueError(
                f"negative must be {', '.join(others)} or {last}, not "
                f"{self.negative!r}."
            )

    def apply(self, data: Array) -> Array:
        """Return data without negative values; those that are given do not change.

        Parameters
        ----------
        data : numpy.ndarray or dask.array.Array
            Of real numbers.

        Returns
        -------
        numpy.ndarray or dask.array.Array
            `data` themselves if there is nothing to do; else others, lazy if they are.
        """
        if data.dtype.kind not in "if":
            return data
        if self.negative == "clip":
            return data.clip(0)
        if not self.lowest < 0:
            return data
        if data.dtype.kind == "i":  # the largest less the lowest may be too large
            wider = np.promote_types(data.dtype, np.min_scalar_type(-(2**16)))
            data = data.astype(wider)
        return data - data.dtype.type(self.lowest)


def _lowest(data: Array) -> float:
    """Return the lowest value that is a number, of one reading."""
    if isinstance(data, da.Array):
        return da.nanmin(data).compute().item()
    return np.nanmin(data).item()


def remedy_of_part(
    negative: str,
    data: Array,
    keep_positions: NDArray[np.bool_],
    keep_pixels: NDArray[np.bool_],
    **reading: Any,
) -> Remedy:
    """Return what is done with negative values, judged by those that take part.

    Parameters
    ----------
    negative : {"refuse", "clip", "shift"}
        See `Remedy`. To shift, the data are read once.
    data : numpy.ndarray or dask.array.Array
        Navigation axes first.
    keep_positions, keep_pixels : numpy.ndarray of bool
        What takes part.
    **reading
        Further arguments of `hspy_cnmf.operators.StreamedOperator`.
    """
    remedy = Remedy(negative)
    if negative != "shift":
        return remedy
    operator = StreamedOperator(data, keep_positions, keep_pixels, **reading)
    return Remedy(negative, min(operator.inspect(None)[0].minimum, 0.0))


def without_negative(
    signal: BaseSignal, negative: str, remedy: Remedy | None = None
) -> BaseSignal:
    """Return a signal without negative values; the one that is given is not changed.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Of real numbers, lazy or not.
    negative : {"refuse", "clip", "shift"}
        See `Remedy`.
    remedy : Remedy, optional
        Its remedy, if it is known. Default: judged by all values.

    Returns
    -------
    hyperspy.signal.BaseSignal
        `signal` itself if there is nothing to do; else a copy, lazy if `signal` is.

    Raises
    ------
    ValueError
        If `negative` is none of these.
    """
    data = quickly_read(signal)
    if remedy is None:
        remedy = Remedy(negative)
        if negative == "shift" and data.dtype.kind in "if":
            remedy = Remedy(negative, _lowest(data))
    changed = remedy.apply(data)
    return signal if changed is data else with_data(signal, changed)


def decomposed_data(signal: BaseSignal) -> Array:
    """Return the data that a signal's decomposition is one of, navigation axes first.

    Those of the signal, but where they were clipped or shifted (`negative`).
    """
    data = aligned_data(signal)
    try:
        parameters = json.loads(str(get_run(signal)["run"]))["parameters"]
        remedy = Remedy(*parameters.get("negative", ()))
    except (LookupError, AttributeError, TypeError, ValueError):
        return data  # none, or one that `get_result` refuses
    return remedy.apply(data)
