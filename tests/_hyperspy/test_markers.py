"""Spots and particles as markers on the signals of groups."""

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hyperspy.signals import Signal2D
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf._hyperspy.markers import add, particle_markers, remove, spot_markers
from hspy_cnmf.maps.particles import PARTICLE
from hspy_cnmf.patterns.spots import SPOT

SHAPE = (24, 30)

#: Row and column of what is found in each group.
PLACES = ([(4, 5), (17, 20.5), (9.25, 3)], [], [(12, 14)])


def found(dtype, places=PLACES):
    """Return structured arrays, one for each group."""
    groups = []
    for group in places:
        array = np.zeros(len(group), dtype)
        for k, (row, column) in enumerate(group):
            array[k]["row"], array[k]["column"] = row, column
        groups.append(array)
    return groups


def spots(places=PLACES):
    return found(SPOT, places)


def particles(places=PLACES):
    groups = found(PARTICLE, places)
    for group in groups:
        group["diameter"] = 5 + np.arange(len(group))
        group["touches_edge"] = np.arange(len(group)) == 1
    return groups


def signal(signal_class=ElectronDiffraction2D, n=3, scales=(0.5, 0.5)):
    """Return black images whose axes do not begin at zero."""
    images = signal_class(np.zeros((n, *SHAPE)))
    for axis, scale, offset in zip(
        images.axes_manager.signal_axes, scales, (-3.0, 40.0), strict=True
    ):
        axis.scale, axis.offset, axis.units = scale, offset, "nm"
    return images


def drawn(images, index):
    """Plot a signal and return what it shows of its markers at an index."""
    if images._plot is None or not images._plot.is_active:
        images.plot(navigator=None, colorbar=False)
    if images.axes_manager.indices != (index,):
        images.axes_manager.indices = (index,)
    [collection] = images._plot.signal_plot.ax.collections
    return collection


def coloured_extent(collection):
    """Return left, right, top and bottom of red pixels, in units of the axes."""
    ax = collection.axes
    ax.figure.canvas.draw()
    shown = np.asarray(ax.figure.canvas.buffer_rgba()).astype(int)
    inside = ax.get_window_extent()
    is_red = (shown[..., 0] > 150) & (shown[..., 1] < 100) & (shown[..., 2] < 100)
    rows, columns = np.nonzero(is_red)
    # Pixels count from the top of the figure, matplotlib from the bottom.
    places = np.stack([columns + 0.5, len(shown) - rows - 0.5], axis=-1)
    within = inside.padded(-1).contains
    places = places[[within(*place) for place in places]]
    x, y = ax.transData.inverted().transform(places).T
    return x.min(), x.max(), y.min(), y.max()


# --- where they are ----------------------------------------------------------


@pytest.mark.parametrize(
    "make, groups", [(spot_markers, spots), (particle_markers, particles)]
)
def test_places_are_in_the_units_of_the_axes_and_follow_the_index(make, groups):
    images = signal(scales=(0.5, 0.25))
    add(images, make(images, groups()), "found")
    for index, places in enumerate(PLACES):
        rows, columns = np.reshape(places, (-1, 2)).T
        expected = np.stack([-3 + 0.5 * columns, 40 + 0.25 * rows], axis=-1)
        offsets = np.reshape(drawn(images, index).get_offsets(), (-1, 2))
        np.testing.assert_allclose(offsets, expected)


def test_a_spot_is_ringed_where_it_is_seen():
    images = signal()
    add(images, spot_markers(images, spots()), "spots")
    left, right, top, bottom = coloured_extent(drawn(images, 2))
    row, column = PLACES[2][0]
    assert (left + right) / 2 == pytest.approx(-3 + 0.5 * column, abs=0.1)
    assert (top + bottom) / 2 == pytest.approx(40 + 0.5 * row, abs=0.1)
    assert drawn(images, 2).get_facecolor().size == 0


@pytest.mark.parametrize("scales", [(0.5, 0.5), (0.5, 1.0)])
def test_a_circle_is_as_large_as_the_particle_along_both_axes(scales):
    images = signal(Signal2D, scales=scales)
    add(images, particle_markers(images, particles()), "particles")
    left, right, top, bottom = coloured_extent(drawn(images, 2))
    row, column = PLACES[2][0]
    expected = -3 + scales[0] * column + np.array([-2.5, 2.5])
    # The line is about a tenth of a unit wide.
    np.testing.assert_allclose([left, right], expected, atol=0.15)
    expected = 40 + scales[1] * row + np.array([-2.5, 2.5])
    np.testing.assert_allclose([top, bottom], expected, atol=0.15 * scales[1] / 0.5)


