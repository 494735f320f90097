"""Values that are missing, as a user names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data, shapes
from hspy_cnmf._hyperspy.types import BaseSignal as AnySignal

if TYPE_CHECKING:
    from hspy_cnmf._hyperspy.types import BaseSignal


def resolve_missing(missing: Any, signal: BaseSignal) -> Any:
    """Return whether NaN are left out, or the mask of further values that are.

    Parameters
    ----------
    missing : {"refuse", "ignore"}, BaseSignal or array
        A mask has the shape of the data, True where a value is missing.
    signal : hyperspy.signal.BaseSignal
        The data.

    Returns
    -------
    bool or array of bool
        Navigation axes first.

    Raises
    ------
    ValueError, TypeError
        If it is another word, or a mask has another shape or does not hold True and
        False.
    """
    if isinstance(missing, str):
        if missing not in ("refuse", "ignore"):
            raise ValueError(
                "missing must be 'refuse', 'ignore' or a mask of the shape of the "
                f"data, not {missing!r:.60}."
            )
        return missing == "ignore"
    mask = aligned_data(missing) if isinstance(missing, AnySignal) else missing
    dtype = getattr(mask, "dtype", None)
    if dtype is None or np.dtype(dtype).kind not in "b":
        raise TypeError(
            "missing must be 'refuse', 'ignore' or a mask of True and False, not "
            f"{type(missing).__name__} of {dtype}: compare the data, as in "
            "missing=s.data >= 65535."
        )
    shape = sum(shapes(signal), ())
    if mask.shape != shape:
        raise ValueError(
            f"The mask of missing values has the shape {mask.shape}, but the data, "
            f"navigation axes first, have {shape}: give one value for each of theirs, "
            "or navigation_mask or signal_mask."
        )
    return mask
