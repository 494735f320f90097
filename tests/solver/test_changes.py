"""Laws of how far an iteration has moved what it updates."""

import numpy as np
import pytest

from hspy_cnmf.solver.changes import relative_change


@pytest.mark.parametrize("dtype", [np.float32, float])
def test_change_is_the_distance_over_the_sum(dtype):
    new, old = np.random.default_rng(0).random((2, 3, 50)).astype(dtype)
    expected = abs(new.astype(float) - old).sum() / new.sum()
    np.testing.assert_allclose(relative_change(new, old), expected, rtol=1e-6)


def test_the_same_has_not_changed_and_nothing_has_no_distance():
    stack = np.random.default_rng(0).random((2, 9))
    assert relative_change(stack, stack) == 0
    assert relative_change(np.zeros_like(stack), stack) == 0
