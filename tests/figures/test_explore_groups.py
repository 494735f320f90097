"""Groups explored by hand: the cut is dragged, and the groups follow."""

import numpy as np
import pytest
from matplotlib.backend_bases import CloseEvent
from matplotlib.colors import to_rgb

from hspy_cnmf.figures.gallery import colour
from tests.figures.test_explore import axes_of, click, shown
from tests.helpers.clustering_cases import decomposed_crystals


@pytest.fixture(scope="module")
def clusters():
    scan = decomposed_crystals()
    return scan.cluster_diffraction(print_info=False, show_progressbar=False)


@pytest.fixture
def explorer(clusters):
    return clusters.explore()


def tree_of(explorer):
    return next(ax for ax in explorer.figure.axes if ax.get_xlabel().startswith("1 - "))


def line_at(explorer):
    (line,) = (x for x in tree_of(explorer).lines if x.get_gid() == "cut")
    return line.get_xdata()[0]


def drag(explorer, *heights):
    ax = tree_of(explorer)
    click(explorer.figure, ax, line_at(explorer), 0.5)
    for height in heights:
        click(explorer.figure, ax, height, 0.5, "motion_notify_event")
    click(explorer.figure, ax, heights[-1], 0.5, "button_release_event")


def test_it_begins_with_the_groups_that_were_found(explorer, clusters):
    np.testing.assert_array_equal(explorer.labels, clusters.labels.data)
    assert line_at(explorer) == explorer.distance_threshold
    assert repr(explorer).startswith("<GroupExplorer: 3 groups")


def test_the_rarest_group_is_seen_on_the_others(explorer, clusters):
    patterns, maps = clusters.components.patterns, clusters.components.maps
    counts = np.abs(maps) * np.nansum(patterns, axis=(1, 2))[:, None, None]
    sums = [counts[explorer.labels == k].sum(axis=0) for k in range(3)]
    rarest = int(np.argmin([each.sum() for each in sums]))
    place = np.unravel_index(sums[rarest].argmax(), sums[rarest].shape)
    image = axes_of(explorer, "groups").images[0].get_array()
    np.testing.assert_allclose(image[place], to_rgb(colour(rarest)), atol=1e-6)


def test_groups_follow_the_line(explorer, clusters):
    tree = clusters.dendrogram
    heights = tree.linkage[:, 2]
    first = axes_of(explorer, "groups").images[0].get_array().copy()
    for height in (*(heights * 1.001), heights.max() * 1.02):
        drag(explorer, explorer.distance_threshold, height)
        assert explorer.distance_threshold == pytest.approx(height)
        assert line_at(explorer) == pytest.approx(height)
        expected = tree.cut(distance_threshold=explorer.distance_threshold)
        np.testing.assert_array_equal(explorer.labels, expected)
        n = f"{explorer.n_clusters} group"
        assert explorer.figure.get_suptitle().startswith(n)
    assert explorer.n_clusters == 1
    assert not np.array_equal(axes_of(explorer, "groups").images[0].get_array(), first)


def test_without_hold_of_the_line_nothing_is_dragged(explorer):
    before = explorer.distance_threshold
    ax = tree_of(explorer)
    click(explorer.figure, ax, before / 2, 0.5, "motion_notify_event")
    drag(explorer, before / 2)
    click(explorer.figure, ax, before, 0.5, "motion_notify_event")
    assert explorer.distance_threshold == pytest.approx(before / 2)


def test_a_click_on_a_component_shows_its_pattern_and_its_group(explorer, clusters):
    ax = tree_of(explorer)
    given = clusters.components
    for y, label in enumerate(ax.get_yticklabels()):
        click(explorer.figure, ax, explorer.distance_threshold / 2, y)
        k = explorer.component
        assert label.get_text() == f"$w_{{{given.indices[k]}}}$"
        pattern = shown(axes_of(explorer, label.get_text()))
        np.testing.assert_array_equal(pattern, given.patterns[k])
        group = explorer.labels[k]
        np.testing.assert_allclose(
            shown(axes_of(explorer, "map of group")),
            given.maps[explorer.labels == group].sum(axis=0),
        )
    with pytest.raises(IndexError, match="no component 9"):
        explorer.choose(9)


def test_closing_ends_it(explorer):
    before = explorer.distance_threshold
    figure = explorer.figure
    event = CloseEvent("close_event", figure.canvas)
    figure.canvas.callbacks.process("close_event", event)
    drag(explorer, before / 2)
    assert explorer.distance_threshold == before
    assert not explorer.is_connected
