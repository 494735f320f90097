"""A reading as a graph of Dask: sums over rows, what belongs to blocks, and an end."""

import dask
import dask.array as da
import numpy as np

from hspy_cnmf.operators.blocks import Side
from hspy_cnmf.operators.reading import Reading
from hspy_cnmf.operators.source import Source


def sums(block, positions, pixels):
    """Return row sums of a block, and column sums to be added over rows."""
    matrix = np.asarray(block).reshape(positions.full_size, pixels.full_size)
    return matrix.sum(axis=1), matrix.sum(axis=0)


def test_terms_are_added_over_rows_and_the_rest_is_kept():
    values = np.random.default_rng(0).random((7, 10))
    data = da.from_array(values, chunks=(2, 5))
    source = Source(data, data.numblocks, [0, 1, 2, 3], [0, 1])
    positions = [Side(n, None, None, None) for n in data.chunks[0]]
    pixels = [Side(n, None, None, None) for n in data.chunks[1]]
    reading = Reading(source, sums, positions, pixels)
    key = reading.end_with(lambda kept, sums: (kept, sums))
    kept, added = dask.get(reading.graph, key)
    np.testing.assert_allclose(np.concatenate(added), values.sum(axis=0))
    rows = [np.concatenate(list(kept[:, j])) for j in range(2)]
    np.testing.assert_allclose(sum(rows), values.sum(axis=1))


def test_what_belongs_to_the_blocks_of_a_row_is_added_up_before_the_end():
    values = np.random.default_rng(0).random((7, 15))
    data = da.from_array(values, chunks=(2, 5))
    positions = [Side(n, None, None, None) for n in data.chunks[0]]
    pixels = [Side(n, None, None, None) for n in data.chunks[1]]

    def own(block, positions, pixels):
        share, told = sums(block, positions, pixels)
        return (share, [pixels.full_size], (share, None)), told

    source = Source(data, data.numblocks, [0, 1, 2, 3], [0, 1, 2])
    reading = Reading(source, own, positions, pixels, lambda share, side: share)
    for key, side, start in zip(reading.kept, positions, (0, 2, 4, 6), strict=True):
        share, told, (again, nothing) = dask.get(reading.graph, key)
        expected = values[start : start + side.full_size].sum(axis=1)
        np.testing.assert_allclose(share, expected)
        np.testing.assert_allclose(again, expected)
        assert told == [5, 5, 5]
        assert nothing is None
