"""The memory there is, and the number of blocks of data that it has room for."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
import psutil
from dask.utils import format_bytes, parse_bytes
from numpy.typing import DTypeLike

from hspy_cnmf.operators.blocks import SLAB_BYTES, product_dtype, slab_rows

#: Of the memory that is free, what blocks may take by default.
_SHARE = 0.75

#: What ``mallopt`` of the C library of Linux calls the largest number of arenas.
_ARENA_MAX = -8


def block_room(
    block_bytes: int,
    product_bytes: int = 0,
    pattern_bytes: int = 0,
    n_patterns: int | None = None,
) -> int:
    """Return the bytes that it takes to read a block and multiply with it.

    Parameters
    ----------
    block_bytes : int
        Size of the block: room is left for what it is decoded from, too.
    product_bytes : int, default 0
        Size of the product: it is summed up out of place.
    pattern_bytes : int, default 0
        Size of a pattern in floating point, where that is large.
    n_patterns : int, optional
        Number of patterns of the block, where they may be less than a slab.
    """
    slab = max(SLAB_BYTES, slab_rows(pattern_bytes) * pattern_bytes)
    if n_patterns is not None:
        slab = min(slab, n_patterns * pattern_bytes)
    return 2 * block_bytes + 3 * slab + 3 * product_bytes


def memory_limit(max_memory: int | str | None = None) -> int:
    """Return the bytes that the argument ``max_memory`` stands for.

    Parameters
    ----------
    max_memory : int, str or None
        Bytes, or a string such as "2 GB"; None for three quarters of what is free.

    Raises
    ------
    ValueError, TypeError
        If it is neither, or not positive.
    """
    if max_memory is None:
        return int(_SHARE * free_memory())
    if isinstance(max_memory, bool) or not isinstance(max_memory, (int, float, str)):
        raise TypeError(
            'max_memory must be a number of bytes, a string such as "2 GB" or None, '
            f"not {max_memory!r}."
        )
    try:
        limit = parse_bytes(max_memory)
    except (ValueError, OverflowError):
        limit = 0
    if limit <= 0:
        raise ValueError(
            'max_memory must be a positive number of bytes or a string such as "2 GB", '
            f"got {max_memory!r}."
        )
    return limit


def give_back() -> None:
    """Give memory that was freed back to the system.

    The C library of Linux keeps what many threads have freed in small pieces, as
    results of blocks are: a run would seem to grow with every reading.
    """
    _ask_c_library("malloc_trim", 0)


def share_one_arena() -> None:
    """Have all threads of this process take memory from the same place, from now on.

    The C library of Linux has a place for each of many threads, eight for each
    processor, and keeps in each what was freed there. This is for a process of one's
    own, before it has threads.
    """
    _ask_c_library("mallopt", _ARENA_MAX, 1)


def _ask_c_library(name: str, *arguments: int) -> None:
    """Call a function of the C library, if there is one of that name."""
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # another library, or system
        return
    function(*arguments)


def free_memory() -> int:
    """Return the bytes that this process may still take.

    The least of what the machine has left and what the process's control groups (of
    a container or a job of a cluster) have left.
    """
    return min([psutil.virtual_memory().available, *_left_in_control_groups()])


def _left_in_control_groups(
    root: str | Path = "/sys/fs/cgroup", own: str | Path = "/proc/self/cgroup"
) -> Iterator[int]:
    """Yield the bytes left in each control group of this process that has a limit."""
    try:
        lines = Path(own).read_text().splitlines()
    except OSError:  # not on Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base, names = Path(root), ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            base = Path(root, "memory")
            names = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        group = base / path.lstrip("/")
        for folder in {
            base,
            *(p for p in (group, *group.parents) if base in p.parents),
        }:
            limit, used = (_number_in(folder / name) for name in names)
            if limit is not None and used is not None:
                yield max(0, limit - used + _reclaimable(folder / "memory.stat"))


def _number_in(path: Path) -> int | None:
    """Return the number that is all of a file, or None."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # not there, or "max"
        return None


def _reclaimable(path: Path) -> int:
    """Return the bytes of files kept in memory, which are given up when needed."""
    try:
        pairs = (line.split() for line in path.read_text().splitlines())
        return sum(int(value) for name, value in pairs if name == "inactive_file")
    except (OSError, ValueError):
        return 0


def blocks_at_once(
    limit: float,
    product_bytes: int,
    chunk_shape: tuple[int, ...],
    dtype: DTypeLike,
    n_navigation: int,
    kept_bytes: int = 0,
) -> int:
    """Return how many blocks fit into a limit.

    Parameters
    ----------
    limit : int
        Bytes.
    product_bytes : int
        See `block_room`.
    chunk_shape : tuple of int
        Shape of the largest block, navigation axes first.
    dtype : numpy.dtype
        Type of the data.
    n_navigation : int
        Number of navigation axes.
    kept_bytes : int, default 0
        What is kept beside blocks, at the expense of all but one.

    Raises
    ------
    ValueError
        If a single block does not fit.
    """
    navigation, signal = chunk_shape[:n_navigation], chunk_shape[n_navigation:]
    pattern_bytes = prod(signal) * np.dtype(dtype).itemsize
    as_float = prod(signal) * product_dtype(np.dtype(dtype)).itemsize
    room = block_room(prod(navigation) * pattern_bytes, product_bytes, as_float)
    if room <= limit:
        left = min(max(limit - kept_bytes, room), 2**62)
        return int(min(left // room, 2**31))
    fixed = block_room(0, product_bytes, as_float)
    fits = max(0, limit - fixed) / (2 * pattern_bytes)
    side = max(1, int(fits ** (1 / n_navigation)))
    raise ValueError(
        f"Chunks of these data have up to {' x '.join(map(str, chunk_shape))} values "
        f"of {dtype}, {format_bytes(prod(navigation) * pattern_bytes)}. Reading one "
        f"takes {format_bytes(room)}, but there are {format_bytes(int(limit))}: "
        "max_memory, by default three quarters of what is free; on a cluster, the "
        "memory of a worker by its threads. Give more, or make chunks "
        f"smaller, for example s.rechunk(nav_chunks={side}), best before the data "
        "are saved."
    )
