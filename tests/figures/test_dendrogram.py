"""Figures of dendrograms: trees, cuts, and patterns beside groups."""

import sys

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from scipy.cluster.hierarchy import dendrogram

from hspy_cnmf.figures.dendrogram import Tree
from hspy_cnmf.signals import Dendrogram
from tests.helpers.trees import (
    INVERTED,
    collection,
    draw,
    full,
    grown,
    insets,
    linkages,
    patterns,
    tree_axes,
)

GREY = to_rgba("0.6")


# --- drawing the tree --------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(linkages())
def test_leaves_are_in_the_order_of_scipy(linkage):
    n = len(linkage) + 1
    first = [*range(n)]
    for row in linkage:  # SciPy draws the one in the first column first.
        row[:2] = sorted(row[:2], key=lambda cluster: first[int(cluster)])
        first.append(first[int(row[0])])
    expected = dendrogram(linkage, no_plot=True)
    leaves, positions = Tree(linkage, None, None, None, [], "", "").leaf_order()
    assert leaves.tolist() == expected["leaves"]
    brackets = {
        tuple(float(positions[int(cluster)]) for cluster in row[:2]) for row in linkage
    }
    icoord = (np.array(expected["icoord"]) - 5) / 10
    assert brackets == {(row[0], row[2]) for row in icoord.tolist()}


@settings(max_examples=15, deadline=None)
@given(linkages(lowest=-0.1), st.sampled_from(["height", "sequence"]), st.booleans())
def test_links_are_where_the_merges_are(linkage, axis, cut):
    n = len(linkage) + 1
    figure = Dendrogram(linkage).plot(axis=axis, n_clusters=2 if cut else None)
    values = linkage[:, 2] if axis == "height" else np.arange(1, n)
    ends = np.concatenate([np.zeros(n), values])
    links = np.array(collection(figure, "links").get_segments())
    assert links.shape == (n - 1, 4, 2)
    for (one, other), value, link in zip(
        linkage[:, :2].astype(int), values, links, strict=True
    ):
        assert link[:, 0].tolist() == [ends[one], value, value, ends[other]]
    # Arms begin at leaves, which are one apart, or in the middle of other links.
    middles = np.concatenate([np.full(n, np.nan), links[:, 1:3, 1].mean(axis=1)])
    leaves = []
    for pair, link in zip(linkage[:, :2].astype(int), links, strict=True):
        for cluster, y in zip(pair, link[[0, 3], 1], strict=True):
            if cluster < n:
                leaves.append(y)
            else:
                assert y == middles[cluster]
    assert sorted(leaves) == list(range(n))
    low, high = tree_axes(figure).get_xlim()
    assert low <= ends.min() and ends.max() < high
    plt.close("all")


@pytest.mark.parametrize("axis", ["height", "sequence"])
def test_each_group_has_its_colour_and_what_is_above_the_cut_is_grey(axis):
    n_clusters = 4
    tree = Dendrogram.from_linkage(grown(30), n_clusters=n_clusters)
    figure = draw(tree.plot(axis=axis))
    colours = collection(figure, "links").get_colors()
    names = tree_axes(figure).get_yticklabels()
    groups = dict(zip(tree.names, tree.labels, strict=True))
    found = {(groups[text.get_text()], to_rgba(text.get_color())) for text in names}
    assert len(found) == len({colour for _, colour in found}) == n_clusters
    expected = dict(found)
    members = [{k} for k in range(30)]
    for (one, other), colour in zip(
        tree.linkage[:, :2].astype(int), colours, strict=True
    ):
        members.append(members[one] | members[other])
        inside = {tree.labels[k] for k in members[-1]}
        assert tuple(colour) == (expected[inside.pop()] if len(inside) == 1 else GREY)


@pytest.mark.parametrize(
    "arguments, place",
    [
        ({"distance_threshold": 0.45}, 0.45),
        ({"distance_threshold": 0.45, "axis": "sequence"}, 1.5),
        ({"n_clusters": 3}, (0.1 + 0.6) / 2),
        ({"n_clusters": 3, "axis": "sequence"}, 1.5),
        # No height makes these groups: the cut keeps 0.6 and undoes 0.4.
        ({"n_clusters": 2}, None),
        ({"n_clusters": 2, "axis": "sequence"}, 2.5),
        ({"n_clusters": 1}, None),
        ({"n_clusters": 4}, 0.05),
        ({"distance_threshold": np.inf}, None),
        ({}, None),
    ],
)
def test_the_cut_is_marked_where_it_is_one_place(arguments, place):
    line = collection(Dendrogram(INVERTED).plot(**arguments), "cut")
    assert (line and line.get_xdata()[0]) == pytest.approx(place)


@settings(max_examples=15, deadline=None)
@given(linkages(), st.integers(1, 20))
def test_the_mark_is_a_threshold_that_makes_the_groups(linkage, n_clusters):
    tree = Dendrogram(linkage)
    n_clusters = min(n_clusters, len(linkage) + 1)
    line = collection(tree.plot(n_clusters=n_clusters), "cut")
    plt.close("all")
    if line is not None:
        np.testing.assert_array_equal(
            tree.cut(distance_threshold=line.get_xdata()[0]), tree.cut(n_clusters)
        )


