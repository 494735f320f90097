"""Small chunks that are read together as one block.

Each block costs a task, sums to be added up, and what is told of it, whatever its size:
a scan that is stored pattern by pattern would be read 50 times as slowly.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

#: Sizes of the chunks along each axis, as Dask has them.
Chunks: TypeAlias = tuple[tuple[int, ...], ...]

#: Numbers of the first chunk of each block along an axis and, last, of all chunks.
Edges: TypeAlias = tuple[int, ...]

#: Chunks of fewer bytes, on average, are small; blocks of them have no more than these.
_SMALL, _BLOCK = 2**20, 2**22

#: Chunks are left as they are where they are no more than these, and blocks of them are
#: no fewer than these: threads share them, and samples are taken of them.
_FEW_CHUNKS, _FEWEST_BLOCKS = 512, 64


def grouped(chunks: Chunks, dtype: DTypeLike) -> tuple[Edges, ...] | None:
    """Return which chunks are read together; None where they are not small, or few.

    Patterns are made whole first, as these are read once less.

    Parameters
    ----------
    chunks : tuple of tuple of int
        Navigation axes first.
    dtype : numpy.dtype
        Of the data.
    """
    room = values_of_block(chunks, dtype)
    if room is None:
        return None
    edges = [tuple(range(len(sizes) + 1)) for sizes in chunks]
    shape = [max(sizes) for sizes in chunks]
    for axis in reversed(range(len(chunks))):
        _group(axis, chunks, edges, shape, room)
    return tuple(edges)


def values_of_block(chunks: Chunks, dtype: DTypeLike) -> int | None:
    """Return the most values of a block; None where chunks are not small, or few."""
    n_chunks, itemsize = prod(map(len, chunks)), np.dtype(dtype).itemsize
    n_bytes = itemsize * prod(map(sum, chunks))
    if n_chunks <= _FEW_CHUNKS or n_bytes >= _SMALL * n_chunks:
        return None
    return min(_BLOCK, n_bytes // _FEWEST_BLOCKS) // itemsize


def _group(
    axis: int, chunks: Chunks, edges: list[Edges], shape: list[int], room: int
) -> None:
    """Group the chunks along an axis so far as blocks have no more values than room."""
    length = room * shape[axis] // prod(shape)
    found, size = [0], 0
    for i, own in enumerate(chunks[axis]):
        if size and size + own > length:
            found.append(i)
            size = 0
        size += own
    edges[axis] = (*found, len(chunks[axis]))
    shape[axis] = max(sizes_of_groups(chunks[axis], edges[axis]))


def sizes_of_groups(sizes: tuple[int, ...], edges: Edges) -> tuple[int, ...]:
    """Return the sizes of the groups of chunks along an axis."""
    return tuple(int(n) for n in np.add.reduceat(sizes, edges[:-1]))


def block_chunks(chunks: Chunks, dtype: DTypeLike) -> Chunks:
    """Return the sizes of blocks along each axis: see `grouped`."""
    edges = grouped(chunks, dtype)
    if edges is None:
        return chunks
    return tuple(map(sizes_of_groups, chunks, edges))


def put_together(pieces: Sequence[Any], grid_shape: tuple[int, ...]) -> Any:
    """Return the block that chunks make up.

    Parameters
    ----------
    pieces : sequence of numpy.ndarray, or of tuple of numpy.ndarray
        In C order.
    grid_shape : tuple of int
        Number of chunks along each axis.
    """
    if isinstance(pieces[0], tuple):
        return tuple(put_together(p, grid_shape) for p in zip(*pieces, strict=True))
    grid = np.empty(len(pieces), dtype=object)
    for i, piece in enumerate(pieces):
        grid[i] = np.asarray(piece)
    return np.block(grid.reshape(grid_shape).tolist())
