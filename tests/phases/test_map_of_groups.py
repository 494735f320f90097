"""The crystal map of groups, in one call."""

import numpy as np

from tests.helpers import crystals
from tests.helpers.crystals import FAST


def test_it_is_the_map_of_what_is_identified():
    clusters, candidate = crystals.crystals(), crystals.candidates()[0]
    crystal_map = clusters.to_crystal_map(candidate, n_overlapping=1, **FAST)
    expected = clusters.identify_phases(candidate, **FAST).to_crystal_map(1)
    np.testing.assert_array_equal(crystal_map.phase_id, expected.phase_id)
    assert set(np.unique(crystal_map.phase_id)) == {-1, 0}
