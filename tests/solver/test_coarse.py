"""Coarse maps: sums over cells are a projection, and errors are those of the data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.solver.coarse import CoarseScan, Grid, cell_sizes, coarse_smoothing
from hspy_cnmf.solver.iteration import gram, mean_squared_error

SHAPES = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)


@st.composite
def kept_and_size(draw):
    shape = draw(SHAPES)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    keep = rng.random(shape) < draw(st.sampled_from([0.3, 0.9, 1.0]))
    keep.flat[draw(st.integers(0, keep.size - 1))] = True
    return keep, tuple(draw(st.integers(1, 4)) for _ in shape)


@settings(max_examples=60, deadline=None)
@given(kept_and_size())
def test_every_position_is_in_the_cell_about_it(given_):
    keep, size = given_
    grid = Grid.from_size(keep, size)
    assert grid.counts.sum() == np.count_nonzero(keep) == len(grid.cells)
    places = np.argwhere(grid.keep)[grid.cells]
    np.testing.assert_array_equal(places, np.argwhere(keep) // np.array(size))


@settings(max_examples=60, deadline=None)
@given(kept_and_size())
def test_combining_undoes_dividing_and_keeps_the_norm(given_):
    grid = Grid.from_size(*given_)
    maps = np.random.default_rng(1).random((3, len(grid.counts)))
    divided = grid.divide(maps)
    np.testing.assert_allclose(grid.combine(divided), maps)
    np.testing.assert_allclose(gram(divided), gram(maps))


@settings(max_examples=60, deadline=None)
@given(kept_and_size(), st.integers(0, 99))
def test_an_error_on_cells_is_that_of_maps_that_are_even_in_them(given_, seed):
    grid = Grid.from_size(*given_)
    rng = np.random.default_rng(seed)
    data = rng.random((len(grid.cells), 5))
    basis = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    sketch = LowRankOperator(basis @ data.T, basis, float(np.sum(data**2)))
    scan = CoarseScan.from_sketch(sketch, grid, np.ones(5, bool))
    factors, maps = rng.random((2, 5)), rng.random((2, len(grid.counts)))
    images = scan.sketch.images(factors)
    error = mean_squared_error(scan.sketch, gram(factors), maps, images)
    model = grid.divide(maps).T @ factors
    expected = np.sum((data - model) ** 2) / 5 / len(grid.counts)
    np.testing.assert_allclose(error, expected)


@settings(max_examples=40, deadline=None)
@given(kept_and_size())
def test_scales_are_those_that_maps_of_the_data_have(given_):
    grid = Grid.from_size(*given_)
    maps = np.random.default_rng(2).random((2, len(grid.counts)))
    of_cells = maps * grid.scale(None)
    np.testing.assert_allclose(of_cells[:, grid.cells], grid.divide(maps))
    even = np.full(len(grid.cells), 3.0)
    np.testing.assert_allclose(grid.scale(even), 3 * grid.scale(None))


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((250, 250), []),
        ((256, 256), [(2, 2)]),
        ((1024, 1024), [(8, 8), (4, 4), (2, 2)]),
        ((3, 512, 256), [(1, 4, 4), (1, 2, 2)]),
        ((8, 20000), [(1, 8), (1, 4), (1, 2)]),
        ((2**16,), [(4,), (2,)]),
    ],
    ids=str,
)
def test_grids_have_no_fewer_cells_than_starts_need(shape, sizes):
    assert cell_sizes(np.ones(shape, bool)) == sizes


@pytest.mark.parametrize(
    ("shape", "fwhm", "sizes"),
    [
        ((60, 60), 1.5, []),
        ((64, 64), 1.5, [(2, 2)]),
        ((64, 64), 0.0, []),
        ((3, 64, 64), (0, 1.5, 1.5), [(1, 2, 2)]),
        ((50, 64, 64), (0, 1.5, 1.5), [(2, 2, 2)]),
        ((1, 3000), 1.5, [(1, 2)]),
        ((256, 256), 1.5, [(2, 2)]),
    ],
    ids=str,
)
def test_fewer_positions_are_taken_in_pairs_where_maps_are_smoothed(shape, fwhm, sizes):
    assert cell_sizes(np.ones(shape, bool), GaussianSmoothing(fwhm=fwhm)) == sizes


def test_a_smoothing_is_as_wide_on_cells():
    keep = np.ones((64, 64), bool)
    wide = GaussianSmoothing(fwhm=9.0, size=21)
    grid = Grid.from_size(keep, (2, 2))
    kernel = coarse_smoothing(wide, grid, keep.shape).kernels(grid.keep.shape)[0]
    distance = np.arange(kernel.size) - kernel.size // 2
    width = 2 * np.sqrt(kernel @ distance**2)
    np.testing.assert_allclose(width, 9 / 2.355, rtol=0.15)
    assert coarse_smoothing(GaussianSmoothing(), grid, keep.shape) is None
    assert coarse_smoothing(None, grid, keep.shape) is None
