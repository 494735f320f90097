"""Chunks of a file, and the Dask chunks in which it is read.

To read a part of a compressed chunk takes as long as all of it, and each Dask chunk
costs a task, whatever its size. An array that is nothing but what a file holds is read
in boxes of whole chunks of the file instead, where these are small or cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import dask.array as da
import numpy as np
from dask.array.core import getter, getter_inline, getter_nofancy
from dask.blockwise import Blockwise

from hspy_cnmf.operators.grouped_chunks import Chunks, values_of_block

#: What reads the part of an array that is a Dask chunk.
_GETTERS = getter, getter_inline, getter_nofancy

#: Most readings of a chunk of a file, on average, that are left in one of the data.
OFTEN = 1.2

#: Boxes have no more bytes than these or, if it has more, than the largest Dask chunk.
_LARGE = 2**24


def well_chunked(data: Any, signal_axes: Sequence[int]) -> Any:
    """Return data in other Dask chunks where their file is read more quickly so.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
    signal_axes : sequence of int
        The others are those of the scan.

    Returns
    -------
    numpy.ndarray or dask.array.Array
        What is given unless it is lazy, just what a file holds, and its chunks are
        small, cut those of the file, or divide patterns that may as well be whole.
    """
    array, settings = _array_in_file(data)
    if array is None:
        return data
    stored = _stored_shape(array)
    largest = _largest(data.chunks)
    most = max(largest, _LARGE // data.dtype.itemsize)
    wanted = values_of_block(data.chunks, data.dtype)
    are_bad = wanted is not None or times_read(data) > OFTEN
    if not (are_bad or _divide(data.chunks, signal_axes)):
        return data
    chunks = _boxes(data.shape, stored, signal_axes, wanted or largest, most)
    if _largest(chunks) > most or (_divide(chunks, signal_axes) and not are_bad):
        return data
    return da.from_array(array, chunks, name=False, **settings)


def n_stored(data: Any) -> int | None:
    """Return the number of chunks of the file that data are; None if not known."""
    array, _ = _array_in_file(data)
    stored = _stored_shape(array)
    if stored is None:
        return None
    return prod(-(-n // own) for n, own in zip(data.shape, stored, strict=True))


def times_read(data: Any) -> float:
    """Return how often a chunk of a file is read in each reading of data, on average.

    Once as far as is known: not where data are more than what a file holds.
    """
    array, _ = _array_in_file(data)
    stored = _stored_shape(array)
    if stored is None:
        return 1.0
    sides = zip(data.chunks, stored, strict=True)
    return prod(_times_read(np.array(sizes), n) for sizes, n in sides)


def _times_read(sizes: np.ndarray, stored: int) -> float:
    """Return the same along one axis."""
    ends = np.cumsum(sizes)
    touched = -(-ends // stored) - (ends - sizes) // stored
    return float(touched.sum() / -(-ends[-1] // stored))


def _array_in_file(data: Any) -> tuple[Any, dict[str, Any]]:
    """Return the array that Dask reads data from, and how; None if they are more."""
    nothing: tuple[None, dict[str, Any]] = None, {}
    if not isinstance(data, da.Array) or not data.size:
        return nothing
    # What is but rechunked is the same.
    layers = [x for name, x in data.dask.layers.items() if name[:8] != "rechunk-"]
    readers = [layer for layer in layers if isinstance(layer, Blockwise)]
    if len(layers) > 2 or len(readers) != 1:
        return nothing
    task, array = getattr(readers[0], "task", None), readers[0].indices[0][0]
    for layer in layers:
        if layer is not readers[0]:
            array = layer.get(getattr(array, "key", array))
    if task is None or task.func not in _GETTERS:
        return nothing
    found = getattr(array, "shape", None), getattr(array, "dtype", None)
    return (array, task.kwargs) if found == (data.shape, data.dtype) else nothing


def _stored_shape(array: Any) -> tuple[int, ...] | None:
    """Return the shape of chunks of a file; None where there are none, or unknown."""
    shape = getattr(array, "chunks", None)
    return shape if shape and all(isinstance(n, int) for n in shape) else None


def _divide(chunks: Chunks, signal_axes: Sequence[int]) -> bool:
    return any(len(chunks[axis]) > 1 for axis in signal_axes)


def _largest(chunks: Chunks) -> int:
    """Return the number of values of the largest chunk."""
    return prod(map(max, chunks))


def _boxes(
    shape: tuple[int, ...],
    stored: tuple[int, ...] | None,
    signal_axes: Sequence[int],
    wanted: int,
    most: int,
) -> Chunks:
    """Return boxes of whole chunks of a file, of so many values as are wanted.

    They may have more for the sake of whole patterns.
    """
    scan_axes = [axis for axis in range(len(shape)) if axis not in signal_axes]
    if stored is None:
        stored = tuple(1 if axis in scan_axes else n for axis, n in enumerate(shape))
    lengths = list(map(min, stored, shape))
    for axes, room in ((signal_axes, most), (scan_axes, wanted)):
        for axis in reversed(axes):
            times = max(1, room // prod(lengths))
            lengths[axis] = min(times * lengths[axis], shape[axis])
    return tuple(
        tuple(min(length, n - start) for start in range(0, n, length))
        for n, length in zip(shape, lengths, strict=True)
    )
