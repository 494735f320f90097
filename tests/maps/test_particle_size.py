"""Laws of the sizes of particles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from hspy_cnmf.maps.particle_size import projected_sphere, sphere_diameter
from hspy_cnmf.maps.particles import find_particles


@settings(max_examples=20, deadline=None)
@given(st.floats(0.5, 20), st.floats(0.1, 10))
def test_a_projected_sphere_is_one_at_the_centre_and_falls_off(diameter, probe_fwhm):
    distance = np.linspace(0, diameter / 2 + 2 * probe_fwhm, 50)
    profile = projected_sphere(distance, diameter, probe_fwhm)
    assert profile[0] == pytest.approx(1)
    assert (np.diff(profile) <= 1e-12).all()
    assert profile[-1] == 0


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 1e-2), st.floats(0.1, 50))
def test_however_narrow_a_probe_is_it_sees_the_sphere(ratio, size):
    distance = np.linspace(0, 1.2, 60)
    found = projected_sphere(size * distance, 2 * size, ratio * size)
    thickness = np.sqrt(np.clip(1 - distance**2, 0, None))
    np.testing.assert_allclose(found, thickness, atol=0.02)


def test_of_a_tiny_sphere_the_probe_is_seen():
    distance = np.linspace(0, 1.2, 60)
    found = projected_sphere(distance, 1e-5, 1.0)
    np.testing.assert_allclose(found, np.exp(-4 * np.log(2) * distance**2), atol=1e-3)


PLACES = st.tuples(st.floats(14, 18), st.floats(13, 17))


DIAMETERS = st.floats(4, 10)


def sphere(center, diameter, *, shape=(32, 30), steps=(1, 1), blur=1.5):
    """Return the map of a blurred sphere, its centre in positions."""
    rows, columns = np.indices(shape)
    distance = np.hypot((rows - center[0]) * steps[0], (columns - center[1]) * steps[1])
    return projected_sphere(distance, diameter, blur)


def disc(center, diameter, shape=(40, 42)):
    """Return the part of each position that a disc covers."""
    rows, columns = (np.indices((shape[0] * 10, shape[1] * 10)) - 4.5) / 10
    inside = np.hypot(rows - center[0], columns - center[1]) < diameter / 2
    return inside.reshape(shape[0], 10, shape[1], 10).mean(axis=(1, 3))


@settings(deadline=None, max_examples=40)
@given(center=PLACES, diameter=DIAMETERS, blur=st.floats(1, 2.5))
def test_a_sphere_is_found_where_it_is_and_as_large_as_it_is(center, diameter, blur):
    maps = sphere(center, diameter, blur=blur)[np.newaxis]
    (particle,) = find_particles(maps, (1, 1), blur=blur)
    assert particle["row"] == pytest.approx(center[0], abs=0.03)
    assert particle["column"] == pytest.approx(center[1], abs=0.03)
    assert particle["diameter"] == pytest.approx(diameter, abs=0.15)
    assert particle["height"] == pytest.approx(1, rel=0.04)
    assert not particle["touches_edge"]


@settings(deadline=None, max_examples=40)
@given(center=PLACES, diameter=st.floats(6, 12), ratio=st.floats(0.25, 0.5))
def test_without_knowing_the_blur_a_sphere_is_up_to_a_tenth_too_small(
    center, diameter, ratio
):
    maps = sphere(center, diameter, blur=ratio * diameter)[np.newaxis]
    (particle,) = find_particles(maps, (1, 1))
    assert 0.905 * diameter < particle["diameter"] < diameter
    assert particle["diameter"] == pytest.approx(particle["width"] * 2 / np.sqrt(3))


@settings(deadline=None, max_examples=30)
@given(center=st.tuples(*[st.floats(18, 21)] * 2), diameter=st.floats(6, 25))
def test_the_width_is_that_of_the_circle_of_the_same_area(center, diameter):
    (particle,) = find_particles(disc(center, diameter)[np.newaxis], (1, 1))
    assert particle["width"] == pytest.approx(diameter, abs=0.3)
    ellipse = gaussian_filter(disc(center, 12), (1, 3))[np.newaxis]
    (particle,) = find_particles(ellipse, (1, 1))
    area = ((ellipse > ellipse.max() / 2).sum() / np.pi) ** 0.5 * 2
    assert particle["width"] == pytest.approx(area, rel=0.05)


def test_a_hole_is_no_part_of_the_area():
    ring = gaussian_filter(disc((20, 20), 24) - disc((20, 20), 10), 1)
    ring[20, 30] += 0.2  # Which of all its positions is the peak.
    (particle,) = find_particles(ring[np.newaxis], (1, 1), minimum_contrast=5)
    assert particle["width"] < 0.97 * 24
    area = (ring > particle["height"] / 2).sum()
    assert np.pi / 4 * particle["width"] ** 2 == pytest.approx(area, rel=0.05)


@settings(deadline=None)
@given(width=st.floats(1, 50), blur=st.floats(0.01, 10), scale=st.floats(0.1, 10))
def test_the_sphere_is_narrower_the_more_it_is_blurred(width, blur, scale):
    diameter = sphere_diameter(width, blur)
    assert scale * diameter == pytest.approx(
        sphere_diameter(scale * width, scale * blur)
    )
    assert 0 <= diameter <= 1.1 * sphere_diameter(width)
    if blur >= width:
        assert diameter == 0
    if blur < width / 50:
        assert diameter == pytest.approx(sphere_diameter(width), rel=0.02)
