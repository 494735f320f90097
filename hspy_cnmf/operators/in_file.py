"""Long rows in a file: memory holds those of a few positions at a time.

The images of a sketch are 256 bytes a position and more, of all that a run holds the
most. They are formed once, and then only read from one end to the other.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from math import prod

import numpy as np
from dask.utils import format_bytes
from numpy.typing import DTypeLike

from hspy_cnmf.operators.memory import memory_limit

#: Of the memory that a run may take, what rows may take in it.
_SHARE = 0.25

#: Bytes of rows that are in memory in any case.
_FEW = 2**24


def long_rows(
    shape: tuple[int, int], dtype: DTypeLike, max_memory: int | str | None = None
) -> np.ndarray:
    """Return an array of long rows to be filled, in a file where they are large.

    Parameters
    ----------
    shape : tuple of int
        Number of rows and of columns.
    dtype : numpy.dtype
    max_memory : int, str or None
        See `hspy_cnmf.operators.memory.memory_limit`: rows of more than a quarter of
        it, and 16 MiB, are in a file without a name in the folder of temporary files.
        It goes with the array. They are in memory where there is no room for the file,
        or the system cannot take back what it has shown of one.
    """
    n_bytes = prod(shape) * np.dtype(dtype).itemsize
    if bytes_in_memory(n_bytes, max_memory):
        return np.empty(shape, dtype)
    try:
        return np.ndarray(shape, dtype, _unnamed_file(n_bytes))
    except (AttributeError, OSError):
        return np.empty(shape, dtype)


def bytes_in_memory(n_bytes: int, max_memory: int | str | None = None) -> int:
    """Return how many bytes of `long_rows` are in memory: all of them, or none."""
    most = max(_FEW, _SHARE * memory_limit(max_memory))
    return n_bytes if n_bytes <= most else 0


def let_go(rows: np.ndarray) -> None:
    """Take out of memory what was read or written of an array in a file, if it is.

    It stays in the file, and is read from there when it is needed.
    """
    base = rows.base
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)


def _unnamed_file(n_bytes: int) -> mmap.mmap:
    """Return a file as memory, of which each byte has its place on the disk."""
    if not hasattr(mmap, "MADV_DONTNEED") or not hasattr(os, "posix_fallocate"):
        raise OSError("The system has no way to take pages back.")
    with tempfile.TemporaryFile(prefix="hspy_cnmf-") as file:
        reserve(file.fileno(), n_bytes)
        pages = mmap.mmap(file.fileno(), n_bytes)
    # A few columns are a little of each row: what lies about it is not to come along.
    pages.madvise(mmap.MADV_RANDOM)
    return pages


def reserve(file: int, n_bytes: int) -> None:
    """Make a temporary file so long, and each of its bytes a place on the disk.

    Else a disk that is full would end the process when one is written to memory that
    shows the file. Where the system does not give places, it is made long only.

    Parameters
    ----------
    file : int
        Its descriptor.
    n_bytes : int

    Raises
    ------
    OSError
        If the disk has no room for it.
    """
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file, 0, n_bytes)
        else:
            os.truncate(file, n_bytes)
    except OSError as error:
        place = f"{format_bytes(n_bytes)} of temporary files in {tempfile.gettempdir()}"
        words = f"{error.strerror}: {place} (TMPDIR names another folder)"
        raise OSError(error.errno, words) from error
