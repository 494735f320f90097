"""The mean pattern of a lazy scan: of all chunks, or of a sample of many."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.operators.mean_pattern import mean_pattern, sampled_rows
from tests.decomposition.test_exactness import Counter


@pytest.mark.parametrize("chunks", [(3, 4, 5, 6), (6, 8, 3, 2)])
def test_it_is_the_mean_of_finite_values(chunks):
    data = np.random.default_rng(0).random((6, 8, 5, 6))
    data[0, 0, 1, 1] = data[:, :, 2, 2] = np.nan
    found = mean_pattern(da.from_array(data, chunks), 2)
    data[..., 2, 2] = 0
    expected = np.nanmean(data, axis=(0, 1))
    expected[2, 2] = np.nan
    np.testing.assert_allclose(found, expected)


def test_of_many_chunks_a_sample_is_read():
    counter = Counter()
    data = np.random.default_rng(0).poisson(3.0, (256, 256, 2, 2)).astype(np.uint8)
    lazy = da.from_array(data, (16, 16, 2, 1)).map_blocks(
        counter, dtype=np.uint8, meta=np.empty(0, np.uint8)
    )
    found = mean_pattern(lazy, 2)
    assert set(counter.calls.values()) == {1}
    assert len(counter.calls) == 2 * 32  # 2**13 positions of 256 chunks
    np.testing.assert_allclose(found, data.mean(axis=(0, 1)), rtol=0.05)
    rows, columns = np.array([where[:2] for where in counter.calls]).T
    assert len(np.unique(rows)) == 16 and len(np.unique(columns)) > 8


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=300))
def test_a_sample_is_large_enough_and_in_order(sizes):
    rows = sampled_rows(sizes)
    assert rows == sorted(set(rows)) and rows[0] == 0
    assert len(rows) >= min(16, len(sizes)) and rows[-1] < len(sizes)


def test_a_chunk_that_does_not_fit_into_memory_is_refused():
    lazy = da.zeros((4, 4, 64, 64), chunks=-1)
    with pytest.raises(ValueError, match="max_memory"):
        mean_pattern(lazy, 2, 1000)
