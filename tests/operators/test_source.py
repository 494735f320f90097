"""Tasks of a Dask array that read its blocks: the same values, and no others."""

import dask
import dask.array as da
import numpy as np

from hspy_cnmf.operators.source import Source


def test_wanted_blocks_are_those_of_the_array_and_need_no_others():
    values = np.arange(6 * 8).reshape(6, 8)
    read = []

    def note(block, block_info=None):
        read.append(block_info[0]["chunk-location"])
        return block

    data = da.from_array(values, chunks=(2, 4)).map_blocks(
        note, dtype=int, meta=np.empty((0, 0), int)
    )
    read.clear()
    source = Source(data, (3, 2), [0, 2], [1])
    assert source.blocks.shape == (2, 1)
    graph = source.graph_of_rows([1]) | {"wanted": source.blocks[1, 0]}
    found = dask.get(graph, "wanted")
    np.testing.assert_array_equal(found, values[4:6, 4:8])
    assert read == [(2, 1)]
