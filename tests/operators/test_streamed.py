"""The two products are those of the matrix, wherever and however the data lie."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.operators import StreamedOperator
from tests.helpers.storages import Storage

SHAPE = (5, 6, 7, 4)


def scan(dtype=np.uint16, seed=0):
    return np.random.default_rng(seed).poisson(3, SHAPE).astype(dtype)


def masks(seed=0, masked=True):
    rng = np.random.default_rng(seed)
    if not masked:
        return np.ones(SHAPE[:2], bool), np.ones(SHAPE[2:], bool)
    keep = rng.random(SHAPE[:2]) > 0.3, rng.random(SHAPE[2:]) > 0.3
    return keep


def as_matrix(data, keep_positions, keep_pixels):
    return data[keep_positions][:, keep_pixels].astype(float)


chunkings = st.tuples(
    *(
        st.lists(st.integers(1, n), min_size=1, max_size=n).map(
            lambda sizes, n=n: _fit(sizes, n)
        )
        for n in SHAPE
    )
)


def _fit(sizes, n):
    """Cut or extend chunk sizes so that they add up to an axis of length n."""
    chunks, left = [], n
    for size in sizes:
        chunks.append(min(size, left))
        left -= chunks[-1]
        if not left:
            return tuple(chunks)
    return (*chunks, left)


@settings(deadline=None, max_examples=40)
@given(chunks=chunkings, masked=st.booleans(), seed=st.integers(0, 5))
def test_any_chunking_gives_the_products_of_the_matrix(chunks, masked, seed):
    data, keep = scan(seed=seed), masks(seed, masked)
    matrix = as_matrix(data, *keep)
    operator = StreamedOperator(da.from_array(data, chunks=chunks), *keep)
    rng = np.random.default_rng(seed)
    factors, loadings = (
        rng.random((2, 3, matrix.shape[1])),
        rng.random((3, matrix.shape[0])),
    )
    assert operator.shape == matrix.shape
    np.testing.assert_allclose(operator.images(factors), factors @ matrix.T, rtol=1e-5)
    np.testing.assert_allclose(
        operator.patterns(loadings), loadings @ matrix, rtol=1e-5
    )
    np.testing.assert_allclose(operator.square_norm, np.sum(matrix**2), rtol=1e-12)


@pytest.mark.parametrize("lazy", [False, True])
def test_weights_multiply_rows_and_columns(lazy):
    data, keep = scan(np.float64), masks()
    rng = np.random.default_rng(1)
    matrix = as_matrix(data, *keep)
    rows, columns = rng.random(matrix.shape[0]), rng.random(matrix.shape[1])
    source = da.from_array(data, chunks=(2, 3, 7, 2)) if lazy else data
    operator = StreamedOperator(source, *keep).divide(1 / rows, 1 / columns)
    weighted = rows[:, np.newaxis] * matrix * columns
    factors = rng.random((2, matrix.shape[1]))
    np.testing.assert_allclose(operator.images(factors), factors @ weighted.T)
    np.testing.assert_allclose(operator.square_norm, np.sum(weighted**2))
    by_row = StreamedOperator(source, *keep).divide(1 / rows, None)
    np.testing.assert_allclose(
        by_row.images(factors), factors @ (rows[:, np.newaxis] * matrix).T
    )


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("uint8", "float32"),
        ("uint16", "float32"),
        ("int32", "float64"),
        ("uint64", "float64"),
        ("float32", "float32"),
        ("float64", "float64"),
        ("bool", "float32"),
    ],
)
def test_products_are_in_the_smallest_type_that_holds_the_data(dtype, expected):
    operator = StreamedOperator(scan(dtype), *masks())
    assert operator.dtype == expected
    factors = np.ones((1, operator.shape[1]))
    matrix = as_matrix(scan(dtype), *masks())
    np.testing.assert_allclose(operator.images(factors)[0], matrix.sum(axis=1))


def test_each_product_reads_the_data_once():
    reads = []

    def read(block, block_info=None):
        reads.append(block_info[0]["chunk-location"])
        return block

    lazy = da.from_array(scan(), chunks=(2, 3, 7, 4)).map_blocks(read, dtype="uint16")
    operator = StreamedOperator(lazy, *masks())
    reads.clear()
    operator.patterns(np.ones((4, operator.shape[0])))
    operator.images(np.ones((4, operator.shape[1])))
    assert operator.n_passes == 2
    assert len(reads) == 2 * lazy.npartitions


@pytest.mark.parametrize("chunks", [SHAPE, (2, 3, 4, 4)])
def test_inspection_forms_images_from_the_same_reading(chunks):
    data, keep = scan(), masks()
    operator = StreamedOperator(da.from_array(data, chunks=chunks), *keep)
    factors = np.random.default_rng(0).random((3, operator.shape[1]))
    inspection, images = operator.inspect(factors)
    assert operator.n_passes == 1
    matrix = as_matrix(data, *keep)
    np.testing.assert_allclose(images, factors @ matrix.T, rtol=1e-5)
    assert inspection.square_norm == operator.square_norm
    assert operator.n_passes == 1


@given(chunks=chunkings, seed=st.integers(0, 5))
@settings(deadline=None, max_examples=20)
def test_chunks_of_which_masks_leave_nothing_are_not_read(chunks, seed):
    rng = np.random.default_rng(seed)
    data, keep = scan(seed=seed), [np.zeros(n, bool) for n in (SHAPE[:2], SHAPE[2:])]
    for mask in keep:
        mask.flat[rng.integers(mask.size, size=2)] = True
    storage = Storage(data)
    lazy = da.from_array(storage, chunks=chunks, meta=np.empty((0,) * 4, data.dtype))
    operator = StreamedOperator(lazy, *keep)
    storage.reads.clear()
    product = operator.patterns(np.ones((1, operator.shape[0])))
    np.testing.assert_allclose(product[0], as_matrix(data, *keep).sum(axis=0))
    boxes = [tuple(slice(*ends) for ends in box) for box in storage.reads]
    assert len(set(storage.reads)) == len(boxes)
    assert all(keep[0][box[:2]].any() and keep[1][box[2:]].any() for box in boxes)
    seen = np.zeros(SHAPE, bool)
    for box in boxes:
        seen[box] = True
    assert seen[np.multiply.outer(*keep)].all()
