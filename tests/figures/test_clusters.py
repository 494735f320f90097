"""The figure of groups with their maps and their members."""

from dataclasses import replace

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.text import Text
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf import get_clusters
from hspy_cnmf.figures.clusters import plot_clusters
from hspy_cnmf.figures.gallery import colour
from tests.helpers.clustered import (
    CASES,
    SHAPE,
    cluster,
    factors,
    line_scan,
    maps,
    series,
)


@pytest.fixture(scope="module")
def clusters():
    return cluster(factors(8), maps(8))


@pytest.fixture(scope="module")
def many():
    """Forty components in three groups."""
    return cluster(factors(40), maps(40))


def draw(figure):
    figure.canvas.draw()
    return figure


def panels(figure, kind):
    """Return axes of a kind by number, in the order in which they were drawn."""
    named = [ax.get_gid().split() for ax in figure.axes]
    return {
        int(name[1]): ax
        for name, ax in zip(named, figure.axes, strict=True)
        if name[0] == kind
    }


def image(ax):
    [shown] = ax.get_images()
    return shown


def values(ax):
    return np.ma.filled(image(ax).get_array(), np.nan)


def text(ax):
    return ax.get_title(loc="left") or ax.get_title() or ax.get_title(loc="right")


# --- what is drawn -----------------------------------------------------------


def test_each_group_has_its_pattern_its_map_and_its_particle(clusters):
    figure = draw(plot_clusters(clusters))
    for number in range(3):
        for kind, signal in (
            ("mean", clusters.factors),
            ("map", clusters.loadings),
            ("particle", clusters.aligned_loadings),
        ):
            drawn = panels(figure, kind)
            if np.isnan(signal.data[number]).all():
                assert kind == "particle" and number not in drawn
            else:
                np.testing.assert_array_equal(
                    values(drawn[number]), signal.data[number]
                )
    assert list(panels(figure, "particle")) == [1, 2]


def test_members_are_as_they_were_and_the_heaviest_is_first(clusters):
    members = panels(plot_clusters(clusters), "member")
    assert sorted(members) == list(range(8))
    for k, ax in members.items():
        np.testing.assert_array_equal(values(ax), clusters.components.patterns[k])
    for number in range(3):
        drawn = [k for k in members if clusters.labels.data[k] == number]
        weights = clusters.components.weights[drawn]
        assert weights.tolist() == sorted(weights, reverse=True)
        assert clusters.member_rotation.data[drawn[0]] == 0


def test_members_say_their_number_and_their_turn(clusters):
    mirrored = clusters.member_mirrored.deepcopy()
    mirrored.data = np.arange(8) == 4
    rotation = clusters.member_rotation.deepcopy()
    rotation.data = np.array([0, -0.2, 89.6, -111, 180, 0.4, -1, 7.0])
    components = replace(clusters.components, indices=np.arange(8) + 20)
    clusters = replace(
        clusters,
        member_mirrored=mirrored,
        member_rotation=rotation,
        components=components,
    )
    # The components that are counted from 20 are the same as before.
    vars(components)["patterns"] = np.ones((8, *SHAPE))
    vars(components)["weights"] = np.ones(8)
    figure = plot_clusters(clusters)
    members = panels(figure, "member")
    turns = ["0°", "0°", "90°", "−111°", "180° m", "0°", "−1°", "7°"]
    for k, turn in enumerate(turns):
        assert text(members[k]) == f"$w_{{{20 + k}}}$ {turn}"
    assert any("m: mirrored" in written.get_text() for written in figure.texts)


def test_groups_have_their_colours_in_the_dendrogram(clusters):
    figure = plot_clusters(clusters)
    for number in range(3):
        ax = panels(figure, "mean")[number]
        [title] = [t for t in ax.findobj(Text) if t.get_text() == text(ax)]
        assert same_color(title.get_color(), colour(number))
    frames = {**panels(figure, "mean"), **panels(figure, "map")}
    for number, ax in frames.items():
        assert same_color(ax.spines["top"].get_edgecolor(), colour(number))
    for k, ax in panels(figure, "member").items():
        expected = colour(clusters.labels.data[k])
        assert same_color(ax.spines["top"].get_edgecolor(), expected)


