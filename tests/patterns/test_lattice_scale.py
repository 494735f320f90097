"""Factors between the scales of patterns, whichever way these are turned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.patterns.agglomeration import Treatment
from hspy_cnmf.patterns.geometry import CartesianGeometry
from hspy_cnmf.patterns.grouping import unlike_members
from hspy_cnmf.patterns.lattice_scale import differ_in_scale, scale_factors
from tests.helpers.clustering_cases import CENTER, SHAPE, clustered, rings

LATTICE = ((8.0, 0), (8.0, 60), (8.0, 120), (8.0 * 3**0.5, 30), (8.0 * 3**0.5, 90))


def lattice(factor=1.0, rotation=0.0, stretch=1.0):
    """Return a lattice, wider by a factor; rows are stretched by another."""
    pattern = np.full(SHAPE, 1e-3)
    for radius, azimuth in LATTICE:
        angle = np.deg2rad(np.add(rotation + azimuth, (0, 180)))
        for place in radius * factor * np.exp(1j * angle):
            offset = np.array([-place.imag * stretch, place.real])
            apart = np.indices(SHAPE) - np.reshape(CENTER + offset, (2, 1, 1))
            pattern += np.exp(-(apart**2).sum(axis=0) / 3) * 8 / radius
    return pattern


def compared(patterns, function=scale_factors):
    """Return the scales of patterns, compared as by default."""
    geometry = CartesianGeometry(SHAPE, CENTER)
    polar = geometry.polar(np.array(patterns), 360, (2.0, 22.0))
    return function(polar, np.ones(len(patterns)), Treatment())


@settings(max_examples=15, deadline=None)
@given(st.floats(0.92, 1.08), st.floats(-180, 180))
def test_the_factor_is_found_and_its_error_covers_what_it_is_off(factor, rotation):
    logarithm, error = compared([lattice(), lattice(factor, rotation)])
    expected = np.log(factor) * np.array([[0, 1], [-1, 0]])
    assert (np.abs(logarithm - expected) < 0.004 + 3 * error).all()
    assert (error < 0.01).all()


def test_wider_lattices_are_told_apart_and_strained_ones_are_not():
    factors = np.array([1.0, 1.01, 1.05, 1.05])
    patterns = [lattice(f, r) for f, r in zip(factors, (0, 17, 40, -71), strict=True)]
    apart = np.abs(np.subtract.outer(factors, factors))
    np.testing.assert_array_equal(compared(patterns, differ_in_scale), apart > 0.03)


def test_members_are_unlike_within_their_group_alone():
    labels = np.array([0, 1, 0, 1, 2])
    patterns = [lattice(factor) for factor in (1.0, 1.05, 1.06, 1.05, 1.1)]

    def unlike(polar, weights, treatment):
        return unlike_members(polar, labels, weights, treatment)

    assert np.argwhere(compared(patterns, unlike)).tolist() == [[0, 2], [2, 0]]


def test_a_distortion_is_no_other_spacing():
    """Some directions are longer, others shorter, as the pattern is turned."""
    patterns = [lattice(1.0, rotation, stretch=1.03) for rotation in (0, 15, 30, 45)]
    assert not compared(patterns, differ_in_scale).any()


def test_what_has_no_spots_does_not_differ():
    rng = np.random.default_rng(0)
    noise = rng.poisson(1e3 * (0.1 + rings(12.0)), (3, *SHAPE))
    assert not compared([np.ones(SHAPE), *noise], differ_in_scale).any()


@pytest.mark.parametrize("n", [1, 9])
def test_any_number_of_patterns_is_compared(n):
    """Nine are more than one block of rows."""
    factors = np.linspace(0.96, 1.04, n)
    logarithm, _ = compared([lattice(factor) for factor in factors])
    expected = np.log(factors) - np.log(factors)[:, np.newaxis]
    np.testing.assert_allclose(logarithm, expected, atol=0.01)


def test_lattices_of_unlike_spacing_are_groups_of_their_own():
    """Spots of neighbours in spacing overlap: their patterns look alike."""
    factors = np.repeat([1.0, 1.05, 1.1], 2)
    turns = (0, 11, 25, 41, 7, 52)
    patterns = [lattice(f, r) for f, r in zip(factors, turns, strict=True)]
    clusters = clustered(patterns)
    assert clusters.labels.data.tolist() == [0, 0, 1, 1, 2, 2]
    assert "spacings of lattices differ" in clusters.summary()
    assert clustered(patterns, n_clusters=1).n_clusters == 1
