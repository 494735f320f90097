"""Products of blocks, and the sums that go with them, are those of the matrix."""

import dask.array as da
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.operators import StreamedOperator
from tests.operators.test_slabs import CHUNKS, close, few_counts
from tests.operators.test_streamed import as_matrix


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from(["uint8", "uint16", "float32", "int32"]),
    st.integers(0, 2**32 - 1),
    st.sampled_from([None, *CHUNKS]),
    st.booleans(),
)
def test_products_of_sparse_blocks_are_those_of_the_matrix(dtype, seed, chunks, scaled):
    data, *keep = few_counts(dtype, seed)
    matrix, rng = as_matrix(data, *keep).astype(float), np.random.default_rng(seed)
    operator = StreamedOperator(
        data if chunks is None else da.from_array(data, chunks=chunks), *keep
    )
    if scaled:
        rows, columns = (rng.uniform(1, 2, n) for n in matrix.shape)
        operator = operator.divide(rows, columns)
        matrix = matrix / rows[:, np.newaxis] / columns
    factors, loadings = rng.random((3, matrix.shape[1])), rng.random((2, len(matrix)))
    close(operator.images(factors), factors @ matrix.T)
    close(operator.patterns(loadings), loadings @ matrix)
    close(operator.span(factors), factors @ matrix.T @ matrix)
    patterns, images = operator.products(loadings, factors)
    close(patterns, loadings @ matrix)
    close(images, factors @ matrix.T)
    told = operator.compress(factors, 2)
    close(told.images, factors @ matrix.T)
    close(told.patterns, factors[:2] @ matrix.T @ matrix)
    close(told.of_positions, np.sum(matrix**2, axis=1))
    close(told.of_pixels, np.sum(matrix**2, axis=0))
    close(operator.square_norm, np.sum(matrix**2))
