"""Maps of given factors, as arrays; of signals, see the decomposition of them."""

import numpy as np

from hspy_cnmf.solver.given_factors import pixel_weights


def test_weights_are_one_over_expected_counts():
    factors = np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])
    weights = pixel_weights(factors, np.array([2.0, 4.0]))
    np.testing.assert_allclose(weights, 2 / np.array([1.0, 2.0, 3.0]))


def test_pixels_that_nothing_is_expected_in_do_not_decide():
    factors = np.array([[1.0, 0.0, 1e-12, 1.0]])
    weights = pixel_weights(factors, np.ones(1))
    assert weights.max() <= 100 and np.isfinite(weights).all()
