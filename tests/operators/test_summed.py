"""Products of summed pixels are those of the matrix summed, however data lie."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.summed import SummedOperator
from tests.operators.test_streamed import SHAPE, as_matrix, chunkings, masks

N_CELLS = 6


def scan(share, seed=0):
    """Return counts in a share of the pixels."""
    rng = np.random.default_rng(seed)
    return (rng.poisson(3, SHAPE) * (rng.random(SHAPE) < share)).astype(np.uint16)


def cells_of(n_pixels, seed=0):
    """Return a matrix that sums pixels, of which neighbours may be in any cell."""
    rng = np.random.default_rng(seed)
    places = rng.integers(N_CELLS, size=n_pixels), np.arange(n_pixels)
    values = rng.uniform(0.5, 1, n_pixels)
    return sparse.csr_array((values, places), shape=(N_CELLS, n_pixels))


@settings(deadline=None, max_examples=12)
@given(
    chunks=chunkings,
    share=st.sampled_from([0.01, 0.5]),  # read as sparse matrices, and as dense ones
    is_weighted=st.booleans(),
    seed=st.integers(0, 5),
)
def test_any_chunking_gives_the_products_of_summed_pixels(
    chunks, share, is_weighted, seed
):
    data, keep = scan(share, seed), masks(seed)
    matrix, rng = as_matrix(data, *keep), np.random.default_rng(seed)
    scales = None, None
    if is_weighted:
        scales = tuple(rng.uniform(1, 2, n) for n in matrix.shape)
        matrix = matrix / np.outer(*scales)
    cells = cells_of(matrix.shape[1], seed)
    summed = matrix @ cells.T
    of = StreamedOperator(da.from_array(data, chunks=chunks), *keep).divide(*scales)
    operator = SummedOperator(of, cells)
    factors, loadings = rng.random((3, N_CELLS)), rng.random((2, len(matrix)))
    assert operator.shape == summed.shape
    close = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(operator.images(factors), factors @ summed.T, **close)
    np.testing.assert_allclose(operator.patterns(loadings), loadings @ summed, **close)
    span = factors @ summed.T @ summed
    np.testing.assert_allclose(operator.span(factors), span, **close)
    # What is explained is compared with the data themselves.
    assert operator.square_norm == of.square_norm
    np.testing.assert_allclose(of.images(np.eye(cells.shape[1])), matrix.T, **close)


def test_sums_over_cells_take_little_room():
    lazy = da.from_array(scan(0.5), chunks=SHAPE)
    n = 4000
    # A block and slabs of it take 24 MiB; sums of so many patterns 2.7 MB.
    limit = 24 * 2**20 + int(1.5e6)
    operator = StreamedOperator(lazy, *masks(), max_memory=limit)
    cells = SummedOperator(operator, cells_of(operator.shape[1]))
    loadings = np.ones((n, operator.shape[0]))
    assert cells.patterns(loadings).shape == (n, N_CELLS)
    with pytest.raises(ValueError, match="max_memory"):
        operator.patterns(loadings)
