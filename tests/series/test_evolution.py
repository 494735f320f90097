"""How what several scans show evolves, as a result that is kept."""

import numpy as np
import pytest

from hspy_cnmf.series.evolution import QUANTITIES, Evolution
from hspy_cnmf.tables import Table


def evolution_of(shares, densities, error=0.1, notes=()):
    """Return the evolution of components, shape (n, n_scans) both."""
    values = np.stack([shares, densities, np.ones_like(shares)], axis=1)
    values = np.moveaxis(values, -1, 0)
    scan, component, quantity = (v.ravel() for v in np.indices(values.shape))
    table = Table.from_columns(
        scan=[f"scan {i}" for i in scan],
        number=scan,
        component=component,
        quantity=np.array(list(QUANTITIES))[quantity],
        value=values.ravel(),
        uncertainty=np.full(values.size, error),
        n_particles=np.full(values.size, 3),
        unit=[""] * values.size,
    )
    names = [f"scan {i}" for i in range(np.shape(shares)[1])]
    parameters = {"scans": names, "n_components": len(shares), "notes": list(notes)}
    return Evolution(table, parameters)


@pytest.mark.parametrize(
    "densities, words",
    [
        ([1.0, 2.0], "more in the end"),
        ([2.0, 1.0], "fewer in the end"),
        ([1.0, 1.1], "particles per area"),
    ],
)
def test_words_on_what_changes_are_sure(densities, words):
    evolution = evolution_of(np.full((1, 2), 0.5), np.array([densities]))
    line = evolution.summary().splitlines()[1]
    assert words in line
    assert ("in the end" in line) == ("in the end" in words)


def test_a_component_of_one_scan_is_said_to_be_of_that_one():
    evolution = evolution_of(np.array([[0.3, 0.01]]), np.array([[2.0, 0.0]]))
    assert "in scan 0 only" in evolution.summary()


def test_notes_end_the_summary():
    evolution = evolution_of(np.ones((1, 2)), np.ones((1, 2)), notes=["Beware."])
    assert evolution.summary().endswith("Beware.")


def test_empty_components_have_one_line_of_all():
    shares = np.array([[0.5, 0.5], [0.0, 0.0], [0.0, 0.0]])
    summary = evolution_of(shares, np.full(shares.shape, np.nan)).summary()
    assert "empty: components 1, 2" in summary.splitlines()
    assert "component 1:" not in summary
