"""Mean pattern of a lazy scan, of some chunks where there are many."""

from __future__ import annotations

from functools import partial
from math import prod

import dask.array as da
import numpy as np

from hspy_cnmf.operators import blocks, products
from hspy_cnmf.operators.reader import BlockReader

#: Chunks of positions, and positions, of which the mean says as much as that of all.
_FEWEST_CHUNKS, _FEWEST_POSITIONS = 16, 2**13


def mean_pattern(
    data: da.Array, n_navigation: int, max_memory: int | str | None = None
) -> np.ndarray:
    """Return the mean of patterns, of values that are finite.

    Parameters
    ----------
    data : dask.array.Array
        Navigation axes first.
    n_navigation : int
        Number of navigation axes.
    max_memory : int or str, optional
        What chunks may take while they are read; see `memory_limit`.

    Returns
    -------
    numpy.ndarray, shape of a pattern
        Of a sample of chunks, evenly over the scan, where there are many; see
        `sampled_rows`. NaN where no value is a number.
    """
    shapes = data.shape[:n_navigation], data.shape[n_navigation:]
    keep = (np.ones(shape, bool) for shape in shapes)
    reader = BlockReader(data, *keep, max_memory=max_memory)
    _, sums = reader.read(
        "Mean pattern",
        partial(products.block_known, dtype=blocks.product_dtype(data.dtype)),
        *reader.sides(),
        product_bytes=32 * sum(reader.largest_block),
        rows=sampled_rows([extent.size for extent in reader.positions]),
    )
    totals, counts = np.empty((2, prod(shapes[1])))
    for extent, (total, count) in zip(reader.pixels, sums, strict=True):
        totals[extent.target], counts[extent.target] = total, count
    mean = np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
    return mean.reshape(shapes[1])


def sampled_rows(sizes: list[int]) -> list[int]:
    """Return which chunks of positions are read, given their sizes.

    As few as hold enough positions, evenly among all; in C order that is along a
    diagonal of a square scan.
    """
    enough = -(-_FEWEST_POSITIONS * len(sizes) // max(sum(sizes), 1))
    n = min(len(sizes), max(_FEWEST_CHUNKS, enough))
    return np.unique(np.linspace(0, len(sizes) - 1, n).astype(int)).tolist()
