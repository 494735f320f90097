"""What a map shows of another crystal goes back, where that one has holes."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hspy_cnmf.constraints.rings import Rings, pixel_radii
from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.ghosts import exchanged_by
from hspy_cnmf.solver.matrix import Matrix

RADII = np.round(pixel_radii((32, 32), (15.5, 15.5)).ravel())
RINGS = Rings.from_radii(RADII)
#: What crystal 1 holds of the matrix, and what the map of crystal 2 shows of it.
SHARE, GHOST = 4.0, 0.55
TOTAL = 1 + SHARE - GHOST


def scan(rng, inside=False):
    """Return unit-sum patterns and maps of two crystals and the matrix they are in.

    The crystals share half of their spots; they are side by side, or one inside the
    other.
    """
    factors = np.zeros((3, RADII.size))
    factors[0] = np.exp(-RADII / 40)
    free = np.flatnonzero(RADII > 4)
    places = rng.choice(free, len(free) * 3 // 10, replace=False)
    third = len(places) // 3
    factors[1, places[: 2 * third]] = factors[2, places[third:]] = 1
    loadings = np.zeros((3, 90))
    loadings[0] = 12 + rng.random(90)
    loadings[1, :30] = loadings[2, 30:60] = 1 + rng.random(30)
    loadings[2, :30] = inside
    return factors / factors.sum(axis=1, keepdims=True), loadings


def exchanged(factors, loadings):
    """Return the same data with a ghost in map 2, and holes in crystal 1."""
    found, maps = factors.copy(), loadings.copy()
    found[1] = (factors[1] + SHARE * factors[0] - GHOST * factors[2]) / TOTAL
    maps[0] -= SHARE * loadings[1]
    maps[1] *= TOTAL
    maps[2] += GHOST * loadings[1]
    assert found.min() >= 0
    np.testing.assert_allclose(maps.T @ found, loadings.T @ factors)
    return found, maps


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), scaled=st.booleans())
def test_ghosts_and_holes_go_back(seed, scaled):
    rng = np.random.default_rng(seed)
    factors, loadings = scan(rng)
    # Of a ring half full of spots, here the one of 16 pixels, nothing is known.
    assume(np.mean(factors[1:, RADII == 20] > 0, axis=1).max() < 0.5)
    found, maps = exchanged(factors, loadings)
    scale = 0.5 + rng.random(RADII.size) if scaled else np.ones(RADII.size)
    one = Matrix(RINGS, scale if scaled else None)
    amounts = exchanged_by(found[1:], maps[1:], RINGS)
    np.testing.assert_allclose(amounts, [[0, GHOST / TOTAL], [0, 0]])
    found, maps = one(found / scale, maps)
    np.testing.assert_allclose(found * scale, factors, atol=1e-12)
    np.testing.assert_allclose(maps, loadings, atol=1e-9)


@pytest.mark.parametrize("inside", [False, True])
def test_without_holes_maps_stay(inside):
    factors, loadings = scan(np.random.default_rng(0), inside)
    factors[1] = (factors[1] + SHARE * factors[0]) / (1 + SHARE)
    assert not exchanged_by(factors[1:], loadings[1:], RINGS).any()


@pytest.mark.parametrize("held", [Held(2), Held(0, 3)])
def test_what_is_known_is_not_exchanged(held):
    factors, loadings = exchanged(*scan(np.random.default_rng(0)))
    found, maps = Matrix(RINGS, held=held)(factors, loadings)
    assert found is factors
    assert maps is loadings
