"""Groups from labels: means of members turned back, and sums of their maps."""

import numpy as np
import pytest

from hspy_cnmf.patterns.geometry import CartesianGeometry
from hspy_cnmf.patterns.grouping import group_means, sum_maps


def test_sums_of_maps_are_those_of_the_members():
    rng = np.random.default_rng(0)
    maps, labels = rng.random((5, 3, 4)), np.array([0, 1, 0, 2, 1])
    found = sum_maps(maps, labels)
    np.testing.assert_allclose(found[1], maps[1] + maps[4])
    np.testing.assert_allclose(found.sum(axis=0), maps.sum(axis=0))


@pytest.mark.parametrize("masked", [False, True])
def test_means_weigh_members_that_are_not_turned(masked):
    rng = np.random.default_rng(1)
    patterns = rng.random((3, 15, 15))
    if masked:
        patterns[:, 4, 9] = np.nan
    weights, labels = np.array([1.0, 3.0, 2.0]), np.array([0, 0, 1])
    geometry = CartesianGeometry((15, 15), (7.0, 7.0))
    not_turned = np.zeros(3), np.zeros(3, bool)
    means = group_means(patterns, geometry, labels, weights, *not_turned)
    expected = (patterns[0] + 3 * patterns[1]) / 4
    known = np.isfinite(expected)
    np.testing.assert_allclose(means[0][known], expected[known], atol=1e-9)
    np.testing.assert_array_equal(np.isfinite(means[1]), np.isfinite(patterns[2]))
