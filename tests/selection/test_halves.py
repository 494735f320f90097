"""Halves of a scan: they share nothing, and pooling keeps what is constant."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.selection.halves import pooling, split_in_halves, widths


@given(st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_halves_are_complementary(seed):
    rng = np.random.default_rng(seed)
    data = rng.random((6, 7, 5, 4))
    keep = rng.random((6, 7)) < 0.9, np.ones((5, 4), bool)
    one, other = split_in_halves(StreamedOperator(data, *keep), (None, None), 3, seed)
    np.testing.assert_array_equal(one.operator.keep_positions ^ one.other, keep[0])
    np.testing.assert_array_equal(one.operator.keep_positions, other.other)
    assert one.n_pixels.sum() == 20
    basis = one.sketch.basis_patterns
    np.testing.assert_allclose(basis @ basis.T, np.eye(3), atol=1e-6)


def test_pooling_keeps_what_is_constant_and_widths_fit_the_map():
    keep = np.random.default_rng(0).random((9, 9)) < 0.8
    values = np.ones((2, np.count_nonzero(keep)))
    for width in widths(keep.shape):
        np.testing.assert_allclose(pooling(keep, width)(values), values, rtol=1e-6)
    assert widths((2, 2)) == [0.0]
    assert len(widths((64, 64))) == pytest.approx(4)
