"""What can be measured in groups, and why the rest cannot."""

from dataclasses import replace

from hspy_cnmf.report.measurements import PHASE_TABLES, TABLES, measure, measure_phases
from tests.helpers import crystals
from tests.helpers.crystals import identified


def test_all_is_measured_where_there_are_maps_and_a_calibration():
    clusters = crystals.crystals()
    tables, reasons = measure(clusters, 1.0)
    assert not reasons
    assert tuple(tables) == TABLES
    for name, arguments in zip(TABLES, ((), (1.0,), (1.0,)), strict=True):
        expected = getattr(clusters, name)(*arguments)
        assert str(tables[name]) == str(expected)


def test_without_maps_there_are_no_particles_and_it_says_why():
    tables, reasons = measure(crystals.clustered(crystals.patterns_of()), 0.0)
    assert set(tables) == {"lattice_distances"}
    assert set(reasons) == {"particle_diameters", "mean_particle_diameters"}
    assert all("maps" in reason for reason in reasons.values())


def test_without_a_calibration_there_are_no_distances():
    signal = crystals.stack(crystals.patterns_of())
    for axis in signal.axes_manager.signal_axes:
        axis.units = "px"
    clusters = crystals.clustered(signal, crystals.maps(), center=(39.5, 39.5))
    tables, reasons = measure(clusters, 0.0)
    assert set(reasons) == {"lattice_distances"}
    assert "calibrated" in reasons["lattice_distances"]
    assert len(tables) == 2


def test_phases_are_measured_or_it_says_why_not():
    found = identified()
    tables, reasons = measure_phases(found, 0.0)
    assert tuple(tables) == PHASE_TABLES and not reasons
    assert tables["phases"] is found.table
    densities = found.number_densities()
    assert tables["number_densities"].tolist() == densities.tolist()
    bare = crystals.clustered(crystals.patterns_of())
    tables, reasons = measure_phases(replace(found, clusters=bare), 0.0)
    assert set(tables) == {"phases", "phase_candidates"}
    assert set(reasons) == set(PHASE_TABLES) - set(tables)
    assert all("maps" in reason for reason in reasons.values())
