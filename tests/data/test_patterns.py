"""Laws of the building blocks of diffraction patterns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.data._patterns import (
    EDGE,
    bragg_spots,
    detector_coordinates,
    detector_scale,
    diffuse_rings,
    lattice_vectors,
    polar_vector,
    rotate_vectors,
)

ANGLES = st.floats(-360, 360)


@given(st.integers(2, 60), st.integers(2, 60))
def test_coordinates_are_symmetric_and_end_at_the_edge(rows, columns):
    kx, ky = detector_coordinates((rows, columns))
    np.testing.assert_allclose(kx, -kx[:, ::-1], atol=1e-12)
    np.testing.assert_allclose(ky, -ky[::-1], atol=1e-12)
    half_pixel = detector_scale((rows, columns)) / 2
    assert min(kx.max(), ky.max()) + half_pixel == pytest.approx(EDGE)


@settings(deadline=None, max_examples=25)
@given(st.floats(0.5, 5), st.floats(1, 6), st.floats(0.2, 1), st.floats(0, 5))
def test_rings_are_round_and_of_unit_sum(decay, radius, width, height):
    pattern = diffuse_rings((30, 30), decay, [(radius, width, height)])
    assert pattern.sum() == pytest.approx(1)
    for turned in (np.rot90(pattern), pattern[::-1], pattern.T):
        np.testing.assert_allclose(turned, pattern, atol=1e-12)
    bare = diffuse_rings((30, 30), decay, [])
    assert (np.diff(bare[15, 15:]) < 0).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.integers(16, 40))
def test_spots_have_their_intensities_and_places(seed, size):
    rng = np.random.default_rng(seed)
    vectors = np.array([[-5.0, -5], [5, -5], [0, 5]]) + rng.uniform(-1, 1, (3, 2))
    intensities = rng.uniform(0.2, 1, 3)
    pattern = bragg_spots((size, size), vectors, intensities)
    assert pattern.sum() == pytest.approx(1) and (pattern >= 0).all()
    kx, ky = detector_coordinates((size, size))
    for (x, y), intensity in zip(vectors, intensities, strict=True):
        near = np.hypot(kx - x, ky - y) < 3
        share = pattern[near].sum()
        # Discs of few pixels slip between them a little.
        assert share == pytest.approx(intensity / intensities.sum(), rel=0.25)
        offsets = [(pattern * near * (k - v)).sum() for k, v in ((kx, x), (ky, y))]
        assert np.hypot(*offsets) < 0.5 * share * detector_scale((size, size))


@given(ANGLES, ANGLES, st.floats(0.1, 9))
def test_rotations_add_up_and_are_counter_clockwise_as_seen(one, other, length):
    vector = polar_vector(length, one)
    np.testing.assert_allclose(
        rotate_vectors(vector[np.newaxis], other)[0],
        polar_vector(length, one + other),
        atol=1e-9,
    )
    assert np.hypot(*vector) == pytest.approx(length)
    np.testing.assert_allclose(polar_vector(1, 90), [0, -1], atol=1e-12)  # ky is down


@settings(deadline=None, max_examples=25)
@given(st.floats(1, 4), st.floats(1, 4), st.floats(40, 140), st.floats(1, 9))
def test_a_lattice_is_all_there_is_within_the_cutoff(first, second, angle, cutoff):
    found = lattice_vectors(first, second, angle, cutoff)
    lengths = np.hypot(*found.T)
    assert (lengths > 0).all() and (lengths <= cutoff).all()
    # Of each its opposite too, and as many as a grid that is far too large holds.
    basis = np.stack([polar_vector(first, 0), polar_vector(second, angle)])
    grid = np.stack(np.meshgrid(np.arange(-40, 41), np.arange(-40, 41)), -1)
    every = np.hypot(*(grid.reshape(-1, 2) @ basis).T)
    margin = 1e-9 * cutoff
    assert ((every > 0) & (every < cutoff - margin)).sum() <= len(found)
    assert len(found) <= ((every > 0) & (every < cutoff + margin)).sum()


@pytest.mark.parametrize(("angle", "symmetry"), [(60.0, 6), (90.0, 4)])
def test_lattices_have_their_symmetry(angle, symmetry):
    vectors = lattice_vectors(2.0, 2.0, angle, 7.0)
    turned = rotate_vectors(vectors, 360 / symmetry)
    gaps = np.linalg.norm(turned[:, np.newaxis] - vectors, axis=2).min(axis=1)
    assert gaps.max() < 1e-9