def test_horizontal_axes_say_what_they_are():
    tree = Dendrogram.from_linkage(INVERTED, title="silver", height_name="pseudo")
    figure = tree.plot()
    assert tree_axes(figure).get_xlabel() == "pseudo"
    assert figure.get_suptitle() == "silver"
    assert tree_axes(tree.plot(axis="sequence")).get_xlabel() == "merge"
    with pytest.raises(ValueError, match=r"axis='depth': .* 'sequence'"):
        tree.plot(axis="depth")


def test_chains_deeper_than_the_recursion_limit_are_drawn():
    n = sys.getrecursionlimit() + 10
    later = np.arange(1, n)
    chain = np.column_stack(
        [later, np.r_[0, np.arange(n, 2 * n - 2)], later / n, later + 1]
    )
    figure = Dendrogram(chain).plot(n_clusters=3)
    assert len(collection(figure, "links").get_segments()) == n - 1


# --- drawing patterns --------------------------------------------------------


def test_patterns_are_beside_their_groups_with_masked_pixels_grey():
    tree = full(n_clusters=4)
    figure = draw(tree.plot())
    found = insets(figure)
    assert set(found) == {0, 1, 2, 3}
    norms = set()
    for group, inset in found.items():
        [image] = inset.get_images()
        np.testing.assert_array_equal(
            image.get_array().filled(np.nan), tree.patterns.data[group]
        )
        assert np.argwhere(image.get_array().mask).tolist() == [[3, 4]]
        assert inset.get_facecolor() == GREY
        norms.add((image.norm.gamma, image.norm.vmin, image.norm.vmax))
        title = inset.get_title()
        assert title == f"{group}: {np.count_nonzero(tree.labels == group)} of 12"
        name = tree.names[np.flatnonzero(tree.labels == group)[0]]
        [text] = [
            text
            for text in tree_axes(figure).get_yticklabels()
            if text.get_text() == name
        ]
        assert to_rgba(text.get_color()) == inset.spines["left"].get_edgecolor()
    assert norms == {(0.3, 0, np.nanmax(tree.patterns.data))}


def test_patterns_of_the_cut_that_is_kept_are_drawn_beside_the_same_groups_only():
    tree = full(n_clusters=3)
    labels = tree.cut(n_clusters=4)
    found = insets(tree.plot(n_clusters=4))
    assert len(found) == 2
    for group, inset in found.items():
        [other] = set(tree.labels[labels == group])
        assert ((tree.labels == other) == (labels == group)).all()
        np.testing.assert_array_equal(
            inset.get_images()[0].get_array().filled(np.nan), tree.patterns.data[other]
        )


def test_patterns_can_be_given_or_left_out():
    tree = full(n_clusters=3)
    assert not insets(tree.plot(patterns=False))
    given_patterns = patterns(2)
    for group, inset in insets(
        tree.plot(n_clusters=2, patterns=given_patterns)
    ).items():
        np.testing.assert_array_equal(
            inset.get_images()[0].get_array().filled(np.nan),
            given_patterns.data[group],
        )
    with pytest.raises(ValueError, match="2 patterns for 3 groups"):
        tree.plot(patterns=given_patterns)
    with pytest.raises(ValueError, match="patterns are those of groups"):
        Dendrogram(INVERTED).plot(patterns=given_patterns)


def test_spectra_and_a_single_pattern():
    spectra = hs.signals.Signal1D(np.random.default_rng(0).random((2, 30)))
    figure = draw(Dendrogram(INVERTED).plot(n_clusters=2, patterns=spectra))
    assert [len(inset.lines) for inset in insets(figure).values()] == [1, 1]
    one = patterns(1).inav[0]
    figure = Dendrogram.from_linkage(INVERTED, n_clusters=1, patterns=one).plot()
    assert set(insets(draw(figure))) == {0}


@pytest.mark.parametrize("n, n_clusters", [(2, 2), (5, 3), (30, 12), (200, 6)])
def test_nothing_overlaps_at_any_size(n, n_clusters):
    tree = Dendrogram.from_linkage(
        grown(n), n_clusters=n_clusters, patterns=patterns(n_clusters)
    )
    figure = draw(tree.plot())
    assert max(figure.get_size_inches()) < 12
    boxes = [inset.get_window_extent() for inset in insets(figure).values()]
    assert len(boxes) == n_clusters
    assert min(min(box.size) for box in boxes) > 0.5 * figure.dpi
    for i, box in enumerate(boxes):
        assert figure.bbox.containsx(box.x0) and figure.bbox.containsx(box.x1)
        assert figure.bbox.containsy(box.y0) and figure.bbox.containsy(box.y1)
        assert not any(box.overlaps(other) for other in boxes[:i])
    names = [text.get_window_extent() for text in tree_axes(figure).get_yticklabels()]
    gaps = -np.diff([(name.y0 + name.y1) / 2 for name in names])
    assert gaps.min() > 5 * figure.dpi / 72  # no less than 5 points apart
    assert max(box.x1 for box in boxes) < min(name.x0 for name in names)


def test_figures_are_drawn_where_they_are_told():
    whole = plt.figure(figsize=(14, 5), layout="constrained")
    left, right = whole.subfigures(1, 2)
    assert full().plot(figure=left) is left
    assert Dendrogram(INVERTED).plot(figure=right) is right
    draw(whole)
    assert set(insets(left)) == {0, 1, 2}
