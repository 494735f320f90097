"""From groups to phases: what is right, and what is refused before any work."""

import hyperspy.api as hs
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf.data import crystal_phase
from hspy_cnmf.data._kinematic import Camera, reflections_of
from tests.helpers import crystals
from tests.helpers.crystals import FAST, KINDS, identified, matrix_of, tilt_and_turn


def test_phases_and_glass_are_named():
    found = identified()
    labels = found.clusters.labels.data
    words = [found.table["phase"][group] for group in labels]
    assert words == ["amorphous", "alpha-Fe", "alpha-Fe", "gamma-Fe"]
    assert found.component_phases.tolist() == [-1, 0, 0, 1]
    assert labels[1] == labels[2]


def test_each_component_is_turned_as_it_is():
    found = identified()
    for component, (name, zone, in_plane) in enumerate(KINDS):
        orientation = found.orientation(component)
        if name is None:
            assert orientation is None
            continue
        phase = crystal_phase(name)
        assert orientation.symmetry == phase.point_group
        matrix = orientation.to_matrix()[0].T
        tilt, turn = tilt_and_turn(matrix, matrix_of(name, zone, in_plane), phase)
        assert tilt < 1.5
        assert turn < 0.5


def test_what_is_simulated_from_an_orientation_lies_on_the_spots():
    found = identified()
    spots = found.clusters.spots()
    for group, number in enumerate(found.phase_ids):
        if number < 0:
            continue
        phase = found.phases[number]
        places, _ = reflections_of(phase, found.matrices[group])
        scale = found.clusters.radial_step / 10
        center = (np.array(crystals.SHAPE) - 1) / 2
        pixels = places[:, ::-1] / scale + center
        for spot in spots[group]:
            apart = np.hypot(*(pixels - [spot["row"], spot["column"]]).T)
            assert apart.min() < 0.6


def test_a_mirrored_member_is_the_crystal_turned_over():
    kinds = (("Fe3B", (1, 0, 0), 20.0), ("alpha-Fe", (1, 1, 1), 0.0))
    patterns = crystals.patterns_of(kinds)
    turned_over = patterns[0][::-1]
    clusters = crystals.clustered(
        np.stack([patterns[0], turned_over, patterns[1]]), mirror=True
    )
    labels = clusters.labels.data
    assert labels[0] == labels[1] != labels[2]
    phases = [crystal_phase("Fe3B"), crystal_phase("alpha-Fe")]
    found = clusters.identify_phases(phases, resolution=6.0)
    assert found.component_phases.tolist() == [0, 0, 1]
    first, second, _ = found.component_matrices
    tilt, turn = tilt_and_turn(second, np.diag([-1.0, 1, -1]) @ first, phases[0])
    assert tilt < 1
    assert turn < 1


def test_the_right_one_missing_is_none_of_these():
    clusters = crystals.crystals()
    found = clusters.identify_phases(crystal_phase("Cu"), **FAST)
    group = clusters.labels.data[1]
    assert found.table["phase"][group] == "none of these"
    assert found.phase_ids[group] == -1
    assert found.orientation(1) is None


def test_one_lattice_in_two_sizes_is_told_by_the_scale_or_not_at_all():
    clusters = crystals.crystals()
    near = [crystal_phase("alpha-Fe"), crystal_phase("alpha-Fe", 1.003)]
    found = clusters.identify_phases(near, **FAST)
    row = found.table[clusters.labels.data[1]]
    assert row["phase"] == "not distinguishable"
    assert row["deciding"] == "scale"
    assert "a better scale" in found.summary()
    far = [crystal_phase("alpha-Fe"), crystal_phase("alpha-Fe", 1.04)]
    found = clusters.identify_phases(far, **FAST)
    assert found.table["phase"][clusters.labels.data[1]] == "alpha-Fe"


def test_the_order_of_candidates_does_not_matter():
    backwards = crystals.crystals().identify_phases(crystals.candidates()[::-1], **FAST)
    for name in ("phase", "candidate", "second", "zone_axis", "n_explained"):
        assert backwards.table[name].tolist() == identified().table[name].tolist()


def test_tables_have_a_row_for_each_group_and_candidate():
    found = identified()
    with_spots = int((found.table["n_spots"] > 0).sum())
    assert len(found.table) == found.clusters.n_clusters
    assert len(found.candidates) == with_spots * len(found.phases)
    assert (found.table["n_explained"] <= found.table["n_spots"]).all()


