"""Tiles of a block are those of its matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.operators.blocks import Side, extents
from hspy_cnmf.verification import reading


@settings(deadline=None, max_examples=30)
@given(
    masked=st.tuples(st.booleans(), st.booleans()),
    with_variance=st.booleans(),
    size=st.integers(1, 400),
    width=st.integers(1, 40),
    seed=st.integers(0, 100),
)
def test_tiles_make_up_what_takes_part(masked, with_variance, size, width, seed):
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 99, (5, 6, 4, 7), dtype=np.uint16)
    variance = rng.random(data.shape)
    keep = [
        rng.random(shape) > 0.3 if mask else np.ones(shape, bool)
        for shape, mask in zip((data.shape[:2], data.shape[2:]), masked, strict=True)
    ]
    sides = [
        Side.from_extent(extents(tuple((n,) for n in one.shape), one)[0])
        for one in keep
    ]
    found = np.full((2, *map(np.sum, keep)), np.nan)
    block = (data, variance) if with_variance else data
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_TILE_BYTES", size)
        patch.setattr(reading, "_TILE_COLUMNS", width)
        for rows, columns, tile, beside in reading.tiles(block, *sides, float):
            assert tile.shape[1] <= width
            assert np.isnan(found[0, rows, columns]).all()
            found[0, rows, columns] = tile
            if with_variance:
                found[1, rows, columns] = beside
            else:
                assert beside is None
    for values, whole in zip(
        found, (data, variance)[: 1 + with_variance], strict=False
    ):
        np.testing.assert_array_equal(values, whole[keep[0]][:, keep[1]])
