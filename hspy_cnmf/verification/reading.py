"""Blocks of the data in tiles, and maps and patterns of what is found in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from hspy_cnmf.constraints.base import expand
from hspy_cnmf.operators.blocks import Extent, Side

#: Tiles are small, so that all that is made of one stays in the processor's cache.
_TILE_COLUMNS, _TILE_BYTES = 2048, 2**19


def tiles(
    block: Any, positions: Side, pixels: Side, dtype: DTypeLike
) -> Iterator[tuple[slice, slice, np.ndarray, np.ndarray | None]]:
    """Yield a block in tiles of some positions and pixels, all positions first.

    Parameters
    ----------
    block : numpy.ndarray or tuple of numpy.ndarray
        The data as stored; a pair with their variance.
    positions, pixels : Side
        What takes part of it.
    dtype : numpy.dtype
        Floating-point type to convert to.

    Yields
    ------
    rows, columns : slice
        Among the positions, and pixels, that take part of the block.
    matrix, variance : numpy.ndarray, shape (n_rows, n_columns)
        The variance is None where none is given.
    """
    shape = positions.full_size, pixels.full_size
    pair = block if isinstance(block, tuple) else (block, None)
    values = np.asarray(pair[0]).reshape(shape)
    variance = None if pair[1] is None else np.asarray(pair[1]).reshape(shape)
    width = min(_TILE_COLUMNS, pixels.size)
    height = max(1, _TILE_BYTES // (width * np.dtype(dtype).itemsize))
    for left in range(0, pixels.size, width):
        columns = slice(left, left + width)
        for top in range(0, positions.size, height):
            rows = slice(top, top + height)
            tile = _place(rows, positions.local), _place(columns, pixels.local)
            beside = None if variance is None else _tile(variance, *tile, dtype)
            yield rows, columns, _tile(values, *tile, dtype), beside


def _place(part: slice, local: np.ndarray | None) -> slice | np.ndarray:
    return part if local is None else local[part]


def _tile(
    values: np.ndarray,
    rows: slice | np.ndarray,
    columns: slice | np.ndarray,
    dtype: DTypeLike,
) -> np.ndarray:
    if isinstance(columns, slice):
        tile = values[:, columns][rows]
    elif isinstance(rows, slice):
        # Unlike an index, this leaves patterns contiguous.
        tile = np.take(values[rows], columns, axis=1)
    else:
        tile = values[rows[:, np.newaxis], columns]
    return tile.astype(dtype, copy=False)


def as_maps(values: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return values of positions as maps, NaN elsewhere; the same array where all are.

    Parameters
    ----------
    values : numpy.ndarray, shape (n, n_positions)
    keep : numpy.ndarray of bool, shape of a map
    """
    return values.reshape(-1, *keep.shape) if keep.all() else expand(values, keep)


def gather(
    parts: Sequence[np.ndarray] | np.ndarray, extents: Sequence[Extent]
) -> np.ndarray:
    """Put what was found in blocks in its place among all that takes part.

    Parameters
    ----------
    parts : sequence of numpy.ndarray, shape (n, size of the extent)
    extents : sequence of Extent
        Positions or pixels of each.

    Returns
    -------
    numpy.ndarray, shape (n, number that take part)
        In the precision of the parts.
    """
    shape = len(parts[0]), sum(extent.size for extent in extents)
    whole = np.empty(shape, np.result_type(parts[0], np.float32))
    for part, extent in zip(parts, extents, strict=True):
        whole[:, extent.target] = part
    return whole
