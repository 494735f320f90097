"""Blocks of the data: read in slabs, with sides that are taken when they are."""

import pickle
from dataclasses import astuple
from sys import getsizeof

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


def test_a_side_that_is_taken_later_is_the_same_and_travels_as_it():
    rng = np.random.default_rng(0)
    keep = rng.random((60, 7)) < 0.8
    stack, weights = rng.random((3, keep.sum())), rng.random(keep.sum())
    for extent in blocks.extents(((40, 20), (3, 4)), keep):
        now = blocks.Side.from_extent(extent, weights, stack)
        later = blocks.LaterSide(extent, weights, stack)
        sent = pickle.dumps(later)
        assert len(sent) < stack.nbytes
        for side in (later.taken(), pickle.loads(sent)):
            for own, other in zip(astuple(side), astuple(now), strict=True):
                np.testing.assert_array_equal(own, other)
        assert abs(getsizeof(later) - getsizeof(now)) < 2000
        scaled = blocks.LaterSide(extent, stack=stack, scale=np.array([[2], [3], [4]]))
        np.testing.assert_allclose(scaled.taken().stack.T, now.stack.T * [2, 3, 4])
