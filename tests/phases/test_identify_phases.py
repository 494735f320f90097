"""From groups to phases: what is right, and what is refused before any work."""

import numpy as np
import pytest

from hspy_cnmf.data import crystal_phase
from tests.helpers import crystals
from tests.helpers.crystals import FAST, identified


def test_phases_and_glass_are_named():
    found = identified()
    labels = found.clusters.labels.data
    words = [found.table["phase"][group] for group in labels]
    assert words == ["amorphous", "alpha-Fe", "alpha-Fe", "gamma-Fe"]
    assert found.component_phases.tolist() == [-1, 0, 0, 1]
    assert labels[1] == labels[2]


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


def test_a_cell_that_fits_at_another_scale_only_is_named_with_a_word():
    clusters = crystals.crystals()
    near = [crystal_phase("alpha-Fe", 1.009), crystal_phase("gamma-Fe")]
    found = clusters.identify_phases(near[0], scale_uncertainty=0.02, **FAST)
    row = found.table[clusters.labels.data[1]]
    assert row["phase"] == near[0].name
    assert row["other_scale"] == pytest.approx(0.009, abs=1.5e-3)
    told = "than calibration or other phases give: a phase with a cell 0.9% smaller"
    assert f"{near[0].name} fits at a scale 0.9% larger {told}" in found.summary()
    assert "at a scale" not in identified().summary()
    # Another phase knows the scale better than the calibration.
    found = clusters.identify_phases(near, scale_uncertainty=0.02, **FAST)
    phases = found.table["phase"][clusters.labels.data]
    assert phases.tolist() == ["amorphous", *["none of these"] * 2, "gamma-Fe"]


def test_the_order_of_candidates_does_not_matter():
    backwards = crystals.crystals().identify_phases(crystals.candidates()[::-1], **FAST)
    for name in ("phase", "candidate", "second", "zone_axis", "n_explained"):
        assert backwards.table[name].tolist() == identified().table[name].tolist()


def test_bad_input_is_refused():
    iron = crystal_phase("alpha-Fe")
    patterns = crystals.patterns_of()
    uncalibrated = crystals.stack(patterns)
    for axis in uncalibrated.axes_manager.signal_axes:
        axis.units = "px"
    mirrored = crystals.stack(patterns)
    mirrored.axes_manager.signal_axes[0].scale *= -1
    mirrored.axes_manager.signal_axes[0].offset *= -1
    for signal, message in (
        (uncalibrated, "calibrated"),
        (crystals.stack(patterns, energy=None), "beam energy"),
        (mirrored, "mirrors"),
    ):
        clusters = crystals.clustered(signal, center=(39.5, 39.5))
        with pytest.raises(ValueError, match=message):
            clusters.identify_phases(iron)
    clusters = crystals.clustered(crystals.stack(patterns), center=(39.5, 39.5))
    for arguments, message in (
        ({"beam_energy": 3e5}, "kV"),
        ({"beam_energy": "high"}, "'high' must be in kV"),
        ({"scale_uncertainty": 0}, "scale_uncertainty"),
        ({"resolution": 40}, "resolution"),
        ({"max_excitation_error": -1}, "excitation"),
        ({"calibrate_from": "gold"}, "'gold' is none of the candidates"),
        ({"calibrate_from": False}, "False is none of the candidates"),
    ):
        with pytest.raises(ValueError, match=message):
            clusters.identify_phases(iron, **arguments)
    with pytest.raises(TypeError, match="resolution='2' must be a number"):
        clusters.identify_phases(iron, resolution="2")
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
