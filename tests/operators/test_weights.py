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
