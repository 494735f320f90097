"""Dendrograms: making and cutting trees, in files and out of them."""

import subprocess
import sys

import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyxem.signals import ElectronDiffraction2D
from scipy.cluster.hierarchy import fcluster

from hspy_cnmf.signals import Dendrogram, LazyDendrogram
from tests.helpers.trees import INVERTED, collection, drawn, full, linkages, patterns

LAW = settings(max_examples=50, deadline=None)


def partition(labels):
    return {frozenset(np.flatnonzero(labels == k)) for k in set(labels)}


# --- cutting -----------------------------------------------------------------


@LAW
@given(linkages(lowest=-0.1), st.data())
def test_any_tree_is_cut_into_any_number_of_groups(linkage, data):
    n = len(linkage) + 1
    n_clusters = data.draw(st.integers(1, n))
    labels = Dendrogram(linkage).cut(n_clusters=n_clusters)
    assert labels.shape == (n,)
    assert np.issubdtype(labels.dtype, np.integer)
    # Numbers go up by one where a group first appears.
    _, first = np.unique(labels, return_index=True)
    assert set(labels) == set(range(n_clusters))
    assert (np.diff(first) > 0).all()
    # One more cut splits one group and leaves the others.
    if n_clusters < n:
        finer = partition(Dendrogram(linkage).cut(n_clusters + 1))
        assert len(partition(labels) & finer) == n_clusters - 1


@LAW
@given(linkages(), st.floats(-0.5, 2.5).map(lambda t: round(t, 1)))
def test_thresholds_are_those_of_scipy(linkage, threshold):
    labels = Dendrogram(linkage).cut(distance_threshold=threshold)
    expected = fcluster(linkage, threshold, criterion="distance")
    assert partition(labels) == partition(expected)


@LAW
@given(linkages(lowest=-0.1))
def test_groups_of_a_threshold_hold_no_merge_above_it(linkage):
    tree = Dendrogram(linkage)
    heights = linkage[:, 2]
    assert tree.cut(distance_threshold=heights.max()).max() == 0
    below = np.nextafter(heights.min(), -np.inf)
    assert tree.cut(distance_threshold=below).max() == len(heights)


@LAW
@given(linkages(monotonic=True), st.data())
def test_both_cuts_agree_where_heights_increase(linkage, data):
    n_kept = data.draw(st.integers(1, len(linkage) - 1)) if len(linkage) > 1 else 1
    heights = linkage[:, 2]
    assume(n_kept == len(heights) or heights[n_kept - 1] < heights[n_kept])
    tree = Dendrogram(linkage)
    np.testing.assert_array_equal(
        tree.cut(n_clusters=len(linkage) + 1 - n_kept),
        tree.cut(distance_threshold=heights[n_kept - 1]),
    )


@LAW
@given(linkages(), st.data())
def test_the_order_of_the_two_that_merge_does_not_matter(linkage, data):
    n = len(linkage)
    rows = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    swapped = linkage.copy()
    swapped[rows, :2] = linkage[rows, 1::-1]
    one, other = Dendrogram(linkage), Dendrogram(swapped)
    for cut in ({"n_clusters": 2}, {"distance_threshold": 0.5}):
        np.testing.assert_array_equal(one.cut(**cut), other.cut(**cut))


def test_a_merge_below_an_inversion_does_not_hold_its_group_together():
    tree = Dendrogram(INVERTED)
    assert tree.cut(n_clusters=2).tolist() == [0, 0, 1, 0]
    # The last merge is at 0.4, but holds one at 0.6.
    assert tree.cut(distance_threshold=0.5).tolist() == [0, 1, 2, 1]
    assert tree.cut(distance_threshold=0.6).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "cut, message",
    [
        ({}, "Give n_clusters or distance_threshold"),
        ({"n_clusters": 2, "distance_threshold": 0.5}, "only one"),
        ({"n_clusters": 0}, "n_clusters=0: .* from 1 to 4"),
        ({"n_clusters": 5}, "n_clusters=5: .* from 1 to 4"),
        ({"n_clusters": 2.0}, "n_clusters=2.0: .* whole"),
        ({"distance_threshold": np.nan}, "distance_threshold=nan"),
        ({"distance_threshold": "low"}, "distance_threshold='low'"),
    ],
)
def test_cuts_that_are_not_there_are_refused(cut, message):
    with pytest.raises(ValueError, match=message):
        Dendrogram(INVERTED).cut(**cut)
    if cut:
        with pytest.raises(ValueError, match=message):
            Dendrogram.from_linkage(INVERTED, **cut)
        with pytest.raises(ValueError, match=message):
            Dendrogram(INVERTED).plot(**cut)