def test_results_are_kept_and_come_back(tmp_path):
    scan = crystals.analysed()
    found = scan.identify_phases(crystals.candidates()[:2], **FAST)
    scan.save(tmp_path / "scan.zspy")
    for signal in (scan, hs.load(tmp_path / "scan.zspy")):
        again = hspy_cnmf.get_phases(signal)
        assert again.table.tolist() == found.table.tolist()
        assert again.candidates.tolist() == found.candidates.tolist()
        np.testing.assert_array_equal(again.matrices, found.matrices)
        np.testing.assert_array_equal(again.phase_ids, found.phase_ids)
        assert again.parameters == found.parameters
        assert [p.name for p in again.phases] == [p.name for p in found.phases]
        assert [len(p.structure) for p in again.phases] == [2, 4]
    content = scan.metadata.hspy_cnmf._Diffraction_phases
    for name, text in content.as_dictionary().items():
        for damaged in (None, -1, "x", "[]", "{}", str(text)[:-2]):
            content.set_item(name, damaged)
            if name == "schema" and damaged is None:
                continue  # What version 0 wrote has none.
            with pytest.raises(ValueError, match="The phases kept in this signal"):
                hspy_cnmf.get_phases(scan)
        content.set_item(name, text)
    scan.cluster_diffraction(distance_threshold=0.3, print_info=False)
    with pytest.raises(RuntimeError, match="identify_phases"):
        hspy_cnmf.get_phases(scan)


def test_clusters_have_the_methods_too():
    crystal_map = crystals.crystals().to_crystal_map(
        crystals.candidates()[0], n_overlapping=1, **FAST
    )
    assert set(np.unique(crystal_map.phase_id)) == {-1, 0}


def test_bad_input_is_refused():
    iron = crystal_phase("alpha-Fe")
    patterns = crystals.patterns_of()
    uncalibrated = crystals.stack(patterns)
    for axis in uncalibrated.axes_manager.signal_axes:
        axis.units = "px"
    mirrored = crystals.stack(patterns)
    mirrored.axes_manager.signal_axes[0].scale *= -1
    mirrored.axes_manager.signal_axes[0].offset *= -1
    for signal, arguments, message in (
        (uncalibrated, {}, "calibrated"),
        (crystals.stack(patterns, energy=None), {}, "beam energy"),
        (mirrored, {}, "mirrors"),
        (crystals.stack(patterns), {"beam_energy": 3e5}, "kV"),
        (crystals.stack(patterns), {"scale_uncertainty": 0}, "scale_uncertainty"),
        (crystals.stack(patterns), {"resolution": 40}, "resolution"),
        (crystals.stack(patterns), {"max_excitation_error": -1}, "excitation"),
        (
            crystals.stack(patterns),
            {"calibrate_from": "gold"},
            "none of the candidates",
        ),
    ):
        clusters = crystals.clustered(signal, center=(39.5, 39.5))
        with pytest.raises(ValueError, match=message):
            clusters.identify_phases(iron, **arguments)
    with pytest.raises(RuntimeError, match="cluster_diffraction"):
        crystals.stack(patterns).identify_phases(iron)
    with pytest.raises(IndexError, match="not clustered"):
        identified().orientation(17)


def test_groups_without_spots_are_amorphous():
    flat = crystals.patterns_of(((None, None, 0), (None, None, 0)))
    found = crystals.clustered(flat).identify_phases(crystal_phase("Cu"), **FAST)
    assert set(found.table["phase"]) <= {"amorphous", "too few spots"}
    assert not np.isfinite(found.matrices).any()
    assert "amorphous" in found.summary()


def test_a_known_phase_refines_the_scale(caplog):
    clusters = crystals.clustered(crystals.stack(crystals.patterns_of(), scale=1.04))
    found = clusters.identify_phases(
        crystals.candidates()[:2], calibrate_from="alpha-Fe", **FAST
    )
    calibration = found.parameters["calibration"]
    error = calibration["uncertainty"]
    assert calibration["factor"] == pytest.approx(1 / 1.04, abs=max(3 * error, 1e-3))
    assert 0 < error < 0.005
    assert found.component_phases.tolist() == [-1, 0, 0, 1]
    assert "refined" in caplog.text
    without = clusters.identify_phases(crystals.candidates()[:1], **FAST)
    assert (without.phase_ids == -1).all()


def test_a_known_phase_refines_the_distortion():
    kinds = (KINDS[1], KINDS[3])
    camera = Camera(crystals.SHAPE, distortion=0.03, precession=0.5)
    clusters = crystals.clustered(crystals.patterns_of(kinds, camera))
    found = clusters.identify_phases(
        crystals.candidates()[:2], calibrate_from=0, **FAST
    )
    calibration = found.parameters["calibration"]
    assert calibration["ellipticity"] == pytest.approx(0.03, abs=0.006)
    assert calibration["ellipse_angle"] == pytest.approx(30, abs=8)
    assert found.component_phases.tolist() == [0, 1]


def test_a_phase_that_is_not_there_cannot_calibrate():
    with pytest.raises(ValueError, match="no group"):
        crystals.crystals().identify_phases(
            crystal_phase("Ti"), calibrate_from=0, resolution=6.0
        )
