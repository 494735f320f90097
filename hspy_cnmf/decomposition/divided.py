"""Chunks that divide patterns, or are small: what they cost, and what spares it."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf.operators.grouped_chunks import block_chunks

#: Bytes from which on it is told: to read less again takes seconds.
_MANY = 2**30

#: Bytes of a good chunk.
_CHUNK = 2**26

#: Chunks of fewer bytes take as long to be found as to be dealt with; and how many of
#: them it is told of. Seconds of processor time for each, measured in a .zspy file.
_SMALL, _MANY_CHUNKS, _SECONDS = 2**16, 2**13, 2e-4


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
    blocks = block_chunks(data.chunks, data.dtype)
    parts = prod(map(len, blocks[n_navigation:]))
    if parts == 1:
        return ""
    chunks, shape = _good_chunks(data, n_navigation), data.shape[n_navigation:]
    whole = (*(("auto",) * n_navigation), *((-1,) * len(shape)))
    return (
        f"Chunks divide each pattern into {parts} parts, so that data are read twice "
        "as often as in chunks of whole patterns. A file that is mapped into memory "
        f"(.mib, .blo, .dm4) can be loaded so, hs.load(..., chunks={whole}); others "
        f'are best saved so once, s.save("scan.zspy", chunks={chunks}).'
    )


def small_note(data: Any, n_navigation: int, many: int = _MANY_CHUNKS) -> str:
    """Return in words that chunks are small, "" where they are not, or are few.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Navigation axes first.
    n_navigation : int
        Number of navigation axes.
    many : int, optional
        Chunks of which it is told.
    """
    if not is_dask_collection(data) or data.npartitions < many:
        return ""
    n_bytes = data.nbytes / data.npartitions
    if n_bytes >= _SMALL:
        return ""
    seconds = data.npartitions * _SECONDS
    return (
        f"The data are in {data.npartitions} chunks of {n_bytes / 1e3:.2g} kB, which "
        f"take some {seconds:.1g} s of processor time a reading to be found, whatever "
        'they hold. Saved so once, s.save("scan.zspy", '
        f"chunks={_good_chunks(data, n_navigation)}), nearly all of it is spared."
    )


def _good_chunks(data: Any, n_navigation: int) -> tuple[int, ...]:
    """Return the shape of good chunks, of whole patterns."""
    shape = data.shape[n_navigation:]
    room = _CHUNK / (prod(shape) * np.dtype(data.dtype).itemsize)
    side = max(1, int(room ** (1 / n_navigation)))
    return (*(min(side, n) for n in data.shape[:n_navigation]), *shape)
