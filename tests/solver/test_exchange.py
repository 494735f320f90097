"""What goes into a pattern goes out of the map of the other: the model stays."""

import numpy as np
import pytest

from hspy_cnmf.solver.exchange import exchanged


@pytest.mark.parametrize("pixel_scale", [None, np.linspace(1, 2, 9)])
def test_the_model_stays_and_patterns_are_of_unit_sum_but_for_known_ones(pixel_scale):
    rng = np.random.default_rng(0)
    factors, loadings = rng.random((3, 9)), 1 + rng.random((3, 20))
    amounts = np.array([[0, 0, 0], [0.2, 0, 0], [0.3, 0, 0]])
    known = np.array([False, True, False])
    found, maps = exchanged(factors, loadings, amounts, pixel_scale, known)
    np.testing.assert_allclose(maps.T @ found, loadings.T @ factors)
    totals = (found * (1 if pixel_scale is None else pixel_scale)).sum(axis=1)
    np.testing.assert_allclose(totals[~known], 1)
    np.testing.assert_allclose(found[1], factors[1] + 0.2 * factors[0])
    assert exchanged(factors, loadings, 0 * amounts, None, known)[0] is factors
