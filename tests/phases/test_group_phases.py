"""Phases of groups, and of the components in them."""

import numpy as np

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.group_phases import GroupPhases
from hspy_cnmf.phases.orientation import tilt_and_turn
from tests.helpers import crystals
from tests.helpers.crystals import identified


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
    parts = np.ones(clusters.n_clusters)
    groups = GroupPhases(clusters, found.phases, matrices, numbers, numbers, parts)
    labels = np.asarray(clusters.labels.data)
    np.testing.assert_array_equal(groups.component_phases, labels)
    turns = np.deg2rad(clusters.member_rotation.data)
    mirrored = np.asarray(clusters.member_mirrored.data, dtype=bool)
    cosines = np.where(mirrored, -1, 1) * np.cos(turns)
    np.testing.assert_allclose(groups.component_matrices[:, 0, 0], cosines, atol=1e-9)


def test_components_of_a_group_with_two_crystals_have_both():
    found = identified()
    clusters, n = found.clusters, found.clusters.n_clusters
    labels = np.asarray(clusters.labels.data)
    both = int(labels[1])  # of components 1 and 2
    groups = np.append(np.arange(n), both)
    matrices = np.stack([np.eye(3)] * (n + 1))
    numbers, parts = np.arange(n + 1) % 3, np.append(np.ones(n), 0.25)
    parts[both] = 0.75
    two = GroupPhases(clusters, found.phases, matrices, numbers, groups, parts)
    pairs = [*enumerate(labels.tolist()), (1, n), (2, n)]
    assert two.members.tolist() == [list(pair) for pair in pairs]
    assert two.component_phases.tolist() == [numbers[k] for _, k in pairs]
    assert two.component_matrices.shape == (len(pairs), 3, 3)
