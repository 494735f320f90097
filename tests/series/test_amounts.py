"""Amounts of components, by numbers whose truth is known."""

import numpy as np

from hspy_cnmf.maps.particle_size import projected_sphere
from hspy_cnmf.maps.particles import find_particles
from hspy_cnmf.series.amounts import (
    count_shares,
    mean_diameter,
    number_density,
    relative_spread,
    stand_out,
)

SIDES = np.array([60.0, 60.0])


def spheres(diameters, places):
    y, x = np.ogrid[:60, :60]
    maps = np.zeros((1, 60, 60))
    for d, (row, column) in zip(diameters, places, strict=True):
        maps[0] += d * projected_sphere(np.hypot(y - row, x - column), d, 1.0)
    return find_particles(maps, (1.0, 1.0), blur=1.0)


def test_uncertainties_of_shares_are_those_of_counts():
    rng = np.random.default_rng(0)
    factors = rng.random((3, 40)) ** 2
    factors /= factors.sum(axis=1, keepdims=True)
    totals = np.array([5e4, 2e4, 1e4])
    shares, errors = count_shares(factors, totals)
    drawn = rng.poisson(totals @ factors, (4000, 40))
    found = drawn @ np.linalg.pinv(factors)
    found /= found.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, totals / totals.sum())
    np.testing.assert_allclose(errors, found.std(axis=0), rtol=0.06)


def test_a_share_of_zero_is_as_uncertain_as_what_could_be_found():
    rng = np.random.default_rng(0)
    factors = rng.random((3, 40)) ** 2
    factors /= factors.sum(axis=1, keepdims=True)
    totals = np.array([5e4, 2e4, 0])
    shares, errors = count_shares(factors, totals)
    drawn = rng.poisson(totals @ factors, (4000, 40))
    found = drawn @ np.linalg.pinv(factors)
    found /= found.sum(axis=1, keepdims=True)
    assert shares[2] == 0
    np.testing.assert_allclose(errors, found.std(axis=0), rtol=0.06)


def test_empty_components_have_no_share():
    shares, errors = count_shares(np.eye(3)[:, :2], np.array([1.0, 3.0, 0.0]))
    np.testing.assert_allclose(shares, [0.25, 0.75, 0])
    assert errors[2] == 0 and np.isfinite(errors).all()


def test_densities_and_diameters_of_whole_spheres():
    found = spheres([6.0, 8.0], [(20.3, 15.1), (40.0, 41.5)])
    density = number_density(found, SIDES, 3600.0)
    assert density.n_particles == 2
    assert 2 / 3600 < density.value < 1.5 * 2 / 3600
    assert np.isclose(density.uncertainty, density.value * np.sqrt(3) / 2, rtol=0.01)
    diameter = mean_diameter(found, SIDES)
    assert abs(diameter.value - 7) < 0.3 < diameter.uncertainty


def test_no_particle_is_less_than_one():
    none = spheres([], [])
    density = number_density(none, SIDES, 3600.0)
    assert (density.value, density.uncertainty) == (0, 1 / 3600)
    assert np.isnan(mean_diameter(none, SIDES).value)


def test_a_single_particle_has_the_spread_of_the_others():
    one = spheres([8.0], [(30.0, 30.0)])
    two = spheres([6.0, 8.0], [(20.0, 15.0), (40.0, 41.0)])
    spread = relative_spread([one, two])
    assert abs(spread - np.sqrt(2) / 7) < 0.02 and relative_spread([one]) == 0
    alone, known = (mean_diameter(one, SIDES, s).uncertainty for s in (0, spread))
    assert alone < 0.1 * 8 < 2 * 0.1 * 8 < 2 * known


def test_noise_of_a_scan_without_particles_does_not_stand_out():
    found = spheres([8.0], [(30.0, 30.0)])
    faint = found.copy()
    faint["height"] /= 20
    kept = stand_out([found, faint, found[:0]], 0.1)
    assert [len(own) for own in kept] == [1, 0, 0]
