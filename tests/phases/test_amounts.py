"""How much of each phase there is: areas, numbers and sizes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import compare_amounts
from hspy_cnmf.maps.particles import edge_weights
from hspy_cnmf.phases.amounts import _edges
from tests.helpers.crystals import identified, maps


def test_area_fractions_count_positions():
    found = identified()
    table = found.area_fractions()
    there = maps().data[1:] > 0
    covered = [(there[0] | there[1]).mean(), there[2].mean(), 0]
    np.testing.assert_allclose(table["area_fraction"][:3], covered)
    assert table["area_fraction"].sum() == pytest.approx(1)
    assert table["share_of_counts"].sum() == pytest.approx(1)
    assert table["area"][1] == pytest.approx(4 * there[2].sum())
    assert table["phase"][-1] == "not indexed"


def test_particles_are_counted_and_sized():
    found = identified()
    densities = found.number_densities()
    assert densities["n_particles"].tolist() == [2, 1, 0]
    assert densities["n_counted"].tolist() == [2, 1, 0]
    assert densities["unit"][0] == "1/nm^2"
    area = 40 * 48
    assert densities["number_density"][1] > 1 / area
    assert densities["uncertainty"][2] == pytest.approx(1 / area)
    sizes = found.size_distribution(bins=4)
    for name, density in zip(
        densities["phase"], densities["number_density"], strict=True
    ):
        ours = sizes[sizes["phase"] == name]
        assert len(ours) == 4
        assert ours["number_density"].sum() == pytest.approx(density)
    edges = found.size_distribution(bins=[0.0, 5.0, 50.0])
    assert edges["low"].tolist() == [0, 5] * 3
    for bins in (0, [3.0], [2.0, 1.0]):
        with pytest.raises(ValueError, match="bins"):
            found.size_distribution(bins=bins)


def test_scans_are_laid_beside_each_other():
    table = identified().number_densities()
    both = compare_amounts({"as cast": table, "annealed": table})
    assert both["scan"].tolist() == ["as cast"] * 3 + ["annealed"] * 3
    assert both["n_counted"].tolist() == 2 * table["n_counted"].tolist()
    with pytest.raises(ValueError, match="empty"):
        compare_amounts({})
    with pytest.raises(ValueError, match="one kind"):
        compare_amounts({"a": table, "b": identified().area_fractions()})


def test_the_edge_correction_is_unbiased():
    rng = np.random.default_rng(0)
    sides, width = np.array([50.0, 40.0]), 8.0
    # Discs in a wider area: the density per area of the scan is what is meant.
    found = []
    for _ in range(300):
        places = rng.uniform(-10, [60, 50], size=(60, 2))
        whole = ((places > width / 2) & (places < sides - width / 2)).all(axis=1)
        found.append(
            edge_weights(np.full(whole.sum(), width), sides).sum() / sides.prod()
        )
    density = 60 / (70 * 60)
    assert np.mean(found) == pytest.approx(density, rel=0.02)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 60), st.floats(1e-3, 1e3))
def test_a_particle_stands_for_one_or_more_whatever_the_unit(width, unit):
    sides = np.array([50.0, 40.0])
    weight = edge_weights(np.array([width]), sides)
    assert weight[0] >= 1 and np.isfinite(weight[0])
    np.testing.assert_allclose(
        edge_weights(np.array([unit * width]), unit * sides), weight
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(1e-3, 1e3), max_size=9), st.integers(1, 7))
def test_bins_hold_all_particles(diameters, bins):
    diameters = np.array(diameters)
    edges = _edges(bins, diameters)
    assert len(edges) == bins + 1 and edges[0] == 0
    assert np.histogram(diameters, edges)[0].sum() == len(diameters)
