"""A few patterns, and lazy arrays, computed as a whole."""

import dask.array as da
import numpy as np
import pytest

from hspy_cnmf.operators.computing import compute_together, patterns_at
from tests.operators.test_streamed import scan


@pytest.mark.parametrize("lazy", [False, True])
def test_a_few_patterns_are_those_of_the_data(lazy):
    data = scan()
    places = np.array([[0, 0], [4, 5], [2, 3]])
    source = da.from_array(data, chunks=(2, 3, 4, 2)) if lazy else data
    np.testing.assert_array_equal(patterns_at(source, places), data[tuple(places.T)])


def test_lazy_arrays_share_what_they_are_made_of():
    reads = []

    def read(block, block_info=None):
        reads.append(block_info[0]["chunk-location"])
        return block

    data = da.from_array(scan(), chunks=(2, 3, 7, 4))
    lazy = data.map_blocks(read, dtype=data.dtype, meta=np.empty((0,) * 4, data.dtype))
    one, other, already = compute_together(lazy.sum(), lazy.max(), np.ones(2))
    assert (one, other) == (scan().sum(), scan().max())
    assert already.sum() == 2
    assert len(reads) == data.npartitions
