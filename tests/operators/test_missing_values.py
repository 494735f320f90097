"""Values marked as missing when they are read, in blocks."""

import dask.array as da
import numpy as np
import pytest

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.missing_values import missing_as_nan


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "float32"])
@pytest.mark.parametrize("lazy", [False, True])
def test_marked_values_are_nan_and_others_as_they_were(dtype, lazy):
    rng = np.random.default_rng(0)
    data = rng.integers(0, 9, (4, 5, 6, 7)).astype(dtype)
    missing = rng.random(data.shape) < 0.2
    given = da.from_array(data, chunks=(2, 3, 6, 4)) if lazy else data
    marked = missing_as_nan(given, missing)
    np.testing.assert_array_equal(marked.compute(), np.where(missing, np.nan, data))
    assert marked.dtype == (np.float64 if dtype == "uint32" else np.float32)


@pytest.mark.parametrize("chunks", [None, (2, 3, 6, 7), (4, 5, 2, 3)])
def test_products_are_those_of_filled_data(chunks):
    """Whatever is missing, data and model make the products, with weights and masks."""
    rng = np.random.default_rng(1)
    data = rng.random((4, 5, 6, 7))
    missing = rng.random(data.shape) < 0.3
    keep = rng.random((4, 5)) < 0.8, rng.random((6, 7)) < 0.8
    n_positions, n_pixels = (np.count_nonzero(k) for k in keep)
    loadings, factors = rng.random((2, n_positions)), rng.random((2, n_pixels))
    matrix = data[keep[0]][:, keep[1]]
    filled = np.where(missing[keep[0]][:, keep[1]], loadings.T @ factors, matrix)
    scales = 1 + rng.random(n_positions), 1 + rng.random(n_pixels)
    expected = filled / scales[0][:, np.newaxis] / scales[1]
    holes = np.where(missing, np.nan, data)
    if chunks is not None:
        holes = da.from_array(holes, chunks=chunks)
    operator = StreamedOperator(holes, *keep).filled(loadings, factors).divide(*scales)
    np.testing.assert_allclose(operator.images(factors), factors @ expected.T)
    np.testing.assert_allclose(operator.patterns(loadings), loadings @ expected)
    np.testing.assert_allclose(operator.square_norm, np.sum(expected**2))


@pytest.mark.parametrize("chunks", [(4, 5, 6, 7), (2, 2, 3, 7)])
def test_what_is_known_is_counted(chunks):
    rng = np.random.default_rng(2)
    data = rng.random((4, 5, 6, 7))
    data[rng.random(data.shape) < 0.3] = np.nan
    keep = np.ones((4, 5), bool), np.ones((6, 7), bool)
    keep[0][1, 2] = keep[1][3, 3] = False
    operator = StreamedOperator(da.from_array(data, chunks=chunks), *keep)
    matrix = data[keep[0]][:, keep[1]]
    by_position, by_pixel = operator.known()
    for told, axis in ((by_position, 1), (by_pixel, 0)):
        np.testing.assert_allclose(told[0], np.nansum(matrix, axis=axis))
        np.testing.assert_array_equal(told[1], np.isfinite(matrix).sum(axis=axis))
