"""Laws of windows around particles, and of their mean."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.maps import particle_windows
from hspy_cnmf.maps.particles import (
    PARTICLE,
    find_particles,
    mean_window,
    window_sides,
)
from tests.maps.test_particles import PLACES, sphere


@settings(deadline=None, max_examples=20)
@given(centers=st.lists(PLACES, min_size=1, max_size=4))
def test_the_mean_of_the_same_sphere_in_any_places_is_that_sphere(centers):
    maps = np.stack([sphere(center, 7, blur=2) for center in centers])
    particles = find_particles(maps, (1, 1))
    mean = mean_window(maps, particles, (1, 1), 15)
    np.testing.assert_allclose(
        mean, sphere((7, 7), 7, shape=(15, 15), blur=2), atol=0.025
    )


def test_the_mean_weighs_particles_alike_unless_told_otherwise():
    maps = np.stack([sphere((16, 15), 7), 3 * sphere((13, 17), 7)])
    particles = find_particles(maps, (1, 1))
    peak = mean_window(maps, particles, (1, 1), 9)[4, 4]
    assert peak == pytest.approx(2, rel=1e-2)
    shape = mean_window(maps, particles, (1, 1), 9, 1 / particles["height"])
    assert shape[4, 4] == pytest.approx(2 / (1 + 1 / 3), rel=1e-2)
    first = mean_window(maps, particles, (1, 1), 9, [1, 0])
    np.testing.assert_allclose(first, maps[0, 12:21, 11:20], atol=1e-2)


def test_neighbours_do_not_leak_into_the_window():
    alone = sphere((16, 9), 6)
    maps = (alone + sphere((16, 17), 6))[np.newaxis]
    particles = find_particles(maps, (1, 1))
    first = particles[np.argsort(particles["column"])][:1]
    with_neighbour = mean_window(maps, particles, (1, 1), 17, [1, 1])
    assert with_neighbour[8, 8] == pytest.approx(1, abs=0.02)
    assert np.nanmax(with_neighbour[:, [0, 1, -2, -1]]) < 0.1
    lone = mean_window(alone[np.newaxis], first, (1, 1), 17)
    np.testing.assert_allclose(with_neighbour[:, 5:12], lone[:, 5:12], atol=0.03)


def test_positions_that_are_masked_or_outside_take_no_part_in_the_mean():
    maps = np.stack([sphere((16, 15), 7), sphere((5, 15), 7)])
    particles = find_particles(maps, (1, 1))
    maps[0, :, 22:] = np.nan
    mean = mean_window(maps, particles, (1, 1), (21, 15))
    # The one has no data in the last column, the other in the first five rows.
    expected = sphere((10, 7), 7, shape=(21, 15))
    expected[:5, -1] = np.nan
    np.testing.assert_allclose(mean, expected, atol=0.03)
    upper = mean_window(maps, particles[1:], (1, 1), (21, 15))
    assert np.isnan(upper[:5]).all() and np.isfinite(upper[5:]).all()
    right = mean_window(maps, particles[:1], (1, 1), (21, 15))
    assert np.isnan(right[:, -1]).all() and np.isfinite(right[:, :-1]).all()


def test_no_particles_have_no_mean():
    maps = np.zeros((2, 9, 9))
    mean = mean_window(maps, find_particles(maps, (1, 1)), (1, 1), (5, 3))
    assert mean.shape == (5, 3) and np.isnan(mean).all()


def test_windows_hold_the_largest_particle_and_have_a_centre():
    maps = np.stack([sphere((16, 15), 5), sphere((16, 15), 9)])
    particles = find_particles(maps, (1, 0.5))
    sides = np.array(window_sides(particles, (1, 0.5)))
    assert (sides % 2 == 1).all()
    excess = sides - 3 * particles["diameter"].max() / np.array([1, 0.5])
    assert ((excess >= 0) & (excess < 2)).all()
    assert window_sides(particles[:0], (1, 1)) == (3, 3)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10**6), steps=st.sampled_from([(1, 1), (1, 0.5)]))
def test_a_window_is_that_of_the_whole_map(seed, steps):
    rng = np.random.default_rng(seed)
    maps = rng.random((1, 110, 100))
    maps[0][rng.random(maps[0].shape) < 0.2] = np.nan
    particles = np.zeros(12, PARTICLE)
    particles["row"], particles["column"] = rng.random((2, 12)) * [[110], [100]]
    particles["width"] = rng.uniform(2, 9, 12)
    found = mean_window(maps, particles, steps, (9, 11))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(particle_windows, "_MARGIN", 10**4)
        whole = mean_window(maps, particles, steps, (9, 11))
    np.testing.assert_allclose(found, whole, rtol=0, atol=1e-12)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_a_position_belongs_to_the_nearest_particle_that_it_lies_in(seed):
    rng = np.random.default_rng(seed)
    steps = rng.uniform(0.3, 2, 2)
    particles = np.zeros(6, PARTICLE)
    particles["row"], particles["column"] = rng.random((2, 6)) * [[20], [30]]
    particles["width"] = rng.uniform(2, 9, 6)
    rows, columns = np.indices((20, 30))
    distances = [
        np.hypot((rows - p["row"]) * steps[0], (columns - p["column"]) * steps[1])
        / p["width"]
        for p in particles
    ]
    expected = np.min(distances, axis=0)
    expected[expected >= 1] = np.inf
    found = particle_windows._nearest((20, 30), particles, steps)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sides": 4}, "sides must be odd"),
        ({"sides": (5, 0)}, "sides must be odd"),
        ({"weights": [1, 1]}, "weights must be 1 non-negative"),
        ({"weights": [-1]}, "weights must be 1 non-negative"),
        ({"maps": np.ones((0, 9, 9))}, "of other maps"),
    ],
)
def test_bad_windows_and_weights_are_refused(arguments, message):
    maps = sphere((16, 15), 7)[np.newaxis]
    arguments = {"maps": maps, "sides": 5, **arguments}
    with pytest.raises(ValueError, match=message):
        mean_window(particles=find_particles(maps, (1, 1)), steps=(1, 1), **arguments)
