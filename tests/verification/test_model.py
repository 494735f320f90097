"""The model of a decomposition: leverages, means, and components that are empty."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.verification.model import FittedModel

SHAPES = (4, 5), (6, 3)


def model(n, seed=0, mean=None):
    rng = np.random.default_rng(seed)
    return FittedModel.from_stacks(
        rng.random((n, 18)), rng.random((n, 20)), mean, SHAPES, "NMF"
    )


@given(st.integers(1, 8), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_leverages_sum_to_the_number_of_components(n, seed):
    found = model(n, seed)
    for leverage in (found.leverage(), found.position_leverage()):
        assert leverage.min() >= 0 and leverage.max() <= 1
        assert leverage.sum() == pytest.approx(n)


def test_a_mean_that_was_taken_off_is_another_component():
    pattern, image = np.arange(18.0), np.arange(20.0)
    one, other = model(2, mean=pattern), model(2, mean=image)
    np.testing.assert_array_equal(one.factors[-1], pattern)
    np.testing.assert_array_equal(one.loadings[-1], 1)
    np.testing.assert_array_equal(other.loadings[-1], image)
    with pytest.raises(ValueError, match="neither the 20 positions nor the 18 pixels"):
        model(2, mean=np.ones(7))


def test_masked_is_left_out_and_all_masked_is_refused():
    factors, loadings = np.ones((2, 18)), np.ones((2, 20))
    factors[:, 3], loadings[0, 7] = np.nan, np.nan
    found = FittedModel.from_stacks(factors, loadings, None, SHAPES, "NMF")
    assert np.flatnonzero(~found.keep_pixels) == [3]
    assert np.flatnonzero(~found.keep_positions) == [7]
    with pytest.raises(ValueError, match="are NaN"):
        FittedModel.from_stacks(np.nan * factors, loadings, None, SHAPES, "NMF")


def test_empty_components_change_no_product():
    found = model(3)
    found.factors[1] = 0
    less = found.without_empty()
    assert found.there.tolist() == [True, False, True] and less.n_components == 2
    np.testing.assert_allclose(
        less.loadings.T @ less.factors, found.loadings.T @ found.factors
    )
    assert less.without_empty() is less
