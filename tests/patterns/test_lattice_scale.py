"""Factors between the scales of patterns, whichever way these are turned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.patterns.agglomeration import FURTHEST, Treatment, rotation_onto
from hspy_cnmf.patterns.geometry import CartesianGeometry
from hspy_cnmf.patterns.lattice_scale import differ_in_scale, scale_factor
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


def compared(first, second, function=scale_factor):
    """Compare two patterns, the second turned onto the first."""
    geometry = CartesianGeometry(SHAPE, CENTER)
    polar = geometry.polar(np.array([first, second]), 360, (2.0, 22.0))
    spectra = Treatment().spectra(polar)
    turn = rotation_onto(spectra[[0]], spectra[[1]], Treatment())
    pair = polar[0], polar[1].turn(*turn)
    return function(*(one.structure(5.0, 0.0)[0] for one in pair), polar.radii)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.92, 1.08), st.floats(-180, 180))
def test_the_factor_is_found_to_a_quarter_of_a_pixel(factor, rotation):
    logarithm, error = compared(lattice(), lattice(factor, rotation))
    assert abs(logarithm - np.log(factor)) < 0.25 / 22
    assert error < 0.25 / 22


@pytest.mark.parametrize("factor", [0.95, 0.99, 1.01, 1.05])
def test_wider_lattices_are_told_apart_and_strained_ones_are_not(factor):
    pair = lattice(), lattice(factor, 17)
    assert compared(*pair, differ_in_scale) == (abs(factor - 1) > 0.02)


@pytest.mark.parametrize("rotation", [15, 30, 45, 90])
def test_a_distortion_is_no_other_spacing(rotation):
    """Some directions are longer, others shorter, as the pattern is turned."""
    pair = lattice(stretch=1.03), lattice(rotation=rotation, stretch=1.03)
    assert not compared(*pair, differ_in_scale)


def test_what_has_no_spots_does_not_differ():
    rng = np.random.default_rng(0)
    noise = rng.poisson(1e3 * (0.1 + rings(12.0)), (2, *SHAPE))
    assert not compared(*noise, differ_in_scale)
    even = np.ones(SHAPE)
    assert compared(even, even) == (0, 0)


@pytest.mark.parametrize("radial_range", [(0.5, 0.54), (0.0, 0.1)])
def test_a_single_ring_has_no_scale(radial_range):
    patterns = [lattice(), lattice(1.05, 20), lattice(1.1, 40)]
    clusters = clustered(patterns, radial_range=radial_range)
    assert clusters.labels.data.shape == (3,)


def test_lattices_of_unlike_spacing_are_groups_of_their_own():
    """Spots of neighbours in spacing overlap: their patterns look alike."""
    factors = np.repeat([1.0, 1.05, 1.1], 2)
    turns = (0, 11, 25, 41, 7, 52)
    patterns = [lattice(f, r) for f, r in zip(factors, turns, strict=True)]
    clusters = clustered(patterns)
    assert clusters.labels.data.tolist() == [0, 0, 1, 1, 2, 2]
    assert clusters.dendrogram.data[-2:, 2] == pytest.approx(FURTHEST)
    assert clustered(patterns, n_clusters=1).n_clusters == 1
    published = clustered(patterns, similarity="cross-correlation")
    assert published.dendrogram.data[:, 2].max() < 0.4
