"""A figure of how much of each phase there is, of scans beside each other."""

import numpy as np
import pytest

from hspy_cnmf import compare_amounts, plot_amounts
from hspy_cnmf.tables import Table

NAMES = ["alpha-Fe", "50 %_$"]


def densities(factor=1.0):
    values = factor * np.array([0.2, 0.1])
    return Table.from_columns(
        phase=NAMES, number_density=values, uncertainty=values / 4, unit=["1/nm^2"] * 2
    )


def sizes():
    low = np.tile([0.0, 2.0, 4.0], 2)
    values = np.arange(6) / 10
    return Table.from_columns(
        phase=np.repeat(NAMES, 3), low=low, high=low + 2, number_density=values,
        uncertainty=values / 4, unit=["nm"] * 6, density_unit=["1/nm^2"] * 6,
    )  # fmt: skip


def test_scans_have_bars_beside_each_other_with_their_errors():
    both = compare_amounts({"as cast": densities(), "annealed": densities(2.0)})
    (ax,) = plot_amounts(both).axes
    bars = [box for box in ax.containers if len(box) == 2 and hasattr(box, "patches")]
    heights = [[bar.get_height() for bar in box] for box in bars]
    np.testing.assert_allclose(heights, [[0.2, 0.1], [0.4, 0.2]])
    places = np.array([[bar.get_x() for bar in box] for box in bars])
    assert (places[0] < places[1]).all()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "as cast",
        "annealed",
    ]
    assert ax.get_ylabel() == "particles per area (1/nm^2)"


def test_sizes_have_an_axes_for_each_phase():
    axes = plot_amounts(sizes()).axes
    assert [ax.get_title() for ax in axes] == NAMES
    for ax, expected in zip(axes, np.arange(6).reshape(2, 3) / 10, strict=True):
        (steps,) = ax.patches
        values, edges, _ = steps.get_data()
        np.testing.assert_array_equal(values, expected)
        np.testing.assert_array_equal(edges, [0, 2, 4, 6])


@pytest.mark.parametrize("value", [None, np.ones(3), Table.from_columns(phase=["a"])])
def test_other_tables_are_refused(value):
    with pytest.raises(TypeError, match="table must be what"):
        plot_amounts(value)
