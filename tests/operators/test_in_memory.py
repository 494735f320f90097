"""Data in memory are read in blocks, by any number of threads."""

import dask
import numpy as np

from hspy_cnmf.operators import StreamedOperator, blocks
from tests.operators.test_streamed import as_matrix, masks, scan


def test_blocks_in_memory_give_the_bits_of_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(blocks, "_BLOCK_BYTES", 2 * scan()[0].nbytes)
    data, keep = scan(), masks()
    loadings = np.random.default_rng(0).random((3, np.count_nonzero(keep[0])))
    found = []
    for n_workers in (1, 3):
        with dask.config.set(num_workers=n_workers):
            found.append(StreamedOperator(data, *keep).patterns(loadings))
    np.testing.assert_array_equal(*found)
    np.testing.assert_allclose(found[0], loadings @ as_matrix(data, *keep), rtol=1e-5)
