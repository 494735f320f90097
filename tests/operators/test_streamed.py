"""The two products are those of the matrix, wherever and however the data lie."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.operators import LowRankOperator, StreamedOperator, blocks
from hspy_cnmf.operators import range_finder as compression
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


@pytest.mark.parametrize("lazy", [False, True])
def test_inspection_tells_what_is_in_the_data(lazy):
    data, keep = scan(np.float32), masks()
    first = tuple(np.argwhere(keep[0])[3]) + tuple(np.argwhere(keep[1])[2])
    data[first] = np.nan
    data[tuple(np.argwhere(keep[0])[4]) + tuple(np.argwhere(keep[1])[0])] = -5
    data[tuple(np.argwhere(~keep[0])[0])] = -np.inf
    source = da.from_array(data, chunks=(2, 4, 3, 4)) if lazy else data
    inspection, images = StreamedOperator(source, *keep).inspect()
    assert images.shape == (0, np.count_nonzero(keep[0]))
    matrix = np.nan_to_num(as_matrix(data, *keep), nan=0)
    assert inspection.n_not_finite == 1
    assert inspection.first_not_finite == (3, 2)
    assert inspection.n_negative == 1
    assert inspection.minimum == -5
    assert inspection.maximum == matrix.max()
    np.testing.assert_allclose(inspection.position_sums, matrix.sum(1), rtol=1e-6)
    np.testing.assert_allclose(inspection.pixel_sums, matrix.sum(0), rtol=1e-6)
    np.testing.assert_allclose(inspection.square_norm, np.sum(matrix**2), rtol=1e-6)


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
    assert max(slab.nbytes for _, slab in slabs) <= 200
    np.testing.assert_array_equal(np.concatenate([slab for _, slab in slabs]), matrix)


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


def sketch_of(operator, rank, seed=0):
    patterns = compression.random_patterns(rank, operator.shape[1], seed)
    return compression.sketch(operator, operator.images(patterns))


def low_rank_scan(rank, shape=(20, 25), detector=(15, 16), noise=0.0):
    rng = np.random.default_rng(3)
    size = np.prod(shape), np.prod(detector)
    data = rng.random((size[0], rank)) @ rng.random((rank, size[1]))
    data += noise * rng.standard_normal(data.shape)
    return (
        data.reshape(*shape, *detector),
        np.ones(shape, bool),
        np.ones(detector, bool),
    )


def test_a_sketch_of_sufficient_rank_is_exact():
    operator = StreamedOperator(*low_rank_scan(5))
    compressed = sketch_of(operator, 8)
    assert operator.n_passes == 3
    rng = np.random.default_rng(1)
    loadings, factors = (rng.random((3, n)) for n in operator.shape)
    np.testing.assert_allclose(
        compressed.patterns(loadings), operator.patterns(loadings), rtol=1e-7
    )
    np.testing.assert_allclose(
        compressed.images(factors), operator.images(factors), rtol=1e-7
    )
    assert compressed.rank == 8
    assert compressed.square_norm == operator.square_norm


def test_a_sketch_is_nearly_as_good_as_the_best_of_its_rank():
    data, *keep = low_rank_scan(5, noise=0.05)
    operator = StreamedOperator(data, *keep)
    compressed = sketch_of(operator, 20)
    matrix = as_matrix(data, *keep)
    sketched = compressed.basis_images.T @ compressed.basis_patterns
    best = np.sqrt(np.sum(np.linalg.svd(matrix, compute_uv=False)[20:] ** 2))
    assert np.linalg.norm(matrix - sketched) < 1.05 * best


def test_basis_patterns_are_orthonormal():
    operator = StreamedOperator(*low_rank_scan(5, noise=0.05))
    basis = sketch_of(operator, 12).basis_patterns
    np.testing.assert_allclose(basis @ basis.T, np.eye(12), atol=1e-9)


@pytest.mark.parametrize(
    ("n_components", "shape", "rank"),
    [(4, (1000, 1000), 64), (30, (1000, 1000), 120), (30, (200, 1000), None)],
)
def test_automatic_rank(n_components, shape, rank):
    assert compression.sketch_rank("auto", n_components, shape) == rank
    assert compression.sketch_rank(None, n_components, shape) is None
    assert compression.sketch_rank(50, n_components, shape) == 50


def test_low_rank_products_take_stacks():
    rng = np.random.default_rng(0)
    operator = LowRankOperator(rng.random((3, 10)), rng.random((3, 8)), 1.0)
    stack = rng.random((2, 4, 10))
    assert operator.patterns(stack).shape == (2, 4, 8)
    np.testing.assert_allclose(operator.patterns(stack)[1], operator.patterns(stack[1]))
