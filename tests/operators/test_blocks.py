"""Blocks of the data: read in slabs."""

import numpy as np

from hspy_cnmf.operators import blocks
from tests.operators.test_streamed import as_matrix, masks, scan


def test_slabs_hold_a_bounded_number_of_bytes(monkeypatch):
    monkeypatch.setattr(blocks, "SLAB_BYTES", 200)
    data, keep = scan(), masks()
    matrix = as_matrix(data, *keep)
    positions, pixels = (
        blocks.Side.from_extent(
            blocks.extents(tuple((n,) for n in mask.shape), mask)[0]
        )
        for mask in keep
    )
    slabs = list(blocks.slabs(data, positions, pixels, np.dtype("float32")))
    assert len(slabs) > 1
    assert max(slab.nbytes for _, slab in slabs) <= 4 * 200
    np.testing.assert_array_equal(np.concatenate([slab for _, slab in slabs]), matrix)
