"""Significance: tails of known distributions, alone and among neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from hspy_cnmf.verification.significance import ProbeWeights, tail_probability

ALONE = ProbeWeights([np.ones(1)] * 2)


@given(st.integers(1, 200), st.floats(-0.9, 5))
@settings(max_examples=50, deadline=None)
def test_the_tail_of_chi_square_is_exact(n, excess):
    square = n * (1 + excess)
    maps = (np.full((1, 1), v) for v in (square - n, 2.0 * n, 8.0 * n))
    found = tail_probability(*maps, ALONE)
    assert found == pytest.approx(chi2.sf(square, n), rel=1e-6, abs=1e-12)


def test_neighbours_weigh_like_a_larger_sum():
    three = ProbeWeights([np.ones(1), np.ones(3)])
    rng = np.random.default_rng(0)
    squares = chi2.rvs(10, size=(1, 3), random_state=rng)
    maps = squares - 10, np.full((1, 3), 20.0), np.full((1, 3), 80.0)
    found = tail_probability(*maps, three)[0, 1]
    assert found == pytest.approx(chi2.sf(squares.sum(), 30), rel=1e-6)


def test_what_does_not_scatter_is_no_surprise():
    nothing = np.zeros((2, 3))
    np.testing.assert_array_equal(
        tail_probability(nothing, nothing, nothing, ALONE), np.ones((2, 3))
    )
