"""The bridge to HyperSpy: arrays in the order of the axes, and signals of them."""

import numpy as np
import pytest

from hspy_cnmf._hyperspy import bridge


def test_data_are_aligned_with_navigation_first(make_scan):
    scan = make_scan((4, 5), (6, 3))
    assert bridge.shapes(scan) == ((4, 5), (6, 3))
    moved = scan.transpose(signal_axes=[0, 1])
    expected = np.transpose(scan.data, (2, 3, 0, 1))
    np.testing.assert_array_equal(bridge.aligned_data(moved), expected)
    assert bridge.shapes(moved) == ((6, 3), (4, 5))


@pytest.mark.parametrize("chunks", [None, (2, 2, 6, 3)])
def test_signals_of_arrays_keep_axes_and_class(make_scan, chunks):
    scan = make_scan((4, 5), (6, 3), "electron_diffraction", chunks=chunks)
    image = bridge.navigation_signal(scan, np.ones((4, 5)))
    assert bridge.shapes(image) == ((), (4, 5))
    pattern = bridge.pattern_signal(scan, np.ones((6, 3)))
    assert pattern.axes_manager.signal_axes[0].units == "1/nm"
    other = bridge.with_data(scan, 2 * bridge.aligned_data(scan))
    assert other is not scan and bridge.shapes(other) == bridge.shapes(scan)
    if chunks:
        bridge.make_eager(other, np.zeros((4, 5, 6, 3)))
        assert not other._lazy and type(other).__name__ == "ElectronDiffraction2D"


def test_the_preference_decides_where_nothing_is_said():
    assert bridge.wants_progressbar(None) is False  # as set for all tests
    assert bridge.wants_progressbar(True) is True