def test_cut_particles_have_another_colour():
    images = signal(Signal2D)
    add(images, particle_markers(images, particles(), "red", "blue"), "particles")
    colours = drawn(images, 0).get_edgecolor()[:, :3]
    assert colours.tolist() == [[1, 0, 0], [0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("places", [[[(3, 4)]], [[]], [[], []], [[(1, 2)], [(3, 4)]]])
def test_groups_of_equal_numbers_or_of_nothing(places):
    images = signal(n=len(places))
    add(images, particle_markers(images, particles(places)), "particles")
    for index, group in enumerate(places):
        assert len(drawn(images, index).get_offsets()) == len(group)


@pytest.mark.parametrize("make", [spot_markers, particle_markers])
def test_one_array_for_each_group_is_needed(make):
    with pytest.raises(ValueError, match="one array for each group"):
        make(signal(n=4), particles())


# --- adding ------------------------------------------------------------------


def test_adding_opens_no_figure_and_adding_again_replaces():
    images = signal()
    add(images, hs.plot.markers.Points(offsets=[[1, 1]]), "mine")
    add(images, spot_markers(images, spots()), "spots")
    changed = spot_markers(images, spots([[(1, 1)]] * 3))
    add(images, changed, "spots")
    assert plt.get_fignums() == []
    assert sorted(images.metadata.Markers.keys()) == ["mine", "spots"]
    assert images.metadata.Markers.spots is changed


def test_markers_of_a_plotted_signal_are_replaced_in_its_figure():
    images = signal()
    add(images, spot_markers(images, spots()), "spots")
    assert len(drawn(images, 0).get_offsets()) == 3
    add(images, spot_markers(images, spots([[(1, 1)]] * 3)), "spots")
    assert len(drawn(images, 0).get_offsets()) == 1
    n_figures = len(plt.get_fignums())
    images._plot.close()
    add(images, spot_markers(images, spots()), "spots")
    assert plt.get_fignums() == [] and n_figures > 0
    assert len(drawn(images, 0).get_offsets()) == 3


def test_markers_that_the_open_figure_does_not_show_are_replaced_too():
    images = signal()
    add(images, spot_markers(images, spots()), "spots")
    images.plot(plot_markers=False)
    add(images, spot_markers(images, spots([[(1, 1)]] * 3)), "spots")
    assert len(drawn(images, 0).get_offsets()) == 1


def test_markers_are_removed_by_name():
    images = signal()
    remove(images, "spots")
    add(images, spot_markers(images, spots()), "group spots")
    drawn(images, 0)
    remove(images, "spots")
    assert images.metadata.Markers.keys()
    remove(images, "group spots")
    assert not images.metadata.Markers.keys()
    assert not images._plot.signal_plot.ax.collections
    images._plot.close()
    images.plot()


# --- files and copies --------------------------------------------------------


def marked():
    """Return patterns and maps with their markers."""
    patterns, maps = signal(), signal(Signal2D)
    add(patterns, spot_markers(patterns, spots()), "found")
    add(maps, particle_markers(maps, particles()), "found")
    return {"factors": patterns, "loadings": maps}


def appearance(images, index):
    collection = drawn(images, index)
    properties = (
        collection.get_offsets(),
        collection.get_sizes(),
        collection.get_edgecolor(),
    )
    return [np.asarray(values).tolist() for values in properties]


def assert_same_markers(images, expected):
    assert images.metadata.Markers.keys() == ["found"]
    pairs = zip(
        *(
            signal.metadata.Markers.found.kwargs["offsets"]
            for signal in (images, expected)
        ),
        strict=True,
    )
    for one, other in pairs:
        np.testing.assert_array_equal(one, other)
    assert appearance(images, 2) == appearance(expected, 2)


@pytest.mark.parametrize("name", ["factors", "loadings"])
@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_markers_are_saved_with_their_signal(tmp_path, extension, name):
    images = marked()[name]
    images.save(tmp_path / f"groups.{extension}")
    loaded = hs.load(tmp_path / f"groups.{extension}")
    assert_same_markers(loaded, images)
    replacement = spot_markers(loaded, spots([[(1, 1)]] * 3))
    add(loaded, replacement, "found")
    assert loaded.metadata.Markers.keys() == ["found"]


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_markers_are_saved_in_the_metadata_of_another_signal(tmp_path, extension, lazy):
    scan = ElectronDiffraction2D(np.zeros((2, 3, 4, 4)))
    signals = marked()
    scan.metadata.set_item("Diffraction_clusters", signals)
    scan.save(tmp_path / f"scan.{extension}")
    loaded = hs.load(tmp_path / f"scan.{extension}", lazy=lazy)
    for name, expected in signals.items():
        images = loaded.metadata.Diffraction_clusters.get_item(name)
        assert_same_markers(images, expected)


def test_copies_and_single_groups_keep_their_markers():
    images = marked()["loadings"]
    assert_same_markers(images.deepcopy(), images)
    images.axes_manager.indices = (2,)
    current = images.get_current_signal()
    current.plot()
    [collection] = current._plot.signal_plot.ax.collections
    assert np.asarray(collection.get_offsets()).tolist() == appearance(images, 2)[0]


def test_a_slice_of_groups_can_be_plotted_without_markers():
    marked()["factors"].inav[1].plot(plot_markers=False)
