"""Saturated and masked discs: found whole or cut, if one is the largest by far."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.patterns.landmarks import find_landmark

SHAPE = (40, 46)
INSIDE = st.tuples(st.integers(12, 27), st.integers(12, 33))


def disc(middle, radius):
    """Return where a disc is, True inside."""
    rows, columns = np.indices(SHAPE)
    return np.hypot(rows - middle[0], columns - middle[1]) <= radius


def landmark(saturated=False, masked=False):
    """Find the landmark of an uneven pattern."""
    pattern = np.random.default_rng(0).uniform(0, 5, SHAPE)
    pattern = np.where(saturated, 10.0, pattern)
    known = np.broadcast_to(~np.asarray(masked), SHAPE)
    return find_landmark(np.where(known, pattern, np.nan), known)


@given(middle=INSIDE, radius=st.floats(3, 8), hole=st.booleans())
def test_a_disc_is_found_where_it_is(middle, radius, hole):
    where = disc(middle, radius)
    found = landmark(masked=where) if hole else landmark(saturated=where)
    assert abs(found[0] - radius) < 1
    np.testing.assert_allclose(found[1], middle, atol=0.5)


@given(column=st.integers(12, 33), depth=st.integers(4, 6))
def test_what_the_edge_leaves_of_a_disc_tells_its_middle(column, depth):
    found = landmark(saturated=disc((depth, column), 7.0))
    np.testing.assert_allclose(found[1], (depth, column), atol=0.5)


def test_of_two_discs_one_has_to_be_larger():
    small, large = disc((12, 12), 5.0), disc((27, 30), 7.5)
    assert landmark(saturated=small | disc((27, 30), 5.0)) is None
    np.testing.assert_allclose(landmark(saturated=small | large)[1], (27, 30), atol=0.5)


def test_a_single_pixel_and_the_corners_of_a_mask_are_none():
    assert landmark(saturated=disc((20, 20), 0.5)) is None
    assert landmark(masked=~disc((19.5, 22.5), 26.0)) is None
