"""Scans behind one operator: the same products as of all positions in one array."""

import dask.array as da
import numpy as np
import pytest

from hspy_cnmf.operators import SeriesOperator, StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch

RNG = np.random.default_rng(0)
SHAPES = (3, 4), (5, 2), (7,)
SCANS = [RNG.poisson(9.0, (*shape, 6, 5)).astype(np.uint16) for shape in SHAPES]
KEEP = [RNG.random(shape) > 0.2 for shape in SHAPES]
PIXELS = RNG.random((6, 5)) > 0.2


def stacked():
    return np.concatenate(
        [scan[keep][:, PIXELS] for scan, keep in zip(SCANS, KEEP, strict=True)]
    ).astype(float)


@pytest.fixture(params=["eager", "lazy", "mixed"])
def operator(request):
    lazily = {"eager": (0, 0, 0), "lazy": (1, 1, 1), "mixed": (0, 1, 0)}[request.param]
    data = [
        da.from_array(scan, chunks=(2,) * (scan.ndim - 1) + (3,)) if lazy else scan
        for scan, lazy in zip(SCANS, lazily, strict=True)
    ]
    return SeriesOperator(
        [StreamedOperator(d, k, PIXELS) for d, k in zip(data, KEEP, strict=True)]
    ).in_double()


@pytest.mark.parametrize("weighted", [False, True])
def test_products_are_those_of_the_stacked_data(operator, weighted):
    data = stacked()
    if weighted:
        scales = np.sqrt(data.sum(axis=1)), np.sqrt(data.sum(axis=0))
        operator = operator.divide(*scales)
        data = data / np.outer(*scales)
    factors, loadings = RNG.random((3, data.shape[1])), RNG.random((3, len(data)))
    np.testing.assert_allclose(operator.images(factors), factors @ data.T)
    np.testing.assert_allclose(operator.patterns(loadings), loadings @ data)
    assert np.isclose(operator.square_norm, np.sum(data**2))
    assert operator.shape == data.shape


def test_inspection_is_that_of_the_stacked_data(operator):
    data, factors = stacked(), RNG.random((2, np.count_nonzero(PIXELS)))
    told, images = operator.inspect(factors)
    np.testing.assert_allclose(told.position_sums, data.sum(axis=1))
    np.testing.assert_allclose(told.pixel_sums, data.sum(axis=0))
    np.testing.assert_allclose(told.pixel_square_sums, np.sum(data**2, axis=0))
    assert (told.minimum, told.maximum) == (data.min(), data.max())
    np.testing.assert_allclose(images, factors @ data.T)
    assert operator.n_passes == 1
    operator.expecting(told).images(factors)
    told.position_sums[-1] += 1
    with pytest.raises(ValueError, match="not one of these data"):
        operator.expecting(told).images(factors)


def test_a_part_is_that_of_other_positions_and_pixels(operator):
    part = operator.part(~operator.keep_positions, ~PIXELS)
    factors = RNG.random((2, np.count_nonzero(~PIXELS)))
    expected = np.concatenate(
        [scan[~keep][:, ~PIXELS] for scan, keep in zip(SCANS, KEEP, strict=True)]
    )
    np.testing.assert_allclose(part.images(factors), factors @ expected.T, rtol=1e-5)


def test_a_sketch_of_full_rank_is_the_data(operator):
    n = np.count_nonzero(PIXELS)
    low_rank = sketch(operator, operator.span(random_patterns(n, n, 0)))
    found = low_rank.basis_images.T @ low_rank.basis_patterns
    np.testing.assert_allclose(found, stacked(), atol=1e-8)
