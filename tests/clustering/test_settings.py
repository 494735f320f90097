"""Arguments of a clustering: checked, plain, and cut as they say."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import linkage

from hspy_cnmf.clustering.settings import ClusterSettings

GIVEN = {
    "n_clusters": None,
    "distance_threshold": None,
    "linkage": "average",
    "n_azimuth": 360,
    "mirror": False,
    "similarity": "diffraction",
    "noise_threshold": 3.0,
    "background_weight": 0.1,
}


@pytest.mark.parametrize(
    "other",
    [
        {"n_clusters": 2, "distance_threshold": 0.3},
        {"linkage": "ward"},
        {"linkage": "merge", "similarity": "cosine"},
        {"n_clusters": 0},
        {"n_azimuth": 7},
        {"mirror": 1},
        {"noise_threshold": -1},
        {"background_weight": np.nan},
    ],
)
def test_what_makes_no_sense_is_refused(other):
    with pytest.raises(ValueError, match=next(reversed(other))):
        ClusterSettings(**GIVEN | other)


def test_numbers_of_numpy_become_plain():
    found = ClusterSettings(**GIVEN | {"n_clusters": np.int64(3)})
    assert type(found.n_clusters) is int
    assert asdict(found) == GIVEN | {"n_clusters": 3}


@given(st.integers(1, 4))
def test_cuts_are_as_asked_for_or_at_the_widest_gap(n):
    tree = linkage([[0.0], [0.1], [5.0], [5.2]])
    asked = ClusterSettings(**GIVEN | {"n_clusters": n})
    assert asked.cut(tree) == ({"n_clusters": n}, "as asked for")
    cut, reason = ClusterSettings(**GIVEN).cut(tree)
    assert cut == {"n_clusters": 2} and "widest gap" in reason
    distances = np.array([[0, 1, 9, 9], [1, 0, 9, 9], [9, 9, 0, 1], [9, 9, 1, 0]]) / 20
    cut, reason = ClusterSettings(**GIVEN).cut(tree, distances)
    assert 0.1 < cut["distance_threshold"] < 5 and "clearest groups" in reason
    with pytest.raises(ValueError, match="n_clusters"):
        ClusterSettings(**GIVEN | {"n_clusters": 5}).check_count(4)
