"""What a scan tells of itself is what its matrix tells."""

import dask.array as da
import numpy as np
import pytest

from hspy_cnmf.operators import StreamedOperator
from tests.operators.test_streamed import SHAPE, as_matrix, masks, scan


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


@pytest.mark.parametrize("chunks", [None, (2, 3, 4, 2), (1, 2, 7, 3)])
def test_a_sample_of_patterns_is_that_of_the_matrix(chunks):
    data, keep = scan(), masks()
    source = data if chunks is None else da.from_array(data, chunks=chunks)
    places = np.array([0, 3, 11, np.count_nonzero(keep[0]) - 1])
    sample = StreamedOperator(source, *keep).sample(places)
    np.testing.assert_array_equal(sample, as_matrix(data, *keep)[places])
