"""Arrays as signals: their values, axes and titles."""

import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf._hyperspy.wrap import (
    curves,
    list_of,
    maps_like,
    matrix_of_components,
    numbers_of_components,
    patterns_like,
    stack_like,
)


def test_maps_and_patterns_have_the_axes_of_the_signal(make_scan):
    scan = make_scan((4, 5), (6, 3), "electron_diffraction")
    scan.metadata.General.title = "Silver"
    rng = np.random.default_rng(0)
    stack = rng.random((2, 4, 5))
    maps = maps_like(scan, stack, "component", "Maps")
    np.testing.assert_array_equal(maps.data, stack)
    for ours, theirs in zip(
        maps.axes_manager.signal_axes, scan.axes_manager.navigation_axes, strict=True
    ):
        assert (ours.name, ours.scale, ours.units) == (
            theirs.name,
            theirs.scale,
            theirs.units,
        )
    patterns = patterns_like(scan, rng.random((2, 6, 3)), "component", "Means")
    assert type(patterns) is type(scan)
    assert patterns.metadata.General.title == "Means of Silver"
    assert patterns.axes_manager.signal_axes[0].units == "1/nm"


@pytest.mark.parametrize("numbers", [[3], [2, 3, 4], [2, 5, 9]])
def test_curves_know_their_numbers(numbers):
    signal = curves(np.arange(len(numbers)), np.array(numbers), "Error", "Silver")
    np.testing.assert_array_equal(numbers_of_components(signal), numbers)
    assert signal.metadata.General.title == "Error of Silver"


def test_a_stack_goes_on_as_what_it_came_from():
    given = hs.signals.Signal2D(np.zeros((5, 3, 4)))
    given.axes_manager.signal_axes[0].scale = 0.5
    found = stack_like(given, np.ones((2, 3, 4)), "group", "Means")
    assert found.data.shape == (2, 3, 4) and given.data.shape == (5, 3, 4)
    assert found.axes_manager.signal_axes[0].scale == 0.5
    assert found.axes_manager.navigation_axes[0].name == "group"


def test_lists_and_matrices_count_components():
    assert list_of([1, 2, 3], "component", "Groups").axes_manager.signal_shape == (3,)
    matrix = matrix_of_components(np.arange(9).reshape(3, 3), "Similarity")
    assert matrix.data[1, 2] == 5
    names = [axis.name for axis in matrix.axes_manager.signal_axes[::-1]]
    assert names == ["first component", "second component"]
