"""Tiles of a block are those of its matrix, also of a few counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.operators import tiles
from hspy_cnmf.operators.blocks import Side, extents
from hspy_cnmf.operators.tiles import DenseTile, SparseTile


def matrix_of(tile):
    """Return all values of a tile."""
    if isinstance(tile, DenseTile):
        return tile.matrix
    matrix = np.zeros(tile.shape, tile.values.dtype)
    matrix[tile.rows, tile.columns] = tile.values
    return matrix


@settings(deadline=None, max_examples=30)
@given(
    masked=st.tuples(st.booleans(), st.booleans()),
    with_variance=st.booleans(),
    share=st.sampled_from([0.01, 0.6]),
    size=st.integers(1, 400),
    height=st.integers(1, 40),
    seed=st.integers(0, 100),
)
def test_tiles_make_up_what_takes_part(
    masked, with_variance, share, size, height, seed
):
    rng = np.random.default_rng(seed)
    data = rng.binomial(9, share / 9, (5, 6, 4, 7)).astype(np.uint16)
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
        patch.setattr(tiles, "_TILE_BYTES", size)
        patch.setattr(tiles, "_ROWS", height)
        for rows, columns, counts, beside in tiles.read_tiles(
            block, *sides, np.dtype(float)
        ):
            assert len(range(found.shape[1])[rows]) <= height
            assert np.isnan(found[0, rows, columns]).all()
            found[0, rows, columns] = matrix_of(counts)
            if with_variance:
                found[1, rows, columns] = beside
            else:
                assert beside is None
    for values, whole in zip(
        found, (data, variance)[: 1 + with_variance], strict=False
    ):
        np.testing.assert_array_equal(values, whole[keep[0]][:, keep[1]])


@settings(deadline=None, max_examples=40)
@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 12)),
    share=st.sampled_from([0.0, 0.05, 0.5]),
    seed=st.integers(0, 1000),
)
def test_few_values_tell_the_same_as_all(shape, share, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(1, 9, shape) * (rng.random(shape) < share)
    rows, columns = matrix.nonzero()
    whole = DenseTile(matrix.astype(float))
    few = SparseTile(matrix[rows, columns].astype(float), rows, columns, shape)
    weights, model = rng.random((2, *shape))
    loadings, factors = (rng.random((3, n)) for n in shape)
    for one, other in (
        (whole, few),
        (whole.times(2.5), few.times(2.5)),
        (whole.times(weights), few.times(weights)),
    ):
        np.testing.assert_allclose(matrix_of(other), one.matrix)
        np.testing.assert_allclose(other.images(factors), one.images(factors))
        np.testing.assert_allclose(other.patterns(loadings), one.patterns(loadings))
        np.testing.assert_allclose(other.column_sums(), one.column_sums())
        for found in (one, other):
            of_rows, of_columns = found.square_deviations(model.copy(), weights)
            square = weights * (one.matrix - model) ** 2
            np.testing.assert_allclose(of_rows, square.sum(axis=1))
            np.testing.assert_allclose(of_columns, square.sum(axis=0))
