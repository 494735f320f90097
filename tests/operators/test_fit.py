"""What images fit in the rest of the data, beside products of the data themselves."""

import numpy as np
import pytest

from hspy_cnmf.operators import SeriesOperator, StreamedOperator
from hspy_cnmf.operators.range_finder import fitted_rows, random_patterns, sketch
from tests.operators.test_range_finder import low_rank_scan
from tests.operators.test_streamed import as_matrix

RANK = 7


@pytest.fixture(scope="module")
def scan():
    return low_rank_scan(6, noise=0.3)


def sketch_of(operator):
    return sketch(operator, operator.span(random_patterns(RANK, operator.shape[1], 0)))


def of_chunks(data, *keep, chunks):
    da = pytest.importorskip("dask.array")
    return StreamedOperator(da.from_array(data, chunks=chunks), *keep)


@pytest.mark.parametrize(
    ("chunks", "n_readings"), [(None, 2), ((7, 9, 15, 16), 2), ((7, 9, 8, 5), 4)]
)
def test_products_with_the_fitted_images_are_those_of_the_data(
    scan, chunks, n_readings
):
    if chunks is None:
        operator = StreamedOperator(*scan)
    else:
        operator = of_chunks(*scan, chunks=chunks)
    made = sketch_of(operator)
    assert operator.n_passes == n_readings
    n = fitted_rows(RANK)
    assert made.fit.patterns.shape == (n, 240)
    loadings = np.random.default_rng(0).random((3, n)) @ made.basis_images[:n]
    np.testing.assert_allclose(
        made.fitted().patterns(loadings), loadings @ as_matrix(*scan), atol=1e-8
    )


def test_what_is_left_out_is_measured(scan):
    made, matrix = sketch_of(StreamedOperator(*scan)), as_matrix(*scan)
    rest = matrix - made.basis_images.T @ made.basis_patterns
    np.testing.assert_allclose(made.fit.of_positions, np.sum(rest**2, axis=1))
    fitted = made.fitted()
    rest = matrix - fitted.basis_images.T @ fitted.basis_patterns
    # Products with the images that are not fitted are those of the sketch.
    of_pixels = np.sum(rest**2, axis=0)
    np.testing.assert_allclose(made.fit.of_pixels, of_pixels, rtol=0.5)
    assert made.fit.of_pixels.sum() == pytest.approx(of_pixels.sum(), rel=0.05)
    np.testing.assert_allclose(made.fit.patterns @ made.basis_patterns.T, 0, atol=1e-10)


def test_data_of_low_rank_leave_nothing_to_fit():
    scan = low_rank_scan(5)
    made = sketch_of(StreamedOperator(*scan))
    largest = np.abs(as_matrix(*scan)).max()
    np.testing.assert_allclose(made.fit.patterns, 0, atol=1e-6)
    assert made.fit.of_positions.max() < 1e-10 * largest**2
    np.testing.assert_allclose(made.fitted().basis_patterns, made.basis_patterns)


def test_another_type_is_that_of_all(scan):
    made = sketch_of(StreamedOperator(*scan)).astype(np.dtype(np.float32))
    assert made.fit.patterns.dtype == made.fitted().basis_patterns.dtype == np.float32


def test_a_series_is_compressed_as_one_scan(scan):
    data, _, pixels = scan
    whole = StreamedOperator(*scan)
    parts = SeriesOperator(
        [StreamedOperator(part, np.ones(part.shape[:2], bool), pixels)
         for part in (data[:8], data[8:])]
    )  # fmt: skip
    one, other = map(sketch_of, (whole, parts))
    for name in ("patterns", "of_positions", "of_pixels"):
        np.testing.assert_allclose(
            getattr(other.fit, name), getattr(one.fit, name), rtol=1e-6, atol=1e-8
        )
