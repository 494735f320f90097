"""Columns of components: a row for each kind of map, named at its left."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hyperspy.signals import Signal2D

from hspy_cnmf.figures.columns import columns_of, map_stack


@pytest.fixture
def maps():
    """Three maps of two rows and five columns."""
    return Signal2D(np.arange(30.0).reshape(3, 2, 5))


def test_a_stack_has_the_maps_that_are_asked_for(maps):
    stack = map_stack(maps, [2, 0], "map")
    np.testing.assert_array_equal(stack.values, maps.data[[2, 0]])
    np.testing.assert_array_equal(map_stack(maps, None, "map").values, maps.data)
    one = map_stack(maps.inav[1], None, "map")
    np.testing.assert_array_equal(one.values, maps.data[1:2])


def test_rows_are_named_and_a_figure_that_is_given_is_used(maps):
    stacks = [map_stack(maps, None, name) for name in ("above", "below")]
    figure, axes = columns_of(None, "Name", stacks, 3)
    assert axes.shape == (2, 3)
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["above", "below"]
    width, height = figure.get_size_inches()
    assert width > height
    given = plt.figure()
    assert columns_of(given, "Name", stacks, 1)[0] is given


@pytest.mark.parametrize("shape", [(40, 6), (6, 40)], ids=["narrow", "wide"])
@pytest.mark.parametrize("n_columns", [3, 30])
def test_titles_do_not_meet_and_figures_are_no_wider_than_a_page(shape, n_columns):
    maps = Signal2D(np.random.default_rng(0).random((n_columns, *shape)))
    stacks = [map_stack(maps, None, name) for name in ("above", "below")]
    figure, axes = columns_of(None, "Name", stacks, n_columns)
    assert axes.shape == (2, n_columns) and len(figure.axes) == 2 * n_columns
    assert figure.get_size_inches()[0] < 15
    for k, ax in enumerate(axes[1]):
        stacks[1].draw(ax, k, scale_bar=k == 0, axis_labels=True)
        ax.set_title("0.983 of 0.997", fontsize="small")
    figure.draw_without_rendering()
    boxes = [ax.title.get_window_extent() for ax in axes[1]]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:k])
