"""Negative values of data, as of detectors whose offset was subtracted."""

from __future__ import annotations

import dask.array as da
import numpy as np
from hyperspy.signal import BaseSignal

from hspy_cnmf._hyperspy.bridge import with_data

#: What can be done with negative values.
NEGATIVE = ("refuse", "clip", "shift")


def without_negative(signal: BaseSignal, negative: str) -> BaseSignal:
    """Return a signal without negative values; the one that is given is not changed.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Of real numbers, lazy or not.
    negative : {"refuse", "clip", "shift"}
        Leave the signal as it is, for the decomposition to refuse it; set negative
        values to zero; or subtract the lowest value, if it is negative, from all.
        The lowest value is searched for in one reading. NaN stay.

    Returns
    -------
    hyperspy.signal.BaseSignal
        `signal` itself if there is nothing to do; else a copy, lazy if `signal` is.

    Raises
    ------
    ValueError
        If `negative` is none of these.

    Notes
    -----
    Clipping makes the mean of what is noise about zero positive; shifting adds a
    background to every pixel. Neither leaves the noise that of counts.
    """
    if negative not in NEGATIVE:
        raise ValueError(f"negative={negative!r} must be one of {', '.join(NEGATIVE)}.")
    data = signal.data
    if negative == "refuse" or data.dtype.kind not in "if":
        return signal
    if negative == "clip":
        return with_data(signal, data.clip(0))
    lowest = np.asarray(_lowest(data))
    if not lowest < 0:
        return signal
    if data.dtype.kind == "i":  # the largest less the lowest may be too large for it
        data = data.astype(np.promote_types(data.dtype, np.min_scalar_type(-(2**16))))
        lowest = lowest.astype(data.dtype)
    return with_data(signal, data - lowest)


def _lowest(data: np.ndarray | da.Array) -> float:
    """Return the lowest value that is a number."""
    if isinstance(data, da.Array):
        return da.nanmin(data).compute()
    return np.nanmin(data)
