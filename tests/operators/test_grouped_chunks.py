"""Small chunks are read together: blocks hold them all, once, and are not too large."""

import dask
import dask.array as da
import numpy as np
import pytest

from hspy_cnmf.operators.grouped_chunks import block_chunks, grouped, put_together
from hspy_cnmf.operators.source import Source

LARGE = ((256,) * 4, (256,) * 4, (64,), (64,))


@pytest.mark.parametrize(
    ("chunks", "whole"),
    [
        (((1,) * 128, (1,) * 128, (64,), (64,)), True),
        (((7,) * 18 + (2,), (5,) * 25 + (3,), (33, 31), (50, 14)), True),
        (((1,) * 4000, (1000,)), True),
        (((128,), (128,), (4,) * 64, (4,) * 64), False),
    ],
)
def test_blocks_are_as_large_as_is_good_to_read(chunks, whole):
    found = block_chunks(chunks, np.uint16)
    assert list(map(sum, found)) == list(map(sum, chunks))
    sizes = 2 * np.prod([max(c) for c in found]), 2 * np.prod(list(map(sum, chunks)))
    assert sizes[0] <= max(2**22, 2 * np.prod([max(c) for c in chunks]))
    assert np.prod(list(map(len, found))) >= 64
    assert np.prod(list(map(len, found))) < np.prod(list(map(len, chunks))) / 3
    if whole:  # a pattern is in one block
        assert [len(c) for c in found[2:]] == [1] * len(found[2:])


def test_few_and_large_chunks_stay_as_they_are():
    assert grouped(LARGE, np.uint16) is None
    assert grouped(((1,) * 8, (1,) * 8, (64,), (64,)), np.uint8) is None
    assert block_chunks(LARGE, np.uint16) is LARGE


@pytest.mark.parametrize("in_pairs", [False, True])
def test_a_block_is_what_its_chunks_hold(in_pairs):
    values = np.arange(5 * 4 * 6).reshape(5, 4, 6)
    data = da.from_array(values, chunks=(2, 1, 4))
    if in_pairs:
        data = data.map_blocks(
            lambda block: (block, -block), dtype=int, meta=np.empty((0, 0, 0), int)
        )
    edges = (0, 2, 3), (0, 3, 4), (0, 1, 2)
    source = Source(data, (4, 2), [0, 1, 2, 3], [0, 1], edges)
    for (i, j), box in {
        (0, 0): np.s_[:4, :3, :4],
        (1, 1): np.s_[:4, 3:, 4:],
        (2, 1): np.s_[4:, :3, 4:],
    }.items():
        graph = source.graph_of_rows([i]) | {"wanted": source.blocks[i, j]}
        found = dask.get(graph, "wanted")
        one = found[0] if in_pairs else found
        np.testing.assert_array_equal(one, values[box])
        if in_pairs:
            np.testing.assert_array_equal(found[1], -values[box])


def test_put_together_is_the_inverse_of_division():
    pieces = [np.full((2, 3), i) for i in range(4)]
    found = put_together(pieces, (2, 2))
    assert found.shape == (4, 6)
    np.testing.assert_array_equal(found[::2, ::3], [[0, 1], [2, 3]])
