"""Panels: one scale for all, round ticks, and means over what cannot be drawn."""

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.figures.panels import Stack, thinned

LOOK = {"gammas": (1, 0.5), "colormap": "viridis", "label": "loading"}


def make_stack(values):
    signal = hs.signals.BaseSignal(values)
    return Stack.from_array(values, signal.axes_manager.signal_axes[::-1][1:], **LOOK)


@given(st.floats(1e-6, 1e9), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_ticks_are_round_and_within_the_scale(size, seed):
    values = size * np.random.default_rng(seed).random((3, 5, 6))
    values[0, 0, 0] = np.nan
    stack = make_stack(values)
    assert stack.is_image and stack.gamma == 0.5
    low, high = stack.limits
    assert low == 0 and high == np.nanmax(values)
    assert stack.ticks == sorted(stack.ticks) and stack.ticks[-1] <= 1.001 * high
    for tick in stack.ticks[1:]:
        assert f"{tick:.0e}"[0] in "125"


@pytest.mark.parametrize(("lowest", "start"), [(-0.05, 0), (-0.5, -0.5)])
def test_what_turning_leaves_below_zero_has_no_share_of_the_scale(lowest, start):
    values = np.linspace(lowest, 1, 30).reshape(1, 5, 6)
    assert make_stack(values).limits == (start, 1)
    assert make_stack(values[:, 0]).limits[0] == lowest


def test_outer_axes_are_averaged_over_and_it_is_said():
    values = np.random.default_rng(0).random((2, 4, 5, 6))
    stack = make_stack(values)
    np.testing.assert_allclose(stack.values, values.mean(axis=1))
    assert stack.note.startswith("mean over")
    line = make_stack(values[:, 0, 0])
    assert not line.is_image and line.gamma == 1 and line.aspect == 2


def test_large_images_are_drawn_as_means_of_what_is_known():
    values = np.random.default_rng(0).random((2, 1100, 30))
    assert np.shares_memory(make_stack(values[:, :1000]).values, values)
    values[0, :10], values[1, 4, 4] = np.nan, np.nan
    drawn = make_stack(values).values
    assert drawn.shape == (2, 512, 30)
    edges = np.arange(513) * 1100 // 512
    assert np.isnan(drawn[0, : np.searchsorted(edges, 10) - 1]).all()
    np.testing.assert_allclose(drawn[1, 2, 4], np.nanmean(values[1, 4:6, 4]))
    np.testing.assert_allclose(
        np.diff(edges) @ drawn[1][:, 5:], values[1].sum(axis=0)[5:]
    )


def test_large_images_of_labels_are_thinned():
    labels = np.random.default_rng(0).integers(0, 5, (1024, 7))
    np.testing.assert_array_equal(thinned(labels), labels[::2])
    np.testing.assert_array_equal(thinned(labels[:, 0]), labels[:, 0])


@pytest.mark.parametrize("shape", [(3, 1, 8), (3, 8, 1)], ids=["a row", "a column"])
def test_an_image_of_one_row_or_column_is_a_line(shape):
    values = np.random.default_rng(0).random(shape)
    line = make_stack(values)
    assert not line.is_image and line.axes[0].size == 8
    np.testing.assert_array_equal(line.values, values.reshape(3, 8))
    assert make_stack(values[:, :1, :1]).is_image  # a single position is no line


@pytest.mark.parametrize(("colormap", "ink"), [("RdBu_r", "black"), ("magma", "white")])
def test_scale_bars_are_seen_on_light_images_too(colormap, ink):
    signal = hs.signals.Signal2D(np.ones((1, 5, 6)))
    stack = Stack.from_signal(signal, **LOOK | {"colormap": colormap})
    ax = plt.figure().add_subplot()
    stack.draw(ax, 0, scale_bar=True, axis_labels=False)
    assert ax.texts[0].get_color() == ax.lines[0].get_color() == ink
