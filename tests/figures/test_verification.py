"""Figures of checks of components, and of their fractions."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hyperspy.signals import Signal2D

from hspy_cnmf.figures.verification import plot_check, plot_fractions
from hspy_cnmf.tables import Table
from hspy_cnmf.verification import ComponentCheck, ComponentFractions

MAPS = np.random.default_rng(0).random((4, 5, 6)) + 0.1
MAPS[3] = 0  # an empty component


def check():
    """Return a check of which the second component is to be looked at again."""
    table = Table.from_columns(
        component=np.arange(4),
        correlation=[0.99, 0.5, 0.97, np.nan],
        possible_correlation=[0.995, 0.98, 0.97, np.nan],
        look_again=[False, True, False, False],
        reason=["", "not seen", "", ""],
    )
    return ComponentCheck(Signal2D(0.9 * MAPS), Signal2D(MAPS), table, {})


def fractions():
    shares = MAPS / MAPS.sum(axis=0)
    n_present = Signal2D((shares > 0.2).sum(axis=0).astype(float))
    return ComponentFractions(
        Signal2D(shares), Signal2D(0.1 * shares), n_present, {"significance": 0.01}
    )


def drawn(ax):
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def test_maps_and_images_share_a_scale_and_what_is_doubtful_is_red():
    figure = plot_check(check())
    axes = figure.axes[:6]  # the empty component is left out
    for k, (above, below) in enumerate(zip(axes[:3], axes[3:], strict=True)):
        np.testing.assert_allclose(drawn(above), MAPS[k])
        np.testing.assert_allclose(drawn(below), 0.9 * MAPS[k])
        limits = [ax.images[0].get_clim() for ax in (above, below)]
        assert limits[0] == limits[1] == (MAPS[k].min(), MAPS[k].max())
        assert above.get_title() == f"$h_{{{k}}}$"
        assert above.title.get_color() == ("red" if k == 1 else "black")
    assert axes[4].get_title() == "0.500 of 0.980"
    assert "3 of 4 components found" in figure.get_suptitle()


def test_fractions_lie_above_their_uncertainties():
    found = fractions()
    figure = plot_fractions(found)
    titles = {ax.get_title(): ax for ax in figure.axes if ax.get_title()}
    assert list(titles) == ["component 0", "component 1", "component 2", "surely there"]
    for k in range(3):
        shown = titles[f"component {k}"]
        np.testing.assert_allclose(drawn(shown), found.fractions.data[k])
        assert shown.images[0].get_clim() == (0, found.fractions.data[k].max())
    np.testing.assert_array_equal(drawn(titles["surely there"]), found.n_present.data)
    labels = [ax.get_ylabel() for ax in figure.axes]
    assert "fraction" in labels and "uncertainty" in labels


@pytest.mark.parametrize(
    ("plot", "result", "title"),
    [
        (plot_check, check(), "$h_{{{}}}$"),
        (plot_fractions, fractions(), "component {}"),
    ],
)
def test_those_asked_for_are_drawn_in_order_and_others_refused(plot, result, title):
    figure = plt.figure()
    assert plot(result, [2, 0], figure) is figure
    titles = [ax.get_title() for ax in figure.axes[:2]]
    assert titles == [title.format(2), title.format(0)]
    with pytest.raises(IndexError):
        plot(result, [4])
