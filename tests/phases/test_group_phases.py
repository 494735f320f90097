"""Phases of groups, and of the components in them."""

import numpy as np

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.group_phases import GroupPhases
from tests.helpers import crystals
from tests.helpers.crystals import identified, tilt_and_turn


def test_a_mirrored_member_is_the_crystal_turned_over():
    kinds = (("Fe3B", (1, 0, 0), 20.0), ("alpha-Fe", (1, 1, 1), 0.0))
    patterns = crystals.patterns_of(kinds)
    turned_over = patterns[0][::-1]
    clusters = crystals.clustered(
        np.stack([patterns[0], turned_over, patterns[1]]), mirror=True
    )
    labels = clusters.labels.data
    assert labels[0] == labels[1] != labels[2]
    phases = [crystal_phase("Fe3B"), crystal_phase("alpha-Fe")]
    found = clusters.identify_phases(phases, resolution=6.0)
    assert found.component_phases.tolist() == [0, 0, 1]
    first, second, _ = found.component_matrices
    tilt, turn = tilt_and_turn(second, np.diag([-1.0, 1, -1]) @ first, phases[0])
    assert tilt < 1
    assert turn < 1


def test_components_have_the_phase_and_turn_of_their_group():
    found = identified()
    clusters = found.clusters
    matrices = np.broadcast_to(np.eye(3), (clusters.n_clusters, 3, 3))
    numbers = np.arange(clusters.n_clusters)
    groups = GroupPhases(clusters, found.phases, matrices, numbers)
    labels = np.asarray(clusters.labels.data)
    np.testing.assert_array_equal(groups.component_phases, labels)
    turns = np.deg2rad(clusters.member_rotation.data)
    mirrored = np.asarray(clusters.member_mirrored.data, dtype=bool)
    cosines = np.where(mirrored, -1, 1) * np.cos(turns)
    np.testing.assert_allclose(groups.component_matrices[:, 0, 0], cosines, atol=1e-9)
