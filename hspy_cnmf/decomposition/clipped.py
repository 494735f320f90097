"""Data that reach the most that their type can hold."""

from __future__ import annotations

import numpy as np


def clipping_note(dtype: str, maximum: float) -> str:
    """Return in words that bright values may be cut off, "" if they are not.

    Parameters
    ----------
    dtype : str
        Name of that of the data, as they are stored.
    maximum : float
        Of the values that take part.
    """
    if np.dtype(dtype).kind not in "ui" or maximum < np.iinfo(dtype).max:
        return ""
    most = np.iinfo(dtype).max
    return (
        f"The data reach {most}, the most that {dtype} can hold: what was brighter may "
        "be cut off, and then no component has it as it was. Go back to the data as "
        f"recorded, or leave such values out (missing=s.data == {most})."
    )