def test_sizes_and_shares_of_groups_add_up(clusters):
    figure = plot_clusters(clusters)
    titles = [text(ax) for ax in panels(figure, "mean").values()]
    assert titles == ["0: 3 of 8", "1: 3 of 8", "2: 2 of 8"]
    shares = [float(text(ax).split()[0]) for ax in panels(figure, "map").values()]
    assert sum(shares) == pytest.approx(100, abs=0.5)
    totals = np.nansum(clusters.loadings.data, axis=(1, 2))
    np.testing.assert_allclose(shares, 100 * totals / totals.sum(), rtol=0.01)


def test_each_kind_has_one_scale_and_a_colour_bar(clusters):
    figure = draw(plot_clusters(clusters, factor_gamma=0.7, loading_gamma=1))
    kinds = {kind: panels(figure, kind) for kind in ("mean", "map", "particle")}
    patterns = [*kinds.pop("mean").values(), *panels(figure, "member").values()]
    for axes, gamma in [(patterns, 0.7), *((k.values(), 1) for k in kinds.values())]:
        norms = [image(ax).norm for ax in axes]
        assert {(n.vmin, n.vmax, n.gamma) for n in norms} == {
            (0, max(np.nanmax(values(ax)) for ax in axes), gamma)
        }
    bars = [ax for ax in figure.axes if ax.get_gid().startswith("bar")]
    labels = ["factor", "loading (sum)", "loading (mean particle)"]
    assert [ax.get_ylabel() for ax in bars] == labels


def test_images_are_to_scale_and_scale_bars_have_units(clusters):
    figure = draw(plot_clusters(clusters))
    first = [panels(figure, kind) for kind in ("mean", "map", "particle")]
    scale_bars = [[t.get_text() for t in ax.texts] for k in first for ax in k.values()]
    assert [bar for bar in scale_bars if bar] == [["5 1/nm"], ["10 nm"], ["10 nm"]]
    assert np.ptp(image(first[0][0]).get_extent()[:2]) == pytest.approx(16.5)
    assert np.ptp(image(first[1][0]).get_extent()[:2]) == pytest.approx(39)


def test_members_that_are_too_many_are_counted(many):
    figure = draw(plot_clusters(many))
    members = panels(figure, "member")
    written = [t.get_text() for t in figure.texts if t.get_text().startswith("+ ")]
    left_out = [int(t.split()[1]) for t in written]
    assert len(written) == 3
    assert len(members) + sum(left_out) == 40
    for number in range(3):
        drawn = [k for k in members if many.labels.data[k] == number]
        others = set(np.flatnonzero(many.labels.data == number)) - set(drawn)
        weights = many.components.weights
        assert weights[drawn].min() >= weights[list(others)].max()


@pytest.mark.parametrize("groups, numbers", [(2, [0, 1]), ([2, 0], [2, 0]), ([1], [1])])
def test_a_choice_of_groups(clusters, groups, numbers):
    figure = draw(plot_clusters(clusters, groups))
    assert list(panels(figure, "mean")) == list(panels(figure, "map")) == numbers
    for number in numbers:
        np.testing.assert_array_equal(
            values(panels(figure, "map")[number]), clusters.loadings.data[number]
        )
    drawn = {clusters.labels.data[k] for k in panels(figure, "member")}
    assert drawn == set(numbers)
    assert f"{len(numbers)} of 3 groups" in figure.get_suptitle()


@pytest.mark.parametrize("groups", [0, 4, [3], [-1], []])
def test_groups_that_are_not_there_are_refused(clusters, groups):
    with pytest.raises(IndexError, match="there are 3 groups"):
        plot_clusters(clusters, groups)


