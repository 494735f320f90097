"""Blocks of a grid hold all that takes part, once."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.operators.grid import BlockGrid
from tests.operators.test_streamed import SHAPE, chunkings, masks, scan


@settings(deadline=None, max_examples=30)
@given(chunks=chunkings, masked=st.booleans(), seed=st.integers(0, 5))
def test_sides_of_all_blocks_make_up_what_takes_part(chunks, masked, seed):
    keep = masks(seed, masked)
    grid = BlockGrid(da.from_array(scan(seed=seed), chunks=chunks), *keep)
    rng = np.random.default_rng(seed)
    loadings, factors = (rng.random((2, n)) for n in grid.shape)
    positions, pixels = grid.sides(loadings, factors)
    for sides, stack in ((positions, loadings), (pixels, factors)):
        found = np.full(stack.shape, np.nan)
        for side in sides:
            own = side.taken()
            assert np.isnan(found[:, own.target]).all()
            found[:, own.target] = own.stack
        np.testing.assert_array_equal(found, stack)
    assert grid.holds_patterns == (len(pixels) == 1)
    assert grid.shape == tuple(map(np.count_nonzero, keep))
    most = np.prod([max(sizes) for sizes in chunks[:2]])
    assert grid.largest_block == (most, np.prod([max(c) for c in chunks[2:]]))


@pytest.mark.parametrize("limit", [0, "lots"])
def test_memory_that_is_none_is_refused(limit):
    with pytest.raises(ValueError, match="max_memory"):
        BlockGrid(np.zeros(SHAPE), *masks(), max_memory=limit)
