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
