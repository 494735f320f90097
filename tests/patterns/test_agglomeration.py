"""Laws of agglomeration: SciPy's linkages, merging, and where to cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from hspy_cnmf.patterns.agglomeration import (
    FURTHEST,
    SCIPY_LINKAGES,
    Treatment,
    align,
    linkage_of_distances,
    merge_linkage,
    rotation_onto,
    widest_gap,
)
from hspy_cnmf.patterns.geometry import CartesianGeometry
from hspy_cnmf.patterns.similarity import compare, compare_all
from hspy_cnmf.signals import Dendrogram
from tests.helpers.clustering_cases import (
    CENTER,
    SHAPE,
    angle_between,
    clustered,
    crystal,
    partition,
    rings,
)

LAW = settings(max_examples=20, deadline=None)
TREATMENT = Treatment()

#: Crystal and rotation of seven patterns.
MEMBERS = ((0, 0), (1, 30), (0, 101.5), (2, 7), (1, -77.7), (0, -140), (2, 190))
WEIGHTS = np.array([3.0, 1, 7, 2, 5, 4, 1.5])


def noisy(members=MEMBERS, noise=0.03):
    rng = np.random.default_rng(0)
    patterns = [crystal(*member) + 0.2 * rings(11, width=3) for member in members]
    return np.stack(patterns) + noise * rng.normal(size=(len(members), *SHAPE))


def polar(patterns, n_azimuth=120):
    return CartesianGeometry(SHAPE, CENTER).polar(patterns, n_azimuth, (5, 21))


def similarity_of(patterns, treatment=TREATMENT):
    return compare_all(treatment.spectra(patterns), treatment.mirror).similarity


PATTERNS = polar(noisy())
SIMILARITY = similarity_of(PATTERNS)


# --- SciPy's linkages --------------------------------------------------------


@pytest.mark.parametrize("linkage", SCIPY_LINKAGES)
@LAW
@given(st.data())
def test_linkages_are_those_of_scipy(linkage, data):
    n = data.draw(st.integers(2, 7))
    values = arrays(float, n * (n - 1) // 2, elements=st.floats(0, 2))
    distance = data.draw(values)
    similarity = 1 - squareform(distance)
    np.fill_diagonal(similarity, 1)
    before = similarity.copy()
    found = linkage_of_distances(similarity, linkage)
    # One minus one minus a distance is not quite the distance.
    expected = hierarchy.linkage(squareform(1 - similarity, checks=False), linkage)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_array_equal(similarity, before)


@pytest.mark.parametrize("linkage", SCIPY_LINKAGES)
def test_the_dendrogram_holds_the_linkage(linkage):
    clusters = clustered(noisy(), linkage=linkage)
    distance = squareform(1 - clusters.similarity.data, checks=False)
    expected = hierarchy.linkage(distance, linkage)
    np.testing.assert_allclose(clusters.dendrogram.data, expected, atol=1e-12)
    assert clusters.labels.data.tolist() == [0, 1, 0, 2, 1, 0, 2]


def test_rounding_does_not_make_distances_negative():
    similarity = np.full((3, 3), 1 + 1e-15)
    assert (linkage_of_distances(similarity, "average")[:, 2] == 0).all()


# --- merging -----------------------------------------------------------------


def merged_step_by_step(patterns, weights, treatment):
    """Merge by the definition, comparing all that is left again at every step."""
    n = len(patterns)
    single = similarity_of(patterns, treatment)
    left = {k: (patterns[k], weights[k], [k]) for k in range(n)}
    rows = []
    while len(left) > 1:
        names = list(left)
        similarity = np.full((len(names),) * 2, -np.inf)
        for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
            pair = [treatment.spectra(left[names[k]][0]) for k in (i, j)]
            similarity[i, j] = compare(*pair).similarity[0, 0]
        i, j = np.unravel_index(similarity.argmax(), similarity.shape)
        pair = sorted((left.pop(names[i]), left.pop(names[j])), key=lambda c: c[1])
        (light, *small), (heavy, *large) = pair
        spectra = treatment.spectra(heavy), treatment.spectra(light)
        turned = light.turn(*rotation_onto(*spectra, treatment))
        mean = heavy.mean_with(turned, (large[0], small[0]))
        members = small[1] + large[1]
        left[n + len(rows)] = mean, small[0] + large[0], members
        # Its height is that of single patterns, of which means are alike.
        height = 1 - single[np.ix_(small[1], large[1])].mean()
        rows.append((names[i], names[j], height, len(members)))
    return np.array(rows)


@pytest.mark.parametrize("treatment", [TREATMENT, Treatment(0.0, 1.0)])
def test_merging_is_by_its_definition(treatment):
    similarity = similarity_of(PATTERNS, treatment)
    found, _ = merge_linkage(PATTERNS, similarity, WEIGHTS, treatment)
    expected = merged_step_by_step(PATTERNS, WEIGHTS, treatment)
    np.testing.assert_array_equal(found[:, [0, 1, 3]], expected[:, [0, 1, 3]])
    np.testing.assert_allclose(found[:, 2], expected[:, 2], atol=1e-5)


def test_heights_are_beside_those_of_noise():
    def reliability(patterns):
        return np.full(len(patterns), 0.5)

    similarity = SIMILARITY / 2
    linkage, _ = merge_linkage(
        PATTERNS, similarity, WEIGHTS, TREATMENT, reliability=reliability
    )
    expected, _ = merge_linkage(PATTERNS, SIMILARITY, WEIGHTS, TREATMENT)
    np.testing.assert_allclose(linkage[0], expected[0])


def test_merging_leaves_its_input_alone_and_tells_of_each_merge():
    before = [a.copy() for a in (PATTERNS.values, PATTERNS.known, PATTERNS.noise)]
    similarity, weights, told = SIMILARITY.copy(), WEIGHTS.copy(), []
    linkage, _ = merge_linkage(
        PATTERNS, similarity, weights, TREATMENT, lambda: told.append(1)
    )
    assert len(told) == len(linkage) == 6
    after = PATTERNS.values, PATTERNS.known, PATTERNS.noise
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(similarity, SIMILARITY)
    np.testing.assert_array_equal(weights, WEIGHTS)


@LAW
@given(
    st.permutations(range(7)),
    st.integers(2, 7),
    arrays(float, 7, elements=st.floats(0.1, 9)),
)
def test_the_order_of_components_does_not_matter(order, n, weights):
    weights = weights + np.arange(7) / 1000  # no two the same
    order = [k for k in order if k < n]
    trees = []
    for members in (list(range(n)), order):
        linkage, _ = merge_linkage(
            PATTERNS[members],
            SIMILARITY[np.ix_(members, members)],
            weights[members],
            TREATMENT,
        )
        assert hierarchy.is_valid_linkage(linkage)
        assert linkage.shape == (n - 1, 4)
        assert linkage[-1, 3] == n
        # The first to merge are the two most similar.
        pairs = SIMILARITY[np.ix_(members, members)] - 2 * np.eye(n)
        assert linkage[0, 2] == pytest.approx(1 - pairs.max())
        assert pairs[tuple(linkage[0, :2].astype(int))] == pairs.max()
        trees.append(linkage)
    np.testing.assert_allclose(trees[0][:, 2], trees[1][:, 2], atol=1e-4)
    for n_clusters in range(1, n + 1):
        one, other = (Dendrogram(tree).cut(n_clusters) for tree in trees)
        assert partition(one[order]) == partition(other)


@LAW
@given(st.permutations(range(5)), st.floats(0, 0.3))
def test_both_cuts_agree_though_heights_may_fall(order, noise):
    members = [MEMBERS[k] for k in (0, 2, 5, 1, 4)]
    patterns = polar(noisy(members, noise)[order])
    found = merge_linkage(patterns, similarity_of(patterns), np.ones(5), TREATMENT)
    linkage, _ = found
    n_clusters, (low, high) = widest_gap(linkage[:, 2])
    tree = Dendrogram(linkage)
    by_number = tree.cut(n_clusters)
    by_height = tree.cut(distance_threshold=(low + high) / 2)
    np.testing.assert_array_equal(by_number, by_height)


def test_the_same_again_merges_first_and_at_no_height():
    patterns = polar(noisy()[[0, 1, 0]])
    linkage, _ = merge_linkage(patterns, similarity_of(patterns), np.ones(3), TREATMENT)
    assert linkage[0, :2].tolist() == [0, 2]
    assert linkage[0, 2] < 1e-5
    assert linkage[1, 2] == pytest.approx(1 - similarity_of(patterns)[0, 1], abs=0.02)


# --- turning the members of a group ------------------------------------------


@pytest.mark.parametrize("mirror", [False, True])
@LAW
@given(st.permutations(range(4)))
def test_members_are_turned_onto_the_heaviest(mirror, order):
    turns = np.array([0, 64.3, -170.2, 120.9])[order]
    mirrored = np.array([False, True, True, False])[order] & mirror
    weights = np.array([1.0, 8, 2, 4])[order]
    patterns = polar(
        [crystal(1, *turn) for turn in zip(turns, mirrored, strict=True)], 180
    )
    rotation, flipped = align(patterns, weights, Treatment(mirror=mirror))
    heaviest = int(weights.argmax())
    assert rotation[heaviest] == 0
    np.testing.assert_array_equal(flipped, mirrored != mirrored[heaviest])
    back = np.where(flipped, -turns, turns)
    assert angle_between(rotation, turns[heaviest] - back).max() < 0.2


def test_one_alone_is_not_turned():
    rotation, mirrored = align(PATTERNS[3], np.ones(1), Treatment(mirror=True))
    assert rotation.tolist() == [0]
    assert mirrored.tolist() == [False]


# --- where to cut ------------------------------------------------------------


@LAW
@given(st.lists(st.floats(0, 1.5), min_size=1, max_size=12))
def test_the_cut_is_in_the_widest_gap(heights):
    n_clusters, (low, high) = widest_gap(np.array(heights))
    assert 1 <= n_clusters <= len(heights) + 1
    kept = len(heights) + 1 - n_clusters
    assert max([0, *heights[:kept]]) == low
    assert max([0, *heights[: kept + 1]]) >= high or (
        high == FURTHEST and kept == len(heights)
    )
    # No other gap between the heights reached, 0 and the limit included, is wider.
    reached = np.minimum(np.maximum.accumulate([0, *heights]), FURTHEST)
    assert high - low == pytest.approx(np.diff([*reached, FURTHEST]).max())


@LAW
@given(st.lists(st.floats(0, 1.5), min_size=1, max_size=12))
def test_what_is_too_far_apart_is_never_proposed_as_one_group(heights):
    n_clusters, _ = widest_gap(np.array(heights))
    assert (np.array(heights)[: len(heights) + 1 - n_clusters] <= FURTHEST).all()


@pytest.mark.parametrize(
    "heights, n_clusters, gap",
    [
        ([0.05, 0.06, 0.4], 2, (0.06, 0.4)),
        ([0.05, 0.06, 0.7], 2, (0.06, 0.5)),
        ([0.01, 0.02, 0.03], 1, (0.03, 0.5)),
        ([0.9, 0.95, 0.8], 4, (0, 0.5)),
        ([0.1, 0.4, 0.2, 0.45], 4, (0.1, 0.4)),
        ([1.2, 1.3], 3, (0, 0.5)),
        ([0.0], 1, (0, 0.5)),
    ],
)
def test_cuts_of_known_heights(heights, n_clusters, gap):
    assert widest_gap(np.array(heights)) == (n_clusters, pytest.approx(gap))
