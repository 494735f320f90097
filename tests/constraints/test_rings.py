"""Laws of rings and radii."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.constraints.rings import Rings, direct_beam_radius, pixel_radii

CENTERS = st.tuples(st.floats(0, 14), st.floats(0, 19))


@given(center=CENTERS)
def test_radii_are_distances_from_the_centre(center):
    radii = pixel_radii((15, 20), center)
    rows, columns = np.indices((15, 20))
    expected = np.sqrt((rows - center[0]) ** 2 + (columns - center[1]) ** 2)
    np.testing.assert_allclose(radii, expected, atol=1e-12)


@given(center=CENTERS, angle=st.floats(0, 360))
def test_turning_a_pattern_is_no_distortion(center, angle):
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    turned = pixel_radii((15, 20), center, [[c, s], [-s, c]])
    np.testing.assert_allclose(turned, pixel_radii((15, 20), center), atol=1e-9)


def test_an_ellipse_on_the_detector_has_one_radius():
    affine = np.array([[1.5, 0.2], [0.1, 0.8]])
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ellipse = 3 * np.stack([np.cos(angles), np.sin(angles)], axis=-1) @ affine
    radii = [pixel_radii((1, 1), -offset, affine)[0, 0] for offset in ellipse]
    np.testing.assert_allclose(radii, 3)


@given(center=CENTERS)
def test_rings_keep_what_is_the_same_all_around(center):
    radii = pixel_radii((15, 20), center).ravel()
    rings = Rings.from_radii(radii)
    means = rings.means(radii)
    assert (np.diff(means) > 0).all()
    within = (radii >= means[0]) & (radii <= means[-1])
    interpolated = rings.interpolate(means)
    np.testing.assert_allclose(interpolated[within], radii[within], atol=1e-9)


@pytest.mark.parametrize("values", [[5.0, 5.0, 7.0], [1.0, 1.0, 3.0]])
def test_rings_of_labels_are_the_labels(values):
    rings = Rings.from_labels(np.array([4, 4, 9]))
    assert rings.n_rings == 2
    np.testing.assert_array_equal(rings.interpolate(rings.means(values)), values)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
def test_means_are_those_of_each_image_and_of_any_values(dtype):
    rings = Rings.from_radii(pixel_radii((9, 7), (4, 3)).ravel())
    images = np.random.default_rng(0).integers(0, 255, (2, 63)).astype(dtype)
    for image, means in zip(images, rings.means(images), strict=True):
        for ring, mean in enumerate(means):
            assert mean == pytest.approx(image[rings.label == ring].mean(dtype=float))


@pytest.mark.parametrize("limit", [63, 255, 4095, np.inf])
@pytest.mark.parametrize("background", [0.0, 10.0])
def test_a_beam_is_found_however_much_of_it_is_saturated(limit, background):
    radii = pixel_radii((120, 110), (55.0, 50.0))
    pattern = 3000 * np.exp(-(radii**2) / 18) + 30 * np.exp(-radii / 12) + background
    clipped = np.minimum(pattern, limit)
    radius = direct_beam_radius(clipped, radii)
    assert 6 <= radius <= 14
    assert clipped[radii > radius].max() < 0.8 * clipped.max()


@pytest.mark.parametrize(
    "profile", [lambda r: 1 + 0 * r, lambda r: np.exp(-((r - 20) ** 2) / 50) + 0.1]
)
def test_where_there_is_no_beam_its_radius_is_0(profile):
    radii = pixel_radii((80, 80), (39.5, 39.5))
    assert direct_beam_radius(profile(radii), radii) == 0
    assert direct_beam_radius(np.full((80, 80), np.nan), radii) == 0


@pytest.mark.parametrize("beam", [0.0, 0.2, 1.0, 5.0, 1000.0])
@pytest.mark.parametrize("electrons", [1e3, 1e7])
def test_rings_around_a_faint_beam_are_no_part_of_it(beam, electrons):
    radii = pixel_radii((96, 96), (47.5, 47.5))
    pattern = np.exp(-(((radii - 18) / 6) ** 2)) + 0.3 * np.exp(-((radii / 20) ** 2))
    pattern += beam * np.exp(-((radii / 2.5) ** 2))
    noise = np.random.default_rng(0).poisson(electrons * pattern / pattern.sum())
    assert direct_beam_radius(noise, radii) <= 8


@pytest.mark.parametrize("beam", [1.0, 10.0, 1000.0])
@pytest.mark.parametrize("electrons", [1e4, 1e7])
def test_a_halo_in_what_is_scattered_diffusely_is_no_part_of_the_beam(beam, electrons):
    """It rises by less than a half over what is left of the beam before it."""
    radii = pixel_radii((128, 120), (63.2, 60.1))
    pattern = 3 * np.exp(-radii / 7) + np.exp(-(((radii - 13) / 4) ** 2)) + 0.001
    pattern += beam * np.exp(-((radii / 2.5) ** 2))
    noise = np.random.default_rng(0).poisson(electrons * pattern / pattern.sum())
    assert direct_beam_radius(noise, radii) <= 9


def test_diffuse_scattering_all_over_the_detector_is_no_beam():
    radii = pixel_radii((96, 96), (47.5, 47.5))
    noise = np.random.default_rng(0).poisson(1e4 * np.exp(-radii / 8))
    assert direct_beam_radius(noise, radii) == 0


def test_masked_pixels_do_not_change_where_the_beam_ends():
    radii = pixel_radii((80, 80), (39.5, 39.5))
    pattern = np.minimum(3000 * np.exp(-(radii**2) / 18) + 5, 255)
    masked = np.where(radii > 30, np.nan, pattern)
    assert direct_beam_radius(masked, radii) == direct_beam_radius(pattern, radii)


@pytest.mark.parametrize(("half_width", "is_left"), [(2, True), (3, True), (6, False)])
def test_what_a_stop_leaves_of_the_beam_is_found(half_width, is_left):
    radii = pixel_radii((96, 96), (47.5, 47.5))
    pattern = 40 * np.exp(-(radii**2) / 4.5) + 0.1
    pattern += np.exp(-(((radii - 18) / 6) ** 2)) + 0.3 * np.exp(-((radii / 20) ** 2))
    noise = np.random.default_rng(0).poisson(1e7 * pattern / pattern.sum())
    noise[: 48 + half_width, 48 - half_width : 48 + half_width] = 0
    found = direct_beam_radius(noise, radii)
    assert 4 <= found <= 10 if is_left else found == 0


@pytest.mark.parametrize("hidden", [4, 8, 12, 16])
def test_a_halo_beside_a_stop_is_no_beam(hidden):
    radii = pixel_radii((96, 96), (47.5, 47.5))
    pattern = 20 * np.exp(-(((radii - 12) / 5) ** 2)) + 0.1
    pattern[radii < hidden] = 0
    assert direct_beam_radius(pattern, radii) == 0
