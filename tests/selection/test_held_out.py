"""Held-out error: the component that is missed least goes."""

import numpy as np
import pytest

from hspy_cnmf.selection.held_out import without_least


@pytest.mark.parametrize("redundant", ["factor", "map", "nothing"])
def test_the_component_that_is_missed_least_is_left_out(redundant):
    rng = np.random.default_rng(0)
    factors, loadings = rng.random((4, 30)), rng.random((4, 40))
    loadings[[0, 1, 3]] *= 0.3
    if redundant == "factor":  # the strongest, but others can stand in for it
        factors[2] = factors[0] + factors[3]
    elif redundant == "map":
        loadings[2] = loadings[0] + loadings[1]
    else:
        loadings[2] = 0
    kept = without_least(factors, loadings, 3)
    left = [k for k, row in enumerate(loadings) if not (kept == row).all(1).any()]
    assert len(left) == 1
    expected = {"factor": {0, 2, 3}, "map": {0, 1, 2}, "nothing": {2}}[redundant]
    assert left[0] in expected
    assert without_least(factors, loadings, 4) is loadings
    assert len(without_least(factors, loadings, 1)) == 1
