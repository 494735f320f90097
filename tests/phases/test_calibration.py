"""Scale and distortion from a phase that is known to be there."""

import pytest

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.data._kinematic import Camera
from hspy_cnmf.phases.calibration import Calibration
from tests.helpers import crystals
from tests.helpers.crystals import FAST, KINDS


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
    assert "refined from 'alpha-Fe'" in found.summary()
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


def test_scale_and_distortion_are_refined_together():
    camera = Camera(crystals.SHAPE, distortion=0.02, precession=0.5)
    patterns = crystals.patterns_of((KINDS[1], KINDS[3]), camera)
    clusters = crystals.clustered(crystals.stack(patterns, scale=0.96))
    found = clusters.identify_phases(crystals.candidates()[0], calibrate_from=0, **FAST)
    calibration = found.parameters["calibration"]
    assert calibration["factor"] == pytest.approx(1 / 0.96, abs=3e-3)
    assert calibration["ellipticity"] == pytest.approx(0.02, abs=0.006)
    assert found.component_phases.tolist() == [0, -1]


def test_a_phase_that_is_not_there_cannot_calibrate():
    with pytest.raises(ValueError, match="no group"):
        crystals.crystals().identify_phases(
            crystal_phase("Ti"), calibrate_from=0, resolution=6.0
        )


def test_words_tell_what_was_refined():
    calibration = Calibration(0.98, 0.001, n_groups=2, n_spots=31)
    words = calibration.summary("alpha-Fe")
    assert "multiplied by 0.9800 +- 0.0010 (31 spots of 2 groups)" in words
    assert "longer" not in words
    words = Calibration(1.0, 0.001, 0.03, 30.0, 0.004).summary("Cu")
    assert words.endswith("Patterns were 3.00% +- 0.40% longer at 30 degrees.")
    assert calibration.as_dictionary()["factor"] == 0.98
    assert Calibration(**calibration.as_dictionary()) == calibration
