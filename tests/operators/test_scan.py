"""A scan with weights, of any type of data, and a few of its positions."""

import dask.array as da
import numpy as np
import pytest

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.scan import Scan
from tests.operators.test_streamed import as_matrix, masks, scan


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


@pytest.mark.parametrize("change", ["divide", "in_double", "filled", "silent"])
def test_a_change_is_that_of_another_scan(change):
    one = Scan(scan(np.float32), *masks(), show_progressbar=True)
    n_positions, n_pixels = one.shape
    arguments = {
        "divide": (np.full(n_positions, 2.0), None),
        "filled": (np.ones((1, n_positions)), np.ones((1, n_pixels))),
    }

    def state(scan):
        return [*scan.weights, *scan.fill, scan.dtype, scan.show_progressbar]

    before = state(one)
    other = getattr(one, change)(*arguments.get(change, ()))
    assert isinstance(other, Scan)
    assert all(a is b for a, b in zip(state(one), before, strict=True))
    assert any(a is not b for a, b in zip(state(other), before, strict=True))


def test_few_positions_are_of_those_that_take_part():
    keep = masks()
    lazy = da.from_array(scan(), chunks=(1, 1, 7, 4))
    for data in (scan(), lazy):
        few = Scan(data, *keep).few_positions
        assert few.any()
        assert not (few & ~keep[0]).any()
    coarse = da.from_array(scan(), chunks=(5, 3, 7, 4))
    assert not Scan(coarse, *keep).few_positions.any()
