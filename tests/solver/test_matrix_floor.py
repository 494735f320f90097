"""Laws of the floor under a matrix, whose rings have holes under many spots."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf.constraints import AzimuthalFloor, RadialFloor, Sparsity
from hspy_cnmf.constraints.rings import pixel_radii
from hspy_cnmf.solver.matrix import Matrix
from hspy_cnmf.solver.matrix_floor import MatrixFloor, without_holes

SHAPE, CENTER = (33, 33), (16, 16)
KEEP = np.ones(SHAPE, bool)
RADII = pixel_radii(SHAPE, CENTER)
ROBUST, PUBLISHED = RadialFloor(), RadialFloor(level="mean")


def rings(first):
    """Return diffuse rings of a first radius in pixels."""
    return 2 * np.exp(-0.5 * ((RADII - first) / 2) ** 2) + np.exp(-RADII / 6) + 0.05


def off_spots(radius, order, turn=0.0):
    """Return distances from spots, that many on a ring, (order, rows, columns)."""
    angles = turn + 2 * np.pi * np.arange(order) / order
    row, column = 16 + radius * np.array([np.sin(angles), np.cos(angles)])
    off = np.indices(SHAPE)[:, np.newaxis] - np.array([row, column])[..., None, None]
    return np.hypot(*off)


def near_spots(radius, order, width=1.5):
    """Return which pixels are near spots of a first radius, that many on the ring."""
    return off_spots(radius, order).min(axis=0) <= width


@given(st.floats(7, 11), st.integers(3, 6), st.floats(0.45, 0.6))
def test_a_matrix_with_many_holes_is_raised_as_published(first, order, left):
    matrix = np.where(near_spots(first, order), left, 1) * rings(first)
    raised = MatrixFloor(ROBUST)(matrix[np.newaxis])
    np.testing.assert_array_equal(raised, PUBLISHED(matrix[np.newaxis]))


@given(st.floats(7, 11), st.integers(4, 8))
def test_what_is_between_discs_is_left_dark(radius, order):
    """However bright a direct beam is, which tells nothing."""
    discs = np.where(near_spots(radius, order, 2.5), 3.0, 0)
    discs[RADII < 3.5] = 1000
    found = MatrixFloor(ROBUST, n_beam=4)(discs[np.newaxis])
    np.testing.assert_array_equal(found, ROBUST(discs[np.newaxis]))


def test_each_pattern_of_a_stack_has_its_own_floor():
    matrix = np.where(near_spots(9, 5), 0.2, 1) * rings(9)
    crystal = np.where(near_spots(9, 5), 30.0, 0)
    both, floor = np.stack([crystal, matrix]), MatrixFloor(ROBUST)
    for k in (0, 1):
        np.testing.assert_array_equal(floor(both)[k], floor(both[k : k + 1])[0])
    np.testing.assert_array_equal(floor(both)[0], crystal)


def test_only_robust_floors_change_and_only_where_a_matrix_is_asked_for():
    matrix = Matrix(ROBUST.rings(KEEP), n_beam=3)
    others = PUBLISHED, Sparsity(0.1), None
    assert all(without_holes(c, matrix) is c for c in others)
    assert without_holes(ROBUST, None) is ROBUST
    for floor in (ROBUST, AzimuthalFloor()):
        (found, _) = without_holes([floor, Sparsity(0.1)], matrix)
        assert (found.floor, found.n_beam) == (floor, 3)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_matrix_under_the_spots_of_sharp_particles_is_found(seed):
    """The robust floor alone leaves cosines of 0.908 and 0.907."""
    rng = np.random.default_rng(seed)
    matrix = 3 * np.exp(-(((RADII - 7) / 2.5) ** 2)) + 2 * np.exp(-RADII / 5) + 0.1
    patterns, maps = [matrix], [np.ones((24, 24))]
    for turn in 0.4 + 0.35 * np.arange(3):
        patterns.append(30 * np.exp(-(off_spots(8.5, 6, turn) ** 2)).sum(axis=0))
        places = rng.uniform(3, 21, (4, 2))
        off = np.indices((24, 24)) - places[..., np.newaxis, np.newaxis]
        maps.append(np.hypot(off[:, 0], off[:, 1]).min(axis=0) < 4)
    mean = np.tensordot(np.array(maps, float), patterns, (0, 0))
    scan = ElectronDiffraction2D(rng.poisson(mean).astype("uint16"))
    scan.decomposition(
        algorithm="constrained_nmf",
        output_dimension=4,
        n_init=1,
        random_state=0,
        print_info=False,
    )
    found = scan.get_decomposition_factors().data.reshape(4, -1)
    cosines = found @ matrix.ravel() / np.linalg.norm(found, axis=1)
    assert cosines.max() > 0.975 * np.linalg.norm(matrix)
