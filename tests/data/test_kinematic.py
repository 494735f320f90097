"""Laws of kinematic patterns on a detector that may be distorted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import data
from hspy_cnmf.data._kinematic import (
    Camera,
    along_zone_axis,
    reflections_of,
    tilted,
    turned_in_plane,
)
from hspy_cnmf.patterns.spots import find_spots


@given(st.floats(0, 360), st.floats(-0.05, 0.05))
@settings(max_examples=8, deadline=None)
def test_spots_lie_where_the_orientation_and_the_scale_error_say(in_plane, error):
    phase = data.crystal_phase("alpha-Fe")
    matrix = along_zone_axis(phase, (0, 0, 1), in_plane)
    camera = Camera((96, 96), error)
    pattern = camera.pattern(phase, matrix) + 1e-5
    spots = find_spots(pattern, (47.5, 47.5))
    step = camera.calibration(1.0).detector_scale
    x = spots["radius"] * np.cos(np.deg2rad(spots["azimuth"])) * step / 10
    y = -spots["radius"] * np.sin(np.deg2rad(spots["azimuth"])) * step / 10
    places, _ = reflections_of(phase, matrix)
    places = (1 + error) * places
    for spot in zip(x, y, strict=True):
        assert np.hypot(*(places - spot).T).min() < 0.3 * step / 10
    assert len(spots) >= 8


def test_a_distortion_stretches_along_its_axis():
    phase = data.crystal_phase("alpha-Fe")
    matrix = along_zone_axis(phase, (0, 0, 1), 30.0)
    camera = Camera((96, 96), distortion=0.1, distortion_angle=30.0)
    spots = find_spots(camera.pattern(phase, matrix) + 1e-5, (47.5, 47.5))
    along = spots[abs((spots["azimuth"] - 30 + 90) % 180 - 90) < 3]["radius"]
    across = spots[abs((spots["azimuth"] - 120 + 90) % 180 - 90) < 3]["radius"]
    assert along.min() / across.min() == pytest.approx(1.1, abs=0.02)


@settings(max_examples=6, deadline=None)
@given(st.sampled_from([(0, 0, 1), (0, 1, 1), (1, 1, 1)]), st.floats(0, 360))
def test_intensities_obey_friedels_law_and_turn_with_the_crystal(zone, in_plane):
    phase = data.crystal_phase("alpha-Fe")
    start = along_zone_axis(phase, zone, 0.0)
    places, intensities = reflections_of(phase, start)
    gaps = np.linalg.norm(places[:, np.newaxis] + places, axis=2)
    assert gaps.min(axis=1).max() < 1e-6
    np.testing.assert_allclose(intensities[gaps.argmin(axis=1)], intensities, rtol=1e-6)
    turned, same = reflections_of(phase, turned_in_plane(start, in_plane))
    c, s = np.cos(np.deg2rad(in_plane)), np.sin(np.deg2rad(in_plane))
    expected = places @ [[c, -s], [s, c]]
    gaps = np.linalg.norm(turned[:, np.newaxis] - expected, axis=2)
    assert gaps.min(axis=1).max() < 1e-6
    np.testing.assert_allclose(same, intensities[gaps.argmin(axis=1)], rtol=1e-5)


@pytest.mark.parametrize("zone", [(0, 0, 1), (1, 1, 0), (1, 2, 3)])
def test_zone_axes_lie_along_the_beam(zone):
    phase = data.crystal_phase("Fe3B")
    matrix = along_zone_axis(phase, zone, 25.0)
    direction = np.asarray(zone) * phase.structure.lattice.abcABG()[:3]
    beam = matrix @ (direction / np.linalg.norm(direction))
    np.testing.assert_allclose(beam, [0, 0, 1], atol=1e-9)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)


def test_crystals_are_tilted_by_as_much_as_is_said():
    generator = np.random.default_rng(0)
    tilts = [tilted(np.eye(3), 2.0, generator) for _ in range(400)]
    x, y = np.rad2deg([[t[1, 2], t[0, 2]] for t in tilts]).T
    assert np.std(x) == pytest.approx(2, rel=0.12)
    assert np.std(y) == pytest.approx(2, rel=0.12)
    np.testing.assert_array_equal(tilted(np.eye(3), 0.0, generator), np.eye(3))


def test_the_calibration_does_not_know_of_errors():
    bad = Camera((64, 96), scale_error=0.03, distortion=0.02)
    good = Camera((64, 96))
    assert bad.calibration(2.0) == good.calibration(2.0)
    assert good.calibration(2.0).detector_scale == pytest.approx(24 / 64)
