"""What positions and pixels are divided by."""

import numpy as np

from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.weights import noise_scales

INSPECTION = Inspection(np.array([4.0, 0.0, 9.0]), np.array([1.0, 16.0]))


def test_scales_of_noise_are_roots_of_sums_and_never_zero():
    assert noise_scales(INSPECTION, "equal") == (None, None)
    rows, columns = noise_scales(INSPECTION, "normalised")
    # Where nothing was counted, the median of the others.
    np.testing.assert_array_equal(rows, [2, np.sqrt(6.5), 3])
    np.testing.assert_array_equal(columns, [1, 4])


def test_positions_alone_may_be_divided():
    rows, columns = noise_scales(INSPECTION, "by position")
    np.testing.assert_array_equal(rows, [2, np.sqrt(6.5), 3])
    assert columns is None


def test_a_vacuum_does_not_weigh_as_much_as_patterns_do():
    sums = np.array([1000.0] * 8 + [2.0, 800.0])
    (*rows, vacuum, dim), _ = noise_scales(
        Inspection(sums, np.array([sums.sum()])), "by position"
    )
    np.testing.assert_allclose(rows, np.sqrt(1000))
    assert vacuum == np.sqrt(0.05 * sums.mean()) and dim == np.sqrt(800)
