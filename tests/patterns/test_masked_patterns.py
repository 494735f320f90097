"""Masked pixels take no part in the similarity of patterns."""

import numpy as np
import pytest

from tests.helpers.clustering_cases import (
    CENTER,
    SHAPE,
    angle_between,
    clustered,
    crystal,
    masked,
    radii,
    rings,
    wedge,
)

NOTHING = np.zeros(SHAPE, bool)

MASKED = {
    "one beam stop": [wedge(30)] * 4,
    "beam stops": [wedge(angle) for angle in (30, 120, 200, 300)],
    "one pattern": [wedge(-45, 30), NOTHING, NOTHING, NOTHING],
    "direct beam": [radii() < 5] * 4,
    "direct beam of one": [radii() < 6, NOTHING, NOTHING, NOTHING],
    "corners": [radii() > 22] * 4,
    "dead pixels": [np.random.default_rng(k).random(SHAPE) < 0.01 for k in range(4)],
}


@pytest.mark.parametrize("case", MASKED)
def test_masks_hardly_matter(case):
    patterns = [crystal(0), 3 * crystal(0, 100.3), crystal(1), 5 * crystal(1, 45)]
    patterns = [pattern + rings(12, width=4) / 4 for pattern in patterns]
    whole = clustered(patterns)
    part = clustered(list(map(masked, patterns, MASKED[case])))
    change = part.similarity.data - whole.similarity.data
    assert abs(change).max() < 0.08
    for i, j in ((0, 1), (2, 3)):
        rotations = part.rotation.data[i, j], whole.rotation.data[i, j]
        assert angle_between(*rotations) < 0.5
    assert part.labels.data.tolist() == [0, 0, 1, 1]


def test_patterns_without_a_common_pixel_are_compared():
    left = np.indices(SHAPE)[1] < CENTER[1]
    patterns = [masked(crystal(0), left), masked(crystal(0, 180), ~left), crystal(1)]
    clusters = clustered(patterns)
    assert clusters.similarity.data[0, 1] > 0.95
    assert angle_between(clusters.rotation.data[0, 1], 180) < 0.2


@pytest.mark.parametrize("value", [np.nan, 0.0, 1e6])
def test_nothing_outside_the_radial_range_matters(value):
    patterns = np.stack([crystal(0), crystal(0, 50), crystal(1)])
    patterns += rings(3) + np.random.default_rng(0).random(patterns.shape) / 20
    limits = (0.6, 2.1)
    expected = clustered(patterns, radial_range=limits)
    # The noise and the samples of a ring are of pixels up to two further in or out.
    patterns[:, (radii() < 6 - 3) | (radii() > 21 + 3)] = value
    found = clustered(patterns, radial_range=limits)
    for name in ("similarity", "rotation"):
        one, other = getattr(expected, name).data, getattr(found, name).data
        np.testing.assert_array_equal(one, other)
    assert found.parameters["radii"] == pytest.approx([6, 21])


def test_the_direct_beam_takes_no_part():
    beam = 300 * np.exp(-(radii((23.2, 23.0)) ** 2) / 8)
    patterns = [crystal(0), crystal(0, 50), crystal(1)]
    patterns = [pattern + 0.2 * rings(12, width=4) for pattern in patterns]
    expected = clustered(patterns, radial_range=(0.7, 2.3)).similarity.data
    found = clustered([pattern + beam for pattern in patterns])
    assert found.parameters["radii"][0] > 4
    # It is off the centre, so with it all would be the same.
    assert abs(found.similarity.data - expected).max() < 0.2
    every = clustered([pattern + beam for pattern in patterns], radial_range=(0, 2.3))
    assert every.similarity.data.min() > 0.9


def test_the_direct_beam_of_some_takes_no_part_either():
    beam = 300 * np.exp(-(radii() ** 2) / 8)
    patterns = [crystal(0) + beam, crystal(0, 50), crystal(1) + beam]
    patterns[1] = masked(patterns[1], radii() < 8)
    found = clustered(patterns)
    assert found.parameters["radii"][0] > 4
    assert found.labels.data.tolist() == [0, 0, 1]
