"""A crystal that others lie on is taken out of their patterns, and only that."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.matrix import Matrix
from hspy_cnmf.solver.substrates import note_of
from tests.helpers.matrices import RADII, RINGS, crystals, halo

N_POSITIONS = 150


def patterns_of(rng, n):
    """Return unit-sum patterns of 30 spots, of which few are in two of them."""
    return crystals(n, rng, n_spots=30)


def films(rng, n):
    """Return maps of n films, which lie anywhere, on a crystal that is everywhere."""
    maps = rng.random((n + 1, N_POSITIONS)) * (rng.random((n + 1, N_POSITIONS)) < 0.3)
    maps[0] = 2 * n + 0.1 * rng.random(N_POSITIONS)
    return maps


def mixed(factors, loadings, shares):
    """Return the same data where all but the first hold shares of that pattern."""
    shares = np.array(shares)
    found, maps = factors.copy(), loadings.copy()
    found[1:] = np.outer(1 - shares, np.ones(RADII.size)) * factors[1:]
    found[1:] += np.outer(shares, factors[0])
    maps[1:] /= (1 - shares)[:, np.newaxis]
    maps[0] -= shares @ maps[1:]
    assert maps.min() >= 0
    np.testing.assert_allclose(maps.T @ found, loadings.T @ factors)
    return found, maps


@settings(deadline=None, max_examples=10)
@given(
    shares=st.lists(st.floats(0.05, 0.6), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
    weighted=st.booleans(),
)
def test_films_let_go_of_their_substrate(shares, seed, weighted):
    rng = np.random.default_rng(seed)
    factors, loadings = patterns_of(rng, len(shares) + 1), films(rng, len(shares))
    found, maps = mixed(factors, loadings, shares)
    even = 0.1 + rng.random(N_POSITIONS) if weighted else None
    scale = np.ones(N_POSITIONS) if even is None else even
    pure, unmixed = Matrix(RINGS, even=even)(found, maps * scale)
    np.testing.assert_allclose(pure, factors, atol=1e-9)
    np.testing.assert_allclose(unmixed, loadings * scale, atol=1e-9)


def test_a_crystal_without_some_of_the_spots_says_nothing():
    rng = np.random.default_rng(3)
    factors, loadings = patterns_of(rng, 3), films(rng, 2)
    found, maps = mixed(factors, loadings, [0.4, 0])
    np.testing.assert_allclose(Matrix(RINGS)(found, maps)[0], factors, atol=1e-9)
    found[2] += factors[0] * rng.uniform(0.1, 2, RADII.size)
    found[2] /= found[2].sum()
    assert Matrix(RINGS)(found, maps)[0] is found


def test_a_pattern_that_is_nearly_all_of_another_stays():
    rng = np.random.default_rng(4)
    factors, loadings = patterns_of(rng, 2), films(rng, 1)
    loadings[0] += 10
    factors[1, np.argmax(factors[1])] *= 30  # bright enough for no copy
    factors[1] /= factors[1].sum()
    assert Matrix(RINGS)(*mixed(factors, loadings, [0.7]))[0] is not factors
    found, maps = mixed(factors, loadings, [0.78])
    assert Matrix(RINGS)(found, maps)[0] is found


def grains(rng):
    """Return maps of two grains side by side."""
    loadings = np.zeros((2, N_POSITIONS))
    loadings[0, : N_POSITIONS // 2] = loadings[1, N_POSITIONS // 2 :] = 1
    return loadings * (1 + rng.random(N_POSITIONS))


def shares_spots(rng):
    """A twin with two thirds of the spots of the crystal that it is in."""
    factors, loadings = patterns_of(rng, 2), films(rng, 1)
    factors[1] += 0.5 * np.where(np.cumsum(factors[0]) < 0.67, factors[0], 0)
    loadings[0] -= 0.3 * loadings[1]
    return factors, loadings


def replaces(rng):
    """An ordered grain has all spots of the disordered one beside it."""
    factors = patterns_of(rng, 2)
    factors[1] = 0.5 * (factors[1] + factors[0])
    return factors, grains(rng)


def varies(rng):
    """All spots of one crystal are in the other, but not as strong."""
    factors, loadings = patterns_of(rng, 2), films(rng, 1)
    factors[1] += 0.5 * factors[0] * rng.uniform(0.1, 2, RADII.size)
    loadings[0] -= 0.3 * loadings[1]
    return factors, loadings


def is_a_copy(rng):
    """The crystal once more, with a faint spot of its own."""
    factors, loadings = patterns_of(rng, 2), films(rng, 1)
    factors[1] = 0.85 * factors[0] + 0.15 * factors[1]
    loadings[0] -= 0.8 * loadings[1]
    return factors, loadings


def is_independent(rng):
    """A crystal that holds all of another one, whose map lacks nothing of it."""
    factors, loadings = patterns_of(rng, 2), films(rng, 1)
    factors[1] = 0.5 * (factors[1] + factors[0])
    return factors, loadings


@pytest.mark.parametrize(
    "scan", [shares_spots, replaces, varies, is_a_copy, is_independent]
)
def test_other_crystals_stay(scan):
    factors, loadings = scan(np.random.default_rng(0))
    factors /= factors.sum(axis=1, keepdims=True)
    found, maps = Matrix(RINGS)(factors, loadings)
    assert found is factors
    assert maps is loadings


@pytest.mark.parametrize("held", [Held(2), Held(0, 1)])
def test_what_is_known_stays(held):
    rng = np.random.default_rng(1)
    given = mixed(patterns_of(rng, 2), films(rng, 1), [0.4])
    assert Matrix(RINGS, held=held)(*given)[0] is given[0]


def test_no_more_of_the_beam_is_taken_out_than_there_is():
    rng = np.random.default_rng(2)
    factors, loadings = patterns_of(rng, 2), films(rng, 1)
    factors[0, RADII.ravel() < 2] = 0.1
    factors /= factors.sum(axis=1, keepdims=True)
    found, maps = mixed(factors, loadings, [0.4])
    assert Matrix(RINGS, n_beam=2)(found, maps)[0] is not found
    found[1, RADII.ravel() < 2] = 0
    assert Matrix(RINGS, n_beam=2)(found, maps)[0] is found


def test_what_was_taken_out_and_what_was_left_is_told():
    rng = np.random.default_rng(5)
    factors, loadings = patterns_of(rng, 3), films(rng, 2)
    assert note_of(Matrix(RINGS).told_of_substrates(factors, loadings)) == ""
    told = Matrix(RINGS).told_of_substrates(*mixed(factors, loadings, [0.4, 0.3]))
    assert told == {"taken_out": [2, 0, 0], "left_in": [0, 0, 0]}
    assert "component 0 was taken out of 2 others" in note_of(told)
    told = Matrix(RINGS).told_of_substrates(*is_independent(rng))
    assert told == {"taken_out": [0, 0], "left_in": [1, 0]}
    assert note_of({}) == note_of(told) == ""  # one may be its twin
    several = note_of({"left_in": [0, 2]})
    assert "component 1 is in that of 2 others, with" in several


def test_it_is_told_as_if_no_crystal_had_rings_of_the_matrix():
    rng = np.random.default_rng(6)
    factors, loadings = patterns_of(rng, 2), films(rng, 1)
    found, maps = mixed(factors, loadings, [0.4])
    found = np.vstack([halo(8), 0.5 * found + 0.5 * halo(8)])
    maps = np.vstack([0 * maps[:1] + 100, 2 * maps])
    assert Matrix(RINGS).told_of_substrates(found, maps)["taken_out"] == [0, 1, 0]
