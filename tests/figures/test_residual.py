"""Figures of what a decomposition leaves unexplained."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from hspy_cnmf.figures.residual import plot_residual
from hspy_cnmf.verification import Residual

PARAMETERS = {"significance": 0.01, "n_positions": 48, "noise": "poisson"}


def residual(scan, places=((1, 2), (4, 0))):
    """Return a residual in which some positions are flagged, one masked."""
    navigation = scan.data.shape[: scan.axes_manager.navigation_dimension]
    rng = np.random.default_rng(0)
    chi_square = rng.uniform(0.9, 1.1, navigation)
    probability = rng.uniform(0.02, 1, navigation)
    flagged = np.zeros(navigation, bool)
    for place in places:
        flagged[place], probability[place], chi_square[place] = True, 1e-4, 3
    chi_square.flat[-1] = probability.flat[-1] = np.nan
    patterns = rng.normal(0, 2, (2, *scan.data.shape[len(navigation) :]))
    maps = [chi_square, probability, flagged]
    return Residual.from_arrays(scan, maps, patterns, PARAMETERS)


def test_flagged_positions_are_circled_where_they_lie(make_scan):
    scan = make_scan()
    for axis, offset in zip(scan.axes_manager.navigation_axes, (10, -3), strict=True):
        axis.scale, axis.offset = 0.5, offset
    found = residual(scan)
    image, pattern, histogram = plot_residual(found).axes[:3]
    circles = np.asarray(image.collections[0].get_offsets())
    np.testing.assert_allclose(sorted(map(tuple, circles)), [(10, -1), (11, -2.5)])
    assert image.get_title() == "2 flagged, 0.48 by chance"
    np.testing.assert_array_equal(
        np.ma.filled(image.images[0].get_array(), np.nan), found.chi_square.data
    )
    limits = pattern.images[0].norm
    assert limits.vmin == -limits.vmax
    counts = [patch.get_height() for patch in histogram.patches]
    assert sum(counts) == 47
    assert set(histogram.lines[0].get_ydata()) == {47 / len(counts)}
    assert f"{np.nanmean(found.chi_square.data):.4f}" in histogram.get_title()


@pytest.mark.parametrize(
    ("navigation", "signal", "places"),
    [
        ((30,), (60,), ((3,), (7,))),
        ((1, 30), (12, 10), ((0, 3), (0, 7))),
        ((30, 1), (12, 10), ((3, 0), (7, 0))),
        ((3, 5, 6), (12, 10), ((1, 2, 3),)),
    ],
    ids=["lines", "rows", "columns", "volumes"],
)
def test_other_numbers_of_axes_are_drawn(make_scan, navigation, signal, places):
    figure = plt.figure()
    found = residual(make_scan(navigation, signal), places)
    assert plot_residual(found, figure) is figure
    axes = figure.axes
    assert axes[0].get_title().startswith(f"{len(places)} flagged")
    if 30 in navigation:
        dots = next(line for line in axes[0].lines if line.get_color() == "red")
        assert dots.get_xdata().tolist() == [3, 7]
        np.testing.assert_array_equal(dots.get_ydata(), [3, 3])
