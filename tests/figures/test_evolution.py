"""A figure of how components evolve over a series."""

from types import SimpleNamespace

import numpy as np

from hspy_cnmf.figures.evolution import plot_evolution


def test_each_component_with_values_has_a_line():
    values = np.array([[0.9, 0.8], [0.1, 0.2]])
    unknown = np.full((2, 2), np.nan)
    unknown[1] = 7.0
    arrays = {
        "share_of_counts": (values, values / 10),
        "number_density": (unknown, unknown / 10),
        "diameter": (unknown, unknown / 10),
    }
    evolution = SimpleNamespace(
        scans=["0 h_$", "2 h"],
        arrays=arrays.__getitem__,
        unit=lambda quantity: "nm",
    )
    axes = plot_evolution(evolution).axes
    assert [len(ax.containers) for ax in axes] == [2, 1, 1]
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["0 h_$", "2 h"]
