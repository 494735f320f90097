"""Laws of turning patterns and of their polar coordinates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from hspy_cnmf.patterns.geometry import CartesianGeometry, PolarGeometry
from tests.helpers.clustering_cases import (
    CENTER,
    SHAPE,
    angle_between,
    crystal,
    masked,
    radii,
    rings,
    stack,
    wedge,
)

LAW = settings(max_examples=25, deadline=None)
ANGLES = st.floats(-360, 360)
GEOMETRY = CartesianGeometry(SHAPE, CENTER)
AFFINE = np.array([[1.08, 0.05], [0.05, 0.95]])
VALUES = arrays(float, (2, 3, 12), elements=st.floats(-4, 9).map(lambda v: round(v, 2)))


def distance(one, other):
    """Return how far patterns are apart where both are known, relative to them."""
    known = np.isfinite(one) & np.isfinite(other)
    assert known.mean() > 0.5
    return np.linalg.norm((one - other)[known]) / np.linalg.norm(other[known])


# --- turning -----------------------------------------------------------------


@LAW
@given(ANGLES)
def test_patterns_turn_as_scipy_turns_images(angle):
    pattern = np.random.default_rng(0).random((20, 20))
    geometry = CartesianGeometry(pattern.shape, (9.5, 9.5))
    turned = geometry.turn(pattern, angle)
    expected = ndimage.rotate(pattern, angle, reshape=False, order=1, cval=np.nan)
    known = np.isfinite(expected)
    np.testing.assert_allclose(turned[known], expected[known], atol=1e-9)


@LAW
@given(ANGLES, st.booleans(), st.sampled_from([None, AFFINE]))
def test_a_turned_crystal_is_the_crystal_of_that_orientation(angle, mirrored, affine):
    geometry = CartesianGeometry(SHAPE, CENTER, affine)
    before, after = (
        crystal(1, *turn, affine=affine, width=2)
        for turn in ((25.0,), (angle + (-25 if mirrored else 25), mirrored))
    )
    assert distance(geometry.turn(before, angle, mirrored), after) < 0.06


@pytest.mark.parametrize("quarters", range(-4, 5))
def test_quarter_turns_move_pixels_and_lose_none(quarters):
    pattern = np.random.default_rng(0).random((16, 16))
    geometry = CartesianGeometry(pattern.shape, (7.5, 7.5))
    turned = geometry.turn(pattern, 90.0 * quarters)
    np.testing.assert_allclose(turned, np.rot90(pattern, quarters), atol=1e-9)


def test_mirroring_turns_the_pattern_upside_down_and_is_undone_by_itself():
    pattern = np.random.default_rng(0).random((16, 15))
    geometry = CartesianGeometry(pattern.shape, (7.5, 3.0))
    mirrored = geometry.turn(pattern, 0, True)
    np.testing.assert_allclose(mirrored, pattern[::-1], atol=1e-12)
    np.testing.assert_allclose(geometry.turn(mirrored, 0, True), pattern, atol=1e-12)


def test_what_is_not_turned_is_what_it_was():
    pattern = masked(crystal(), wedge(30))
    turned = GEOMETRY.turn(pattern, 0.0)
    np.testing.assert_array_equal(turned, pattern)
    assert turned is not pattern


@LAW
@given(ANGLES)
def test_masks_turn_with_the_pattern(angle):
    turned = GEOMETRY.turn(masked(rings(10), wedge(30)), angle)
    inside = (radii() > 5) & (radii() < 20)
    unsure = wedge(30 + angle, 18) & ~wedge(30 + angle, 6)
    unknown = np.isnan(turned)
    np.testing.assert_array_equal(
        unknown[inside & ~unsure], wedge(30 + angle)[inside & ~unsure]
    )


# --- polar coordinates of patterns -------------------------------------------


@LAW
@given(ANGLES, st.sampled_from([None, AFFINE]))
def test_azimuths_run_counter_clockwise_from_the_right(angle, affine):
    geometry = CartesianGeometry(SHAPE, CENTER, affine)
    polar = geometry.polar([crystal(1, angle, affine=affine)], 360, (0, 20))
    # The strongest spot of this crystal is at its azimuth 0.
    row, azimuth = np.unravel_index(polar.values[0].argmax(), polar.values[0].shape)
    assert polar.radii[row] == pytest.approx(12, abs=1)
    assert angle_between(azimuth, angle) < 3


@pytest.mark.parametrize("n_azimuth", [8, 30, 91, 360, 720])
def test_no_spot_falls_between_azimuths(n_azimuth):
    polar = GEOMETRY.polar([crystal(0, 17.0)], n_azimuth, (0, 20))
    finest = GEOMETRY.polar([crystal(0, 17.0)], 2000, (0, 20))
    np.testing.assert_allclose(polar.level, finest.level, rtol=0.01, atol=1e-4)


def test_radii_are_the_whole_ones_in_the_range():
    polar = GEOMETRY.polar([crystal()], 36, (3.2, 9.0))
    assert polar.radii.tolist() == [4, 5, 6, 7, 8, 9]
    assert GEOMETRY.polar([crystal()], 36, (3.2, 3.8)).radii.size == 0


@LAW
@given(st.floats(0, 360))
def test_masked_pixels_take_no_part(azimuth):
    pattern = crystal(0, 10) + 5 * rings(11, width=4)
    whole = GEOMETRY.polar([pattern], 360, (3, 20))
    part = GEOMETRY.polar([masked(pattern, wedge(azimuth))], 360, (3, 20))
    assert 0.88 < part.known.mean() < 0.96
    assert (part.values[~part.known] == 0).all()
    # Samples at the edge of the mask are of fewer pixels.
    difference = abs(part.values - whole.values)[part.known]
    assert difference.max() < 0.5
    assert (difference == 0).mean() > 0.85


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_noise_is_that_of_a_pixel_whatever_spots_there_are(scale):
    noise = np.random.default_rng(0).normal(size=(2, *SHAPE)) * [[[1]], [[3]]]
    spots = 100 * crystal(0)
    polar = GEOMETRY.polar(scale * (noise + spots), 90, (6, 20))
    expected = scale * np.array([1, 3])
    np.testing.assert_allclose(np.median(polar.noise, axis=1), expected, rtol=0.1)
    assert (abs(polar.noise / expected[:, np.newaxis] - 1) < 0.6).all()


def test_the_direct_beam_is_where_it_is_bright():
    pattern = 100 * np.exp(-(radii() ** 2) / 8) + rings(14)
    assert 4 < GEOMETRY.beam_radius(pattern) < 11
    assert GEOMETRY.beam_radius(masked(pattern, radii() < 8)) == 0
    assert GEOMETRY.beam_radius(rings(14) + 0.1) == 0


@pytest.mark.parametrize("n_azimuth", [24, 91, 360])
def test_mirror_images_run_the_other_way_round(n_azimuth):
    patterns = [crystal(2, 20, width=2), crystal(2, -20, mirrored=True, width=2)]
    polar = GEOMETRY.polar(patterns, n_azimuth, (5, 15))
    back = -np.arange(n_azimuth) % n_azimuth
    expected = polar.values[0][:, back]
    assert distance(polar.values[1], expected) < 0.03


# --- patterns in polar coordinates already -----------------------------------


@LAW
@given(VALUES, st.integers(-12, 12), st.booleans())
def test_polar_patterns_turn_by_whole_azimuths_exactly(values, steps, mirrored):
    geometry = PolarGeometry(values.shape[1:])
    expected = np.roll(values[0][:, ::-1], 1, axis=1) if mirrored else values[0]
    expected = np.roll(expected, steps, axis=1)
    turned = geometry.turn(values[0], 30.0 * steps, mirrored)
    np.testing.assert_allclose(turned, expected, atol=1e-9)


def test_polar_patterns_of_pyxem_turn_in_the_same_sense():
    signal = stack([crystal(1, 25.0, width=2), crystal(1, 65.0, width=2)])
    signal.calibration(scale=0.1, units="1/nm")
    polar = signal.get_azimuthal_integral2d(
        npt=22, npt_azim=360, radial_range=(0, 2.2), mean=True, show_progressbar=False
    )
    geometry = PolarGeometry(polar.data.shape[1:])
    assert distance(geometry.turn(polar.data[0], 40.0), polar.data[1]) < 0.1


@pytest.mark.parametrize("n_azimuth", [12, 24, 60])
def test_other_azimuths_are_interpolated(n_azimuth):
    azimuth = np.arange(24) * 15.0
    pattern = np.cos(np.deg2rad(azimuth)) * np.array([[1.0], [2.0], [3.0]])
    geometry = PolarGeometry(pattern.shape, 2.5)
    polar = geometry.polar([pattern], n_azimuth, (3, 9))
    assert polar.radii.tolist() == [3.5, 4.5]
    expected = np.cos(np.arange(n_azimuth) * 2 * np.pi / n_azimuth)
    np.testing.assert_allclose(polar.values[0], [2 * expected, 3 * expected], atol=0.03)