# --- all kinds of data -------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_nothing_overlaps_and_all_is_inside_the_figure(case):
    figure = draw(plot_clusters(CASES[case]()))
    boxes = [ax.get_window_extent() for ax in figure.axes]
    for k, one in enumerate(boxes):
        assert not any(one.padded(-1).overlaps(other) for other in boxes[:k])
    for written in figure.texts:
        extent = written.get_window_extent()
        assert not any(extent.overlaps(box) for box in boxes)
    whole = figure.get_tightbbox().transformed(figure.dpi_scale_trans)
    assert figure.bbox.padded(1).containsx(whole.x0)
    assert figure.bbox.padded(1).containsx(whole.x1)
    assert figure.bbox.padded(1).containsy(whole.y0)
    assert figure.bbox.padded(1).containsy(whole.y1)


def test_without_maps_there_are_patterns_only():
    figure = plot_clusters(CASES["no maps"]())
    assert {ax.get_gid().split()[0] for ax in figure.axes} == {"mean", "member", "bar"}


def test_line_scans_are_lines_on_one_scale():
    clusters = line_scan()
    figure = draw(plot_clusters(clusters))
    lines = panels(figure, "map")
    for number, ax in lines.items():
        drawn = ax.lines[0].get_ydata()
        np.testing.assert_array_equal(drawn, clusters.loadings.data[number])
    assert len({ax.get_ylim() for ax in lines.values()}) == 1
    assert [bool(ax.get_xlabel()) for ax in lines.values()] == [False, False, True]
    bars = [ax.get_gid() for ax in figure.axes if ax.get_gid().startswith("bar")]
    assert bars == ["bar mean"] and not panels(figure, "particle")


def test_a_series_of_maps_is_shown_as_their_mean():
    clusters = series()
    figure = plot_clusters(clusters)
    expected = clusters.loadings.data.mean(axis=1)
    for number, ax in panels(figure, "map").items():
        np.testing.assert_allclose(values(ax), expected[number])
    assert "mean over time" in figure.get_suptitle()


def test_masked_is_nan_in_the_images(clusters):
    shown = values(panels(plot_clusters(clusters), "mean")[0])
    assert np.isnan(shown[0, 0]) and np.isfinite(shown[16, 16])


# --- where it is drawn -------------------------------------------------------


@pytest.mark.filterwarnings("error:.*layout:UserWarning")
def test_it_is_drawn_where_it_is_told(clusters):
    whole = plt.figure(figsize=(20, 8), layout="constrained")
    left, right = whole.subfigures(1, 2)
    assert plot_clusters(clusters, figure=left) is left
    right.subplots()
    draw(whole)
    assert sum(len(panels(left, kind)) for kind in ("mean", "member")) == 11
    single = plt.figure(figsize=(11, 6), layout="constrained")
    assert plot_clusters(clusters, figure=single) is single
    draw(single)
    assert len(plt.get_fignums()) == 2


def test_it_is_the_same_after_saving_and_loading(tmp_path):
    spectrum = np.tensordot(maps(4).data, np.nan_to_num(factors(4).data), (0, 0))
    scan = ElectronDiffraction2D(np.random.default_rng(0).poisson(3e3 * spectrum))
    for axis in scan.axes_manager.signal_axes:
        axis.offset = -16
    scan.decomposition(
        algorithm="constrained_nmf",
        output_dimension=3,
        n_init=1,
        max_iter=4,
        random_state=0,
        print_info=False,
    )
    before = scan.cluster_diffraction(2, print_info=False)
    scan.save(tmp_path / "scan.hspy")
    after = get_clusters(hs.load(tmp_path / "scan.hspy"))
    one, other = (draw(plot_clusters(clusters)) for clusters in (before, after))
    assert [text(ax) for ax in one.axes] == [text(ax) for ax in other.axes]
    for ax, same in zip(one.axes, other.axes, strict=True):
        for shown, expected in zip(ax.get_images(), same.get_images(), strict=True):
            np.testing.assert_array_equal(shown.get_array(), expected.get_array())
