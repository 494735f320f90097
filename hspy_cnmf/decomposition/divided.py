"""Chunks that divide patterns, are small or cut: what they cost, and what spares it."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf.operators.grouped_chunks import block_chunks
from hspy_cnmf.operators.stored_chunks import OFTEN, n_stored, times_read

#: Bytes from which on it is told: to read less again takes seconds.
_MANY = 2**30

#: Bytes of a good chunk.
_CHUNK = 2**26

#: Chunks of fewer bytes take as long to be found as to be dealt with; and how many of
#: them it is told of. Seconds of processor time for each, measured in a .zspy file: to
#: find it in one of many Dask chunks, and in one Dask chunk of many of a file.
_SMALL, _MANY_CHUNKS, _SECONDS, _SECONDS_IN_FILE = 2**16, 2**10, 2e-4, 6e-5


def chunk_notes(
    data: Any, n_navigation: int, many: int = _MANY, many_chunks: int = _MANY_CHUNKS
) -> list[str]:
    """Return in words that chunks divide patterns, are small or cut those of a file.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Navigation axes first.
    n_navigation : int
        Number of navigation axes.
    many : int, optional
        Bytes read again, or in vain, of which it is told.
    many_chunks : int, optional
        Small chunks of which it is told.
    """
    if not is_dask_collection(data):
        return []
    notes = (
        _divided(data, n_navigation, many),
        _small(data, n_navigation, many_chunks),
        _cut(data, n_navigation, many),
    )
    return [text for text in notes if text]


def _divided(data: Any, n_navigation: int, many: int) -> str:
    """Return in words that chunks divide patterns, "" where they do not."""
    if data.nbytes < many:
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


def _small(data: Any, n_navigation: int, many: int) -> str:
    """Return in words that chunks are small, "" where they are not, or are few."""
    in_file = n_stored(data)
    n_chunks = max(data.npartitions, in_file or 0)
    n_bytes = data.nbytes / n_chunks
    if n_chunks < many or n_bytes >= _SMALL:
        return ""
    seconds = data.npartitions * _SECONDS + (in_file or 0) * _SECONDS_IN_FILE
    return (
        f"The data are in {n_chunks} chunks of {n_bytes / 1e3:.2g} kB, which take some "
        f"{seconds:.1g} s of processor time a reading to be found, whatever they hold. "
        f"{_saved(data, n_navigation)}, nearly all of it is spared."
    )


def _cut(data: Any, n_navigation: int, many: int) -> str:
    """Return in words that Dask chunks cut those of a file, "" where they do not."""
    times = times_read(data)
    if times <= OFTEN or data.nbytes * (times - 1) < many:
        return ""
    return (
        f"Chunks of the file are read {round(times, 1):g} times in a reading of the "
        "data, whose chunks are smaller by far and cut them. "
        f"{_saved(data, n_navigation)}, they are read once."
    )


def _saved(data: Any, n_navigation: int) -> str:
    """Return how to save data in good chunks, as the beginning of a sentence."""
    return (
        f'Saved so once, s.save("scan.zspy", chunks={_good_chunks(data, n_navigation)})'
    )


def _good_chunks(data: Any, n_navigation: int) -> tuple[int, ...]:
    """Return the shape of good chunks, of whole patterns."""
    shape = data.shape[n_navigation:]
    room = _CHUNK / (prod(shape) * np.dtype(data.dtype).itemsize)
    side = max(1, int(room ** (1 / n_navigation)))
    return (*(min(side, n) for n in data.shape[:n_navigation]), *shape)
