"""The two products are those of the matrix, wherever and however the data lie."""

import dask.array as da
import numpy as np
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
