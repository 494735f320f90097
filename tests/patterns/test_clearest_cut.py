"""Groups that are near within and far from others, one of all, and none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import silhouette_score

from hspy_cnmf.patterns.agglomeration import FURTHEST
from hspy_cnmf.patterns.clearest_cut import clearest_cut


def proposed(distances, again=0.01):
    """Return the groups that are proposed, of average linkage, from 1."""
    tree = linkage(squareform(distances), "average")
    low, high = clearest_cut(tree, distances + again * np.eye(len(distances)))
    assert 0 <= low < high <= FURTHEST
    return fcluster(tree, (low + high) / 2, "distance")


def groups_of(places):
    return proposed(np.abs(np.subtract.outer(places, places)))


@given(st.permutations(range(6)))
def test_groups_are_near_within_and_far_from_others(order):
    places = np.array([0, 0.01, 0.02, 0.3, 0.31, 0.33])[list(order)]
    found = groups_of(places)
    np.testing.assert_array_equal(
        found == found[0], (places > 0.2) == (places[0] > 0.2)
    )


def test_groups_that_differ_a_little_are_told_apart_beside_others():
    """The widest gap is not where groups are the clearest."""
    places = np.array([0, 0.005, 0.01, 0.1, 0.105, 0.11, 0.45, 0.455])
    assert len(set(groups_of(places))) == 3


@pytest.mark.parametrize("apart, n_groups", [(0.02, 1), (0.45, 5), (0.7, 5)])
def test_all_may_be_alike_and_all_may_be_unlike(apart, n_groups):
    assert len(set(proposed(apart * (1 - np.eye(5))))) == n_groups


@pytest.mark.parametrize("again, n_groups", [(0.01, 4), (0.2, 1)])
def test_what_noise_may_have_made_tells_nothing_apart(again, n_groups):
    assert len(set(proposed(0.35 * (1 - np.eye(4)), again))) == n_groups


def test_the_same_again_is_always_of_one_group():
    distances = 0.4 * (1 - np.eye(4))
    distances[0, 1] = distances[1, 0] = 0
    assert len(set(proposed(distances))) == 3


@given(st.integers(0, 1000))
def test_no_cut_of_groups_of_several_has_a_much_wider_silhouette(seed):
    places = np.random.default_rng(seed).choice([0, 0.1, 0.25, 0.4], 12)
    places = np.sort(places) + np.random.default_rng(seed).uniform(0, 0.01, 12)
    distances = np.abs(np.subtract.outer(places, places))
    tree = linkage(squareform(distances), "average")
    found = proposed(distances)
    score = {
        n: silhouette_score(
            distances, fcluster(tree, n, "maxclust"), metric="precomputed"
        )
        for n in range(2, 12)
        if np.bincount(fcluster(tree, n, "maxclust"))[1:].min() > 1
    }
    if np.bincount(found)[1:].min() > 1 and len(score):
        n_found = len(set(found))
        assert n_found == 1 or score[n_found] >= max(score.values()) - 0.05
