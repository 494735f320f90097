"""Members of a group beside its mean: what differs is in the uncertainty, and told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.clustering.member_rings import differing, member_radii, with_scatter
from hspy_cnmf.patterns.lattice_distances import RING
from tests.helpers.clustering_cases import CENTER, SHAPE, clustered


def rings_at(*radii, error=0.01):
    """Return rings of spots, strongest first."""
    rings = np.zeros(len(radii), RING)
    rings["radius"] = radii
    rings["lattice_distance"] = 1 / rings["radius"]
    rings["uncertainty"] = rings["lattice_distance"] * error / rings["radius"]
    return rings


def hexagon(radius, rotation=0.0):
    """Return six spots at a radius in pixels, and six more further out."""
    pattern = np.full(SHAPE, 1e-3)
    for k in range(12):
        far, angle = (3**0.5, 30) if k % 2 else (1, 0)
        angle = np.deg2rad(rotation + 30 * k + angle - 30 * (k % 2))
        place = CENTER + far * radius * np.array([-np.sin(angle), np.cos(angle)])
        apart = np.indices(SHAPE) - place[:, None, None]
        pattern += np.exp(-(apart**2).sum(axis=0) / 3) / far
    return pattern


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.95, 1.05), min_size=1, max_size=5), st.floats(1e-3, 1e3))
def test_uncertainties_cover_how_far_members_scatter(factors, scale):
    rings = rings_at(scale, 1.7 * scale, error=0.001 * scale)
    members = [rings_at(1.7 * f * scale, f * scale, error=0) for f in factors]
    radii, errors = member_radii(rings, members)
    scattered = with_scatter(rings, radii, errors)
    np.testing.assert_allclose(radii, np.outer(factors, rings["radius"]), rtol=1e-9)
    expected = np.maximum(0.001**2, np.mean((np.array(factors) - 1) ** 2))
    variance = (scattered["uncertainty"] / scattered["lattice_distance"])[0] ** 2
    assert expected * (1 - 1e-6) <= variance <= expected + 0.001**2
    for name in ("radius", "lattice_distance", "n_spots", "intensity"):
        np.testing.assert_array_equal(scattered[name], rings[name])


def test_without_members_all_stays():
    rings = rings_at(1.0, 2.0)
    radii, errors = member_radii(rings, [])
    np.testing.assert_array_equal(with_scatter(rings, radii, errors), rings)
    assert not differing(radii, errors).any()


@pytest.mark.parametrize(
    ("factor", "error", "differs"), [(1.015, 1e-4, False), (1.05, 1e-4, True)]
)
def test_members_of_one_crystal_differ_as_spots_of_a_ring(factor, error, differs):
    members = [rings_at(1.0, error=error), rings_at(factor, error=error)]
    radii = member_radii(rings_at((1 + factor) / 2), members)
    assert differing(*radii).tolist() == [differs]


def test_rings_that_a_member_does_not_have_are_unknown():
    members = [rings_at(1.0, 2.5), rings_at(), rings_at(1.6)]
    radii, _ = member_radii(rings_at(1.0, 1.7), members)
    expected = [[1, np.nan], [np.nan, np.nan], [np.nan, 1.6]]
    np.testing.assert_array_equal(radii, expected)


@pytest.mark.parametrize("ratio", [1.0, 1.06])
def test_groups_of_two_crystals_are_told(ratio):
    """The mean of two lattices is that of neither, however sharp its spots."""
    patterns = [hexagon(10.0), hexagon(10.0 * ratio, rotation=17)]
    table = clustered(patterns, n_clusters=1).lattice_distances()
    first = table[table["lattice_distance"].argmax()]
    off = abs(first["lattice_distance"] - 1.0)
    assert off < 1.5 * first["uncertainty"]
    assert ("different crystals" in table.note) == (ratio != 1)
    alone = clustered(patterns, n_clusters=2).lattice_distances()
    assert not alone.note
