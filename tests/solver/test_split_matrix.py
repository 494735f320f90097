"""Parts of a split matrix become one, and nothing else does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.matrix import Matrix
from hspy_cnmf.solver.split_matrix import put_together, without_copies
from tests.helpers.matrices import (
    RADII,
    RINGS,
    crystals,
    halo,
    no_matrix,
    only_a_matrix,
    rings_of_their_own,
    two_matrices,
)


@settings(deadline=None, max_examples=25)
@given(
    shares=st.lists(st.floats(0.05, 0.9), min_size=1, max_size=3),
    noise=st.floats(0, 0.02),
    held=st.booleans(),
    seed=st.integers(0, 100),
)
def test_copies_of_the_matrix_go_back_into_it(shares, noise, held, seed):
    rng = np.random.default_rng(seed)
    true = np.vstack([halo(8), crystals(3, rng)])
    loadings = rng.random((4, 50))
    loadings[0] += 4
    parts = np.array([1.0, *shares]) / (1 + sum(shares))
    # Parts of the matrix follow other maps.
    maps = (
        parts[:, np.newaxis] * loadings[0] * (0.9 + 0.2 * rng.random((len(parts), 50)))
    )
    copies = halo(8) * (1 + noise * rng.standard_normal((len(shares), RADII.size)))
    factors = np.vstack([true[0], copies, true[1:]])
    given = np.vstack([maps, loadings[1:]])
    matrix = Matrix(RINGS, held=Held(int(held), 0))
    found, own = without_copies(matrix, factors, given, np.inf)
    kept = [0, *range(len(parts), len(factors))]
    if not held:
        kept[0] = int(np.argmax(np.linalg.norm(maps, axis=1)))
    np.testing.assert_array_equal(found, factors[kept])
    np.testing.assert_allclose(own.sum(axis=0), given.sum(axis=0))
    assert without_copies(matrix, found, own, np.inf)[0] is found


def test_crystals_on_a_level_of_all_patterns_are_no_copies():
    rng = np.random.default_rng(0)
    factors = np.vstack([halo(8), crystals(3, rng)]) + 1.0
    factors /= factors.sum(axis=1, keepdims=True)
    loadings = rng.random((4, 50))
    matrix, noise = Matrix(RINGS), 1e-6 * np.square(loadings.T @ factors).sum()
    merged, _ = without_copies(matrix, factors, loadings, np.inf)
    kept, maps = without_copies(matrix, factors, loadings, noise)
    assert len(merged) < 4 and kept is factors and maps is loadings


def split(rng, second_map):
    """Return a matrix and crystals in it, whose matrix is split into two patterns.

    Crystals hold shares of both; `second_map` is what the second has beyond these.
    """
    parts = np.stack([halo(8), halo(10)])
    spots = crystals(4, rng)
    loadings = rng.random((4, 50))
    shares = 0.2 + 0.2 * rng.random((2, 4))
    factors = np.vstack([parts, spots + shares.T @ parts])
    matrix = 4 + rng.random(50)
    maps = np.stack([3 * matrix, second_map(matrix)]) - shares @ loadings
    return factors, np.vstack([maps, loadings]), spots


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 100), scaled=st.booleans())
def test_amorphous_parts_of_one_map_are_put_together(seed, scaled):
    rng = np.random.default_rng(seed)
    factors, loadings, spots = split(rng, lambda matrix: matrix)
    scale = 0.5 + rng.random(RADII.size) if scaled else np.ones(RADII.size)
    matrix = Matrix(RINGS, scale if scaled else None)
    found, maps = put_together(matrix, factors / scale, loadings, least=1e-6)
    assert len(found) == len(factors) - 1
    np.testing.assert_allclose(maps.T @ found * scale, loadings.T @ factors, rtol=5e-3)
    np.testing.assert_allclose(found[1:] * scale, spots, atol=1e-4)
    assert put_together(matrix, found, maps, least=1e-6)[0] is found


def test_amorphous_parts_of_two_maps_stay():
    rng = np.random.default_rng(0)
    factors, loadings, _ = split(rng, lambda matrix: 2 + 3 * rng.random(50))
    found, maps = put_together(Matrix(RINGS), factors, loadings, least=1e-4)
    assert found is factors and maps is loadings


@pytest.mark.parametrize(
    ("change", "least"), [(without_copies, np.inf), (put_together, 1e-6)]
)
@pytest.mark.parametrize(
    "make", [no_matrix, two_matrices, rings_of_their_own, only_a_matrix]
)
def test_what_is_neither_a_copy_nor_split_stays(make, change, least):
    rng = np.random.default_rng(0)
    factors = make(rng)
    loadings = rng.random((len(factors), 50))
    found, maps = change(Matrix(RINGS), factors, loadings, least)
    assert found is factors and maps is loadings


def test_what_is_known_is_not_put_together():
    factors, loadings, _ = split(np.random.default_rng(0), lambda matrix: matrix)
    known = Matrix(RINGS, held=Held(1, 0))
    assert put_together(known, factors, loadings, least=1.0)[0] is factors


def test_a_map_of_the_matrix_that_is_known_takes_nothing_up():
    factors, loadings = np.stack([halo(8), halo(8)]), np.ones((2, 50))
    found, _ = without_copies(Matrix(RINGS, held=Held(0, 1)), factors, loadings, np.inf)
    assert found is factors
