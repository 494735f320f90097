"""Measurement of how what several scans show evolves."""

import numpy as np
import pytest
from hyperspy.signals import Signal2D

from hspy_cnmf import decompose_series, measure_evolution
from tests.series.test_camera_length import patterns_of
from tests.series.test_decompose_series import ARGUMENTS, KIND, scans_of


def test_scans_with_maps_of_the_same_factors_can_be_measured(make_scan):
    scans = scans_of(make_scan)
    evolution = decompose_series(scans, **ARGUMENTS)
    third = make_scan((7, 7), signal_type=KIND, seed=3)
    third.apply_factors(scans[0], print_info=False)
    longer = measure_evolution([*scans, third])
    values, _ = longer.arrays("share_of_counts")
    np.testing.assert_allclose(values[:, :2], evolution.arrays("share_of_counts")[0])
    third.decomposition(algorithm="constrained_nmf", **ARGUMENTS | {"random_state": 1})
    with pytest.raises(ValueError, match="other factors than scan 0"):
        measure_evolution([*scans, third])


#: Patterns without anything in common.
PATTERNS = np.kron(np.eye(3), np.ones((1, 12))).reshape(3, 6, 6) / 12


def scan_of(places, dose=300.0, shape=(24, 22), unit="nm"):
    """Return a scan of a matrix, blobs of a crystal, and some of another one."""
    y, x = np.indices(shape)
    maps = np.zeros((3, *shape))
    maps[0] = 1
    for k, row, column in places:
        maps[k] += np.exp(-((y - row) ** 2 + (x - column) ** 2) / 8)
    mean = dose * np.tensordot(maps, PATTERNS, (0, 0))
    scan = Signal2D(np.random.default_rng(0).poisson(mean))
    for axis in scan.axes_manager.navigation_axes:
        axis.units = unit
    scan.apply_factors(PATTERNS, print_info=False)
    return scan


def test_particles_do_not_depend_on_the_dose():
    places = [(1, 6, 6), (1, 16, 8), (2, 8, 15)]
    scans = [scan_of(places, dose) for dose in (30000, 3000, 300)]
    evolution = measure_evolution(scans)
    n_particles = evolution.rows("number_density")["n_particles"].reshape(3, 3)
    np.testing.assert_array_equal(n_particles, [[0, 2, 1]] * 3)
    assert "only" not in evolution.summary()


def test_a_particle_at_an_edge_is_there():
    scans = [scan_of([(1, 12, 12), (2, 6, 6)]), scan_of([(1, 0, 12)])]
    summary = measure_evolution(scans, names=["first", "second"]).summary()
    first, second = summary.splitlines()[2:4]
    assert "only" not in first
    assert second.endswith("in first only")


def test_where_there_is_no_area_there_is_no_density_and_the_reason_is_told():
    line, lines_over_time, scan = scan_of([]), scan_of([]), scan_of([(1, 12, 12)])
    line = line.inav[:, 3]
    line.apply_factors(PATTERNS, print_info=False)
    lines_over_time.axes_manager[0].units = "s"
    scan.axes_manager[0].units = "s"
    with pytest.raises(ValueError, match="would not compare"):
        measure_evolution([scan_of([]), lines_over_time])
    evolution = measure_evolution([lines_over_time, scan], names=["a", "b"])
    assert np.isnan(evolution.arrays("number_density")[0]).all()
    assert "No densities and diameters of a: The axes" in evolution.summary()
    mixed = measure_evolution([line, scan_of([(1, 12, 12)])])
    assert "No densities" not in mixed.summary()
    assert "(1/nm^2)" in mixed.summary()
    assert mixed.to_signal("diameter").metadata.Signal.quantity.endswith("(nm)")
    mixed.plot()


def test_a_change_of_the_camera_length_is_told():
    def zoomed(zoom, seed):
        patterns = patterns_of(zoom, rings=0.3)[0], patterns_of(1, seed=1, rings=3)[0]
        maps = np.random.default_rng(seed).random((2, 12, 12))
        mean = 20 * np.tensordot(maps, np.stack(patterns), (0, 0))
        scan = Signal2D(np.random.default_rng(seed).poisson(mean))
        scan.set_signal_type(KIND)
        return scan

    def notes(*zooms):
        scans = [zoomed(zoom, i) for i, zoom in enumerate(zooms)]
        arguments = ARGUMENTS | {"output_dimension": 3}
        return decompose_series(scans, **arguments).parameters["notes"]

    assert not notes(1, 1)
    (note,) = notes(1, 1.04)
    assert "camera length" in note and "4." in note
