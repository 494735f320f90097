"""Slabs: sparse ones tell what dense ones do."""

import dask.array as da
import numpy as np
import pytest

from hspy_cnmf.operators import StreamedOperator, blocks, slabs

SHAPE = 4, 5, 6, 7

CHUNKS = ((2, 3, 6, 7), (4, 5, 3, 4), (1, 5, 6, 7))


def few_counts(dtype, seed, share=0.02):
    """Return a scan of which few values are not zero, and masks of some or none."""
    rng = np.random.default_rng(seed)
    data = rng.poisson(3, SHAPE) * (rng.random(SHAPE) < share)
    if np.dtype(dtype).kind != "u":
        data = data - 5 * (rng.random(SHAPE) < share / 10)
    keep = [
        rng.random(shape) < rng.choice([0.7, 1.0]) for shape in (SHAPE[:2], SHAPE[2:])
    ]
    return data.astype(dtype), *keep


def both(monkeypatch, call):
    """Return what a call returns with blocks that are sparse, and with dense ones."""
    told = []
    for share in (1.0, -1.0):
        with monkeypatch.context() as changed:
            changed.setattr(slabs, "FEW", share)
            told.append(call())
    return told


def close(one, other):
    np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("chunks", [None, *CHUNKS])
@pytest.mark.parametrize("share", [0.0, 0.02, 1.0])
def test_an_inspection_is_told_the_same_of_sparse_blocks(monkeypatch, chunks, share):
    data, *keep = few_counts("float32", 3, share)
    if share:
        for place in ((1, 2, 3, 4), (0, 3, 5, 1), (3, 1, 0, 6)):
            data[place] = np.nan if place[0] == 1 else -np.inf
    factors = np.random.default_rng(0).random((2, np.count_nonzero(keep[1])))
    source = data if chunks is None else da.from_array(data, chunks=chunks)

    (sparse, images), (dense, others) = both(
        monkeypatch, lambda: StreamedOperator(source, *keep).inspect(factors)
    )
    close(images, others)
    assert vars(sparse).keys() == vars(dense).keys()
    for name, value in vars(sparse).items():
        if value is None:
            assert getattr(dense, name) is None
        else:
            np.testing.assert_allclose(value, getattr(dense, name), rtol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.02, 1.0])
def test_what_is_known_is_the_same_of_sparse_blocks(monkeypatch, share):
    data, *keep = few_counts("float32", 3, share)
    data[1, 2, :3] = np.nan
    data[2, :, 3, 4] = np.inf
    for sparse, dense in zip(
        *both(monkeypatch, lambda: StreamedOperator(data, *keep).known()), strict=True
    ):
        close(sparse, dense)


def test_only_blocks_of_few_counts_are_sparse():
    rng = np.random.default_rng(0)
    for share, is_few in ((0.01, True), (0.2, False)):
        block = (rng.random((40, 500)) < share).astype(np.uint8)
        sides = [blocks.Side(n, None, None, None) for n in block.shape]
        assert slabs.is_sparse(block, sides[0]) == is_few


def test_patterns_that_no_mask_leaves_do_not_decide():
    block = np.zeros((40, 500), np.uint8)
    block[::2] = 1
    some = blocks.Side(40, np.arange(1, 40, 2), None, None)
    assert slabs.is_sparse(block, some)
    assert not slabs.is_sparse(block, blocks.Side(40, None, None, None))
