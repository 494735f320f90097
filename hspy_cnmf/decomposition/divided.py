"""Chunks that divide patterns: what they cost, and what spares it."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from dask.base import is_dask_collection

#: Bytes from which on it is told: to read less again takes seconds.
_MANY = 2**30

#: Bytes of a good chunk.
_CHUNK = 2**26


def divided_note(data: Any, n_navigation: int, many: int = _MANY) -> str:
    """Return in words that chunks divide patterns, "" where they do not.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Navigation axes first.
    n_navigation : int
        Number of navigation axes.
    many : int, optional
        Bytes of data of which it is told.
    """
    if not is_dask_collection(data) or data.nbytes < many:
        return ""
    parts = prod(data.numblocks[n_navigation:])
    if parts == 1:
        return ""
    shape = data.shape[n_navigation:]
    room = _CHUNK / (prod(shape) * np.dtype(data.dtype).itemsize)
    side = max(1, int(room ** (1 / n_navigation)))
    chunks = (*((side,) * n_navigation), *shape)
    whole = (*(("auto",) * n_navigation), *((-1,) * len(shape)))
    return (
        f"Chunks divide each pattern into {parts} parts, so that data are read twice "
        "as often as in chunks of whole patterns. A file that is mapped into memory "
        f"(.mib, .blo, .dm4) can be loaded so, hs.load(..., chunks={whole}); others "
        f'are best saved so once, s.save("scan.zspy", chunks={chunks}).'
    )
