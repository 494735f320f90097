"""Crystal maps: phases, orientations and shares at each position."""

import numpy as np
import pytest
from orix import io

from hspy_cnmf.data import crystal_phase
from tests.helpers import crystals
from tests.helpers.crystals import FAST, identified, maps

#: Properties that are kept in files of every kind.
KEPT = ["share", "tilt_error", "turn_error"]


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


def test_at_an_inclined_boundary_both_crystals_are_kept():
    loadings = maps()
    share = np.linspace(1, 0, 24)
    loadings.data[2], loadings.data[3] = share, 1 - share
    loadings.data[[0, 1]] = 0
    clusters = crystals.clustered(crystals.patterns_of(), loadings)
    crystal_map = clusters.identify_phases(
        crystals.candidates(), **FAST
    ).to_crystal_map()
    first, second = crystal_map.phase_id, crystal_map.prop["phase_id_2"]
    share = np.tile(share, 20)
    np.testing.assert_array_equal(first, np.where(share > 0.5, 0, 1))
    both = (share > 0.25) & (share < 0.75)
    np.testing.assert_array_equal(second[both], 1 - first[both])
    assert (second[~both] == -1).all()


def test_positions_have_the_errors_of_their_crystals():
    found = identified()
    crystal_map = found.to_crystal_map()
    indexed = crystal_map.phase_id >= 0
    groups = np.asarray(found.clusters.labels.data)
    of_each = groups[crystal_map.prop["component"][indexed]]
    for name in ("tilt_error", "turn_error"):
        values = crystal_map.prop[name]
        np.testing.assert_array_equal(values[indexed], found.table[name][of_each])
        assert np.isnan(values[~indexed]).all()
        assert (values[indexed] > 0).all()


@pytest.mark.parametrize(
    ("ending", "more"), [("h5", {}), ("ang", {"extra_prop": KEPT})]
)
def test_orix_saves_and_loads_it(tmp_path, ending, more):
    crystal_map = identified().to_crystal_map()
    path = tmp_path / f"map.{ending}"
    io.save(path, crystal_map, **more)
    again = io.load(path)
    indexed = crystal_map.is_indexed
    np.testing.assert_array_equal(again.is_indexed, indexed)
    names = [crystal_map.phases[int(k)].name for k in crystal_map.phase_id[indexed]]
    found = [again.phases[int(k)].name for k in again.phase_id[indexed]]
    assert found == names
    kept = [again.prop[name] for name in KEPT if name in again.prop]
    if ending == "ang":  # columns beyond those of the format have no names in it
        kept = [again.prop[name] for name in list(again.prop)[-len(KEPT) :]]
    expected = [crystal_map.prop[name][indexed] for name in KEPT]
    np.testing.assert_allclose([k[indexed] for k in kept], expected, atol=1e-5)


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
