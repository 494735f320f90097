"""Laws of trees that linkage matrices describe."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster import hierarchy

from hspy_cnmf.patterns.tree import (
    check_linkage,
    cluster_groups,
    find_cut,
    group_labels,
    highest_merges,
    match_groups,
)

TREES = st.lists(st.floats(0, 100), min_size=2, max_size=12, unique=True).map(
    lambda places: hierarchy.linkage(np.reshape(places, (-1, 1)), "average")
)


@given(linkage=TREES)
def test_linkages_of_scipy_are_taken_as_they_are(linkage):
    np.testing.assert_array_equal(check_linkage(linkage), linkage)


@given(linkage=TREES)
def test_heights_that_increase_are_the_highest(linkage):
    heights = linkage[:, 2]
    np.testing.assert_array_equal(highest_merges(linkage, heights), heights)


@given(linkage=TREES, data=st.data())
def test_a_cut_keeps_the_merges_below_it(linkage, data):
    n_kept = data.draw(st.integers(0, len(linkage)))
    labels = group_labels(linkage, np.arange(len(linkage)) < n_kept)
    assert labels.max() + 1 == len(linkage) + 1 - n_kept
    groups = cluster_groups(linkage, labels)
    np.testing.assert_array_equal(groups[: len(labels)], labels)
    heights = np.arange(1.0, len(linkage) + 1)
    cut = find_cut(linkage, groups, heights)
    if n_kept == len(linkage):
        assert cut is None
    else:
        np.testing.assert_array_equal(heights <= cut, np.arange(len(heights)) < n_kept)


@given(labels=st.lists(st.integers(0, 3), min_size=1, max_size=9))
def test_groups_match_themselves_whatever_their_numbers(labels):
    _, labels = np.unique(labels, return_inverse=True)
    turned = labels.max() - labels
    matches = match_groups(labels, turned)
    assert matches == {k: labels.max() - k for k in range(labels.max() + 1)}


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [(0, 2, np.nan, "finite"), (1, 0, 0, "part of another"), (0, 3, 3, "says that")],
)
def test_what_is_no_linkage_is_refused(row, column, value, message):
    linkage = hierarchy.linkage([[0.0], [1.0], [5.0]])
    linkage[row, column] = value
    with pytest.raises(ValueError, match=message):
        check_linkage(linkage)
