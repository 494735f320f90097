"""Laws of numbers of particles and lattice distances of groups."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.clustering.measures import (
    aligned_windows,
    check_group,
    mean_diameters,
    particle_table,
    particles_of_groups,
    ring_table,
    spots_on_detector,
)
from hspy_cnmf.maps.particles import PARTICLE
from hspy_cnmf.patterns.geometry import CartesianGeometry
from hspy_cnmf.tables import Table
from tests.helpers.clustering_cases import CENTER, CRYSTALS, SHAPE, crystal, radii
from tests.maps.test_particles import sphere
from tests.patterns.test_lattice_distances import spots_at

STEPS = (1.0, 1.0)


def maps_of(*places, noise=1e-3):
    """Return a map of a sphere at each place."""
    rng = np.random.default_rng(0)
    return np.stack(
        [sphere(place, 6.0) + noise * rng.random((32, 30)) for place in places]
    )


def test_spots_are_those_within_the_radii_and_in_places_on_the_detector():
    geometry = CartesianGeometry(SHAPE, CENTER, None)
    pattern = crystal(0) + 0.01
    (every,) = spots_on_detector(geometry, pattern[np.newaxis], (3, 22), 5.0)
    expected = sorted(radius for radius, _, _ in CRYSTALS[0])
    np.testing.assert_allclose(np.sort(every["radius"]), expected, atol=0.1)
    offsets = np.hypot(every["row"] - CENTER[0], every["column"] - CENTER[1])
    np.testing.assert_allclose(offsets, every["radius"], atol=1e-6)
    (some,) = spots_on_detector(geometry, pattern[np.newaxis], (11, 22), 5.0)
    np.testing.assert_allclose(np.sort(some["radius"]), expected[2:], atol=0.1)
    assert radii().max() > 22


def test_particles_are_of_the_group_of_their_component():
    maps = maps_of((8, 8), (22, 8), (15, 20))
    first, second = particles_of_groups(maps, STEPS, np.array([0, 1, 0]))
    assert sorted(first["component"]) == [0, 2]
    assert second["component"].tolist() == [1]
    for particle in (*first, *second):
        place = ((8, 8), (22, 8), (15, 20))[particle["component"]]
        np.testing.assert_allclose(
            (particle["row"], particle["column"]), place, atol=0.1
        )


def test_one_particle_in_two_components_is_one():
    maps = maps_of((15, 15), (15, 15))
    (together,) = particles_of_groups(maps, STEPS, np.array([0, 0]))
    assert len(together) == 1


def test_in_a_matrix_there_are_no_particles():
    """What is lower than the background of the group's own map does not count."""
    weak = 0.1 * maps_of((15, 15))
    matrix = np.full((1, 32, 30), 5.0)
    (found,) = particles_of_groups(
        np.concatenate([matrix, weak]), STEPS, np.array([0, 0])
    )
    assert len(found) == 0
    assert [len(g) for g in particles_of_groups(weak, STEPS, np.array([0]))] == [1]


def test_mean_particles_are_in_the_middle_of_their_windows():
    maps = maps_of((8, 8), (22, 9), (15, 20))
    windows = aligned_windows(maps, STEPS, np.array([0, 0, 1]))
    assert windows.shape[0] == 2
    for window in windows:
        place = np.unravel_index(np.nanargmax(window), window.shape)
        assert place == tuple(n // 2 for n in window.shape)


def particles(diameters, cut=()):
    """Return particles of one group, some of them cut by the edge."""
    found = np.zeros(len(diameters), PARTICLE)
    found["diameter"] = found["width"] = diameters
    found["touches_edge"][list(cut)] = True
    return found


def table_of(*groups, unit="nm"):
    def places(row, column):
        return 2 * row, 3 * column

    return particle_table(groups, np.array([7]), places, unit)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(st.floats(1, 50), max_size=5), min_size=1, max_size=4))
def test_mean_diameters_are_of_whole_particles(groups):
    table = table_of(*map(particles, groups))
    assert table["group"].tolist() == [k for k, g in enumerate(groups) for _ in g]
    assert (table["component"] == 7).all()
    means = mean_diameters(table)
    filled = [(k, g) for k, g in enumerate(groups) if g]
    assert means["group"].tolist() == [k for k, _ in filled]
    for row, (_, diameters) in zip(means, filled, strict=True):
        assert row["n_particles"] == len(diameters)
        assert row["diameter"] == pytest.approx(np.mean(diameters))
        if len(diameters) == 1:
            assert np.isnan(row["uncertainty"])
        else:
            error = np.std(diameters, ddof=1) / np.sqrt(len(diameters))
            assert row["uncertainty"] == pytest.approx(error, abs=1e-9)


def test_particles_that_touch_an_edge_are_listed_and_do_not_count():
    table = table_of(particles([4.0, 6.0, 50.0], cut=[2]), particles([9.0], cut=[0]))
    assert len(table) == 4 and table["touches_edge"].sum() == 2
    (mean,) = mean_diameters(table)
    assert (mean["group"], mean["n_particles"], mean["diameter"]) == (0, 2, 5.0)
    assert mean["unit"] == "nm"
    assert table_of(particles([1.0]), unit="")["unit"].tolist() == ["px"]
    assert len(mean_diameters(table_of(particles([])))) == 0


def test_lattice_distances_are_one_over_radii_in_the_unit():
    groups = [spots_at([10.0, 20.0]), spots_at([]), spots_at([25.0])]
    table = ring_table(groups, [[]] * 3, 0.1, "1/nm", None)
    assert isinstance(table, Table) and set(table["unit"]) == {"nm"}
    assert table["group"].tolist() == [0, 0, 2]
    np.testing.assert_allclose(sorted(table["lattice_distance"]), [0.4, 0.5, 1.0])
    with pytest.raises(ValueError, match="calibrated"):
        ring_table(groups, [[]] * 3, 0.1, "px", None)


def test_groups_that_are_not_there_are_refused():
    check_group(np.int64(2), 3)
    for group in (3, -1):
        with pytest.raises(IndexError, match="there are 3 groups"):
            check_group(group, 3)
    with pytest.raises(TypeError, match=r"group=1\.0 must be a whole number"):
        check_group(1.0, 3)
