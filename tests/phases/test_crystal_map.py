"""Crystal maps: phases, orientations and shares at each position."""

import numpy as np
import pytest
from orix import io

from hspy_cnmf import compare_amounts
from hspy_cnmf.data import crystal_phase
from tests.helpers import crystals
from tests.helpers.crystals import FAST, identified, maps


def test_positions_have_the_phase_of_what_is_there():
    found = identified()
    crystal_map = found.to_crystal_map()
    phases = crystal_map.phase_id.reshape(20, 24)
    there = maps().data[1:] > 0
    expected = np.full(phases.shape, -1)
    for crystal, number in zip(there, (0, 0, 1), strict=True):
        expected[crystal] = number
    np.testing.assert_array_equal(phases, expected)
    assert crystal_map.scan_unit == "nm"
    assert (crystal_map.dx, crystal_map.dy) == (2.0, 2.0)


def test_orientations_are_those_of_the_components():
    found = identified()
    crystal_map = found.to_crystal_map(1)
    for number, phase in enumerate(found.phases[:2]):
        part = crystal_map[phase.name]
        components = np.unique(part.prop["component"])
        for component in components:
            at = part[part.prop["component"] == component]
            angle = at.orientations.angle_with(found.orientation(int(component)))
            assert angle.max() < 1e-3
            assert found.component_phases[component] == number


def test_overlap_is_kept():
    loadings = maps()
    loadings.data[3] = 0.6 * loadings.data[2]
    clusters = crystals.clustered(crystals.patterns_of(), loadings)
    crystal_map = clusters.identify_phases(
        crystals.candidates(), **FAST
    ).to_crystal_map()
    both = loadings.data[2].ravel() > 0
    assert (crystal_map.phase_id[both] == 0).all()
    assert (crystal_map.prop["phase_id_2"][both] == 1).all()
    assert (crystal_map.prop["component_2"][both] == 3).all()
    share = crystal_map.prop["share_2"] / (
        crystal_map.prop["share"] + crystal_map.prop["share_2"]
    )
    np.testing.assert_allclose(share[both], 0.6 / 1.6, rtol=1e-2)
    assert (crystal_map.prop["phase_id_2"][~both] == -1).all()


@pytest.mark.parametrize("ending", ["h5", "ang"])
def test_orix_saves_and_loads_it(tmp_path, ending):
    crystal_map = identified().to_crystal_map()
    path = tmp_path / f"map.{ending}"
    io.save(path, crystal_map)
    again = io.load(path)
    indexed = crystal_map.is_indexed
    np.testing.assert_array_equal(again.is_indexed, indexed)
    names = [crystal_map.phases[int(k)].name for k in crystal_map.phase_id[indexed]]
    found = [again.phases[int(k)].name for k in again.phase_id[indexed]]
    assert found == names


def test_line_scans_have_a_map_and_clusters_without_maps_none():
    from hyperspy.signals import Signal1D

    lines = Signal1D(maps().data[:, 9])
    lines.axes_manager.signal_axes[0].units = "nm"
    clusters = crystals.clustered(crystals.patterns_of(), lines)
    found = clusters.identify_phases(crystals.candidates()[0], **FAST)
    assert found.to_crystal_map().size == 24
    assert found.area_fractions()["unit"][0] == "nm^1"
    bare = crystals.clustered(crystals.patterns_of())
    found = bare.identify_phases(crystal_phase("alpha-Fe"), **FAST)
    with pytest.raises(ValueError, match="needs maps"):
        found.to_crystal_map()
    with pytest.raises(ValueError, match="n_overlapping"):
        identified().to_crystal_map(0)


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
    from hspy_cnmf.phases.amounts import _weights

    rng = np.random.default_rng(0)
    sides, width = np.array([50.0, 40.0]), 8.0
    # Discs in a wider area: the density per area of the scan is what is meant.
    found = []
    for _ in range(300):
        places = rng.uniform(-10, [60, 50], size=(60, 2))
        whole = ((places > width / 2) & (places < sides - width / 2)).all(axis=1)
        found.append(_weights(np.full(whole.sum(), width), sides).sum() / sides.prod())
    density = 60 / (70 * 60)
    assert np.mean(found) == pytest.approx(density, rel=0.02)
