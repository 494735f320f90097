"""Laws of patterns made small."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.reduction import Reduction, reduce_scan

ALL = np.ones((16, 16), bool)


def polar(keep=ALL):
    return Reduction.polar(keep, (7.5, 7.5), 8.0, (8, 32))


def square(keep=ALL, size=8):
    return Reduction.square(keep, (7.5, 7.5), 16 / size, (size, size))


def test_binning_by_two_is_the_sum_of_four_pixels():
    image = np.random.default_rng(0).random((16, 16))
    found = (square().matrix @ image.ravel()).reshape(8, 8)
    expected = image.reshape(8, 2, 8, 2).sum(axis=(1, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 1000),
    st.floats(3, 9),
    st.tuples(st.floats(4, 12), st.floats(4, 12)),
    st.booleans(),
)
def test_no_pixel_counts_more_than_once_and_masked_ones_never(
    seed, radius, center, is_polar
):
    keep = np.random.default_rng(seed).random((16, 16)) < 0.8
    if is_polar:
        reduction = Reduction.polar(keep, center, radius, (8, 32))
    else:
        reduction = Reduction.square(keep, center, radius / 4, (8, 8))
    shares = np.asarray(reduction.matrix.sum(axis=0)).ravel()
    assert (shares <= 1 + 1e-6).all() and (shares >= 0).all()
    assert not shares[~keep.ravel()].any()
    distance = np.hypot(*(np.indices((16, 16)) - np.reshape(center, (2, 1, 1)))).ravel()
    inside = keep.ravel() & (distance < radius - 0.8)
    np.testing.assert_allclose(shares[inside], 1, rtol=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 3))
def test_quarter_turns_shift_the_azimuth(seed, quarters):
    image = np.random.default_rng(seed).random((16, 16))
    cells = [
        (polar().matrix @ np.rot90(image, k).ravel()).reshape(8, 32)
        for k in (0, quarters)
    ]
    turned = np.roll(cells[0], 8 * quarters, axis=1)
    np.testing.assert_allclose(cells[1], turned, rtol=1e-5)


def test_cells_without_enough_pixels_are_not_covered():
    keep = ALL.copy()
    keep[:, :4] = False
    np.testing.assert_array_equal(square(keep).covered[:, :2], False)
    np.testing.assert_array_equal(square(keep).covered[:, 2:], True)


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 5), st.integers(2, 6), st.integers(5, 16), st.integers(5, 16))
def test_chunks_do_not_matter(rows, columns, down, right):
    rng = np.random.default_rng(rows)
    data = rng.poisson(4, (5, 6, 16, 16)).astype(np.uint16)
    keep = rng.random((5, 6)) < 0.7
    keep[0, 0] = True
    lazy = da.from_array(data, chunks=(rows, columns, down, right))
    found = reduce_scan(lazy, keep, square().matrix)
    np.testing.assert_allclose(
        found, reduce_scan(data, keep, square().matrix), rtol=1e-6
    )
    flat = data[keep].reshape(-1, 256)
    expected = (square().matrix @ flat.T.astype(float)).T
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -300.0])
@pytest.mark.parametrize("lazy", [False, True])
def test_what_is_no_count_is_named_where_it_takes_part(value, lazy):
    data = np.ones((3, 4, 16, 16), np.float32)
    data[2, 1, 8, 8] = value
    given_ = da.from_array(data, chunks=2) if lazy else data
    keep = np.ones((3, 4), bool)
    with pytest.raises(ValueError, match=r"navigation index \(1, 2\)"):
        reduce_scan(given_, keep, square().matrix)
    keep[2, 1] = False
    assert (reduce_scan(given_, keep, square().matrix) == 4).all()