# --- making ------------------------------------------------------------------


def changed(row, column, value):
    linkage = INVERTED.copy()
    linkage[row, column] = value
    return linkage


@pytest.mark.parametrize(
    "linkage, message",
    [
        (INVERTED[:, :3], r"shape \(3, 3\)"),
        (INVERTED.T, r"shape \(4, 3\)"),
        (np.empty((0, 4)), r"shape \(0, 4\)"),
        (changed(1, 2, np.nan), "Row 1, column 2 .* nan"),
        (changed(0, 1, 0.5), r"Row 0 .* cluster 0.5: .* 0 to 3"),
        (changed(0, 1, -1), r"Row 0 .* cluster -1: .* 0 to 3"),
        (changed(0, 1, 4), r"Row 0 .* cluster 4: .* 0 to 3"),
        (changed(1, 0, 3), "Row 1 .* cluster 3: .* part of another"),
        (changed(1, 0, 4), "Row 1 .* cluster 4: .* part of another"),
        (changed(2, 3, 5), "Row 2 .* 5 components: .* 4 together"),
    ],
)
def test_what_is_no_linkage_matrix_is_refused(linkage, message):
    with pytest.raises(ValueError, match=message):
        Dendrogram.from_linkage(linkage)
    with pytest.raises(ValueError, match=message):
        Dendrogram(linkage).cut(n_clusters=2)
    with pytest.raises(ValueError, match=message):
        Dendrogram(linkage).plot()


def test_input_of_another_dimension_is_refused():
    with pytest.raises(ValueError, match=r"shape \(4,\)"):
        Dendrogram.from_linkage(INVERTED[0])


def test_axes_and_title():
    tree = Dendrogram.from_linkage(INVERTED, title="silver")
    assert [axis.name for axis in tree.axes_manager.signal_axes] == ["column", "merge"]
    assert tree.axes_manager["merge"].axis.tolist() == [1, 2, 3]
    assert str(tree) == "<Dendrogram, title: silver, dimensions: (|4, 3)>"
    assert str(Dendrogram(INVERTED)) == "<Dendrogram, title: , dimensions: (|4, 3)>"
    assert tree.labels is None and tree.patterns is None
    assert tree.names == ["$w_{0}$", "$w_{1}$", "$w_{2}$", "$w_{3}$"]


def test_input_is_copied():
    given_patterns = patterns(2)
    linkage = INVERTED.copy()
    tree = Dendrogram.from_linkage(linkage, n_clusters=2, patterns=given_patterns)
    linkage[:] = given_patterns.data[:] = 0
    np.testing.assert_array_equal(tree.linkage, INVERTED)
    np.testing.assert_array_equal(tree.patterns.data, patterns(2).data)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"names": ["a", "b"]}, "2 names for 4 components"),
        ({"patterns": patterns(2)}, "give n_clusters or distance_threshold"),
        ({"patterns": patterns(3), "n_clusters": 2}, "3 patterns for 2 groups"),
        ({"patterns": np.ones((2, 5, 5)), "n_clusters": 2}, "ndarray: give a signal"),
    ],
)
def test_names_and_patterns_are_as_many_as_there_are(arguments, message):
    with pytest.raises(ValueError, match=message):
        Dendrogram.from_linkage(INVERTED, **arguments)


def test_results_of_arithmetic_that_are_no_trees_are_other_signals():
    tree = Dendrogram.from_linkage(INVERTED)
    assert type(tree.sum("column")) is hs.signals.Signal1D
    assert type(tree.as_signal1D("merge")) is hs.signals.Signal1D
    with pytest.raises(ValueError, match=r"shape \(3, 3\)"):
        tree.isig[:3].plot()


# --- files and classes -------------------------------------------------------


@pytest.mark.parametrize("lazy", [False, True], ids=["eager", "lazy"])
@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_files_keep_everything(tmp_path, extension, lazy):
    tree = full()
    tree.save(tmp_path / f"tree.{extension}")
    loaded = hs.load(tmp_path / f"tree.{extension}", lazy=lazy)
    assert type(loaded) is (LazyDendrogram if lazy else Dendrogram)
    assert type(loaded.patterns) is ElectronDiffraction2D
    assert loaded.patterns.axes_manager[-1].units == "1/nm"
    np.testing.assert_array_equal(loaded.labels, tree.cut(n_clusters=3))
    np.testing.assert_array_equal(loaded.linkage, tree.data)
    assert drawn(loaded.plot()) == drawn(tree.plot())
    # and once more, now from what was loaded
    loaded.save(tmp_path / f"again.{extension}")
    again = hs.load(tmp_path / f"again.{extension}")
    assert drawn(again.plot()) == drawn(tree.plot())


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_the_threshold_is_kept(tmp_path, extension):
    tree = Dendrogram.from_linkage(INVERTED, distance_threshold=0.5)
    tree.save(tmp_path / f"tree.{extension}")
    loaded = hs.load(tmp_path / f"tree.{extension}")
    assert loaded.labels.tolist() == [0, 1, 2, 1]
    assert collection(loaded.plot(), "cut").get_xdata() == [0.5, 0.5]


def test_python_that_has_not_imported_the_package_loads_the_class(tmp_path):
    tree = full()
    scan = ElectronDiffraction2D(np.ones((2, 3, 4, 5)))
    scan.metadata.set_item("Clustering.dendrogram", tree)
    for extension in ("hspy", "zspy"):
        tree.save(tmp_path / f"tree.{extension}")
        scan.save(tmp_path / f"scan.{extension}")
    code = """
import sys
import hyperspy.api as hs

assert "hspy_cnmf" not in sys.modules
for file in ("scan.zspy", "scan.hspy", "tree.hspy", "tree.zspy"):
    for lazy in (False, True):
        tree = hs.load(file, lazy=lazy)
        if file.startswith("scan"):
            tree = tree.metadata.Clustering.dendrogram
        print(type(tree).__name__, type(tree.patterns).__name__, tree.labels.max())
"""
    command = [sys.executable, "-W", "ignore", "-c", code]
    output = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    # What is kept in the metadata of a signal is loaded into memory with it.
    eager, lazy = (
        f"{n} ElectronDiffraction2D 2" for n in ("Dendrogram", "LazyDendrogram")
    )
    assert output.stdout.splitlines() == [eager] * 4 + [eager, lazy] * 2


def test_the_signal_type_is_known(capsys):
    hs.print_known_signal_types()
    [line] = [
        line for line in capsys.readouterr().out.split("\n") if " dendrogram " in line
    ]
    assert "Dendrogram" in line and "hspy_cnmf" in line
    signal = hs.signals.Signal2D(INVERTED)
    signal.set_signal_type("dendrogram")
    assert type(signal) is Dendrogram


def test_lazy_trees_are_trees():
    tree = full()
    lazy = tree.as_lazy()
    assert type(lazy) is LazyDendrogram
    assert type(lazy.deepcopy()) is LazyDendrogram
    np.testing.assert_array_equal(lazy.cut(n_clusters=4), tree.cut(n_clusters=4))
    assert drawn(lazy.plot()) == drawn(tree.plot())
    lazy.compute()
    assert type(lazy) is type(tree.deepcopy()) is Dendrogram
    assert drawn(lazy.plot()) == drawn(tree.deepcopy().plot()) == drawn(tree.plot())


def test_lazy_patterns_are_kept_in_memory():
    tree = Dendrogram.from_linkage(
        INVERTED, n_clusters=2, patterns=patterns(2).as_lazy()
    )
    assert type(tree.patterns) is ElectronDiffraction2D


@pytest.mark.parametrize("use", ["names", "labels", "tree", "plot"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("names", "{"), ("names", 3), ("names", "{}"), ("distance_threshold", "x")],
)
def test_damaged_metadata_are_told_in_words(name, value, use):
    dendrogram = Dendrogram.from_linkage(INVERTED, n_clusters=2, names=list("abcd"))
    if name == "distance_threshold":
        del dendrogram.metadata.Dendrogram.n_clusters
    dendrogram.metadata.set_item(f"Dendrogram.{name}", value)
    if use == "labels" and name == "names":
        assert len(dendrogram.labels) == 4
        return
    if use == "names" and name != "names":
        assert dendrogram.names == list("abcd")
        return
    with pytest.raises(ValueError, match=r"damaged: .*Delete it there"):
        found = getattr(dendrogram, use)
        found() if callable(found) else None
