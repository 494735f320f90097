"""Laws of descan: a movement is measured where there is one, masked beam or not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import shift

from hspy_cnmf.patterns.descan import (
    cells_of_scan,
    inversion_center,
    measure_descan,
)

N, CENTER = 48, (23.0, 25.5)


def pattern(seed, center=CENTER, beam=True):
    """Return a pattern with the symmetry of inversion: a beam, rings and spots."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:N, :N]
    radius = np.hypot(row - center[0], column - center[1])
    result = 20 * np.exp(-((radius - 12) ** 2) / 20) + 5
    if beam:
        result = result + 3000 * np.exp(-(radius**2) / 6)
    for y, x in rng.uniform(-18, 18, (6, 2)):
        for sign in (-1, 1):
            at = center[0] + sign * y, center[1] + sign * x
            result = result + 200 * np.exp(
                -((row - at[0]) ** 2 + (column - at[1]) ** 2) / 2
            )
    return result


def cells(movement, masked=False, dose=1.0):
    """Return mean patterns of cells whose crystals differ, and where cells are."""
    _, places = cells_of_scan(np.ones((24, 24), bool))
    rng = np.random.default_rng(0)
    patterns = []
    for k, place in enumerate(places):
        moved = np.array(CENTER) + np.array(movement) * place
        patterns.append(rng.poisson(dose * pattern(k, tuple(moved))).astype(float))
    patterns = np.array(patterns)
    if masked:
        row, column = np.mgrid[:N, :N]
        hidden = np.hypot(row - CENTER[0], column - CENTER[1]) < 6
        patterns[:, hidden] = np.nan
    return patterns, places


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 999),
    st.tuples(st.floats(19, 28), st.floats(19, 28)),
    st.booleans(),
)
def test_the_centre_of_inversion_is_found_to_a_tenth_of_a_pixel(seed, center, beam):
    found = inversion_center(pattern(seed, center, beam), CENTER)
    assert np.allclose(found, center, atol=0.1)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("movement", [(0, 0), (1.5, 0), (0, -3), (3, 4)])
def test_the_movement_over_the_scan_is_measured(movement, masked):
    descan = measure_descan(*cells(movement, masked), CENTER)
    expected = np.hypot(*movement)
    assert abs(descan.movement - expected) < max(0.2, 5 * descan.uncertainty)
    assert descan.is_significant == (expected > 0.7)
    assert f"{descan.movement:.1f} pixels" in descan.summary()


@pytest.mark.parametrize("moves", [False, True])
def test_spots_that_stay_are_no_descan_whatever_is_bright(moves):
    """Where a crystal bends, the bright ones of its spots are here, and then there."""
    _, places = cells_of_scan(np.ones((24, 24), bool))
    shifts = (8 * places)[:, :, np.newaxis, np.newaxis]
    offsets = np.mgrid[:N, :N] - np.reshape(CENTER, (2, 1, 1))
    of_spots = offsets - shifts if moves else offsets[np.newaxis]
    spots = np.exp(3 * np.cos(of_spots * (2 * np.pi / 8))).prod(axis=1)
    bright = np.exp(-((offsets - shifts) ** 2).sum(axis=1) / 128)
    descan = measure_descan(spots * bright, places, CENTER)
    assert descan.is_far and descan.is_significant == moves


def test_few_counts_make_the_movement_uncertain():
    low = measure_descan(*cells((2, 0), dose=0.02), CENTER)
    high = measure_descan(*cells((2, 0), dose=2), CENTER)
    assert low.uncertainty > 2 * high.uncertainty


def test_a_wrong_cell_does_not_decide():
    patterns, places = cells((0, 0))
    patterns[7] = shift(patterns[7], (5, -4), mode="nearest")
    assert not measure_descan(patterns, places, CENTER).is_significant


@given(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.integers(0, 99))
def test_cells_divide_the_positions_that_take_part(shape, seed):
    keep = np.random.default_rng(seed).random(shape) < 0.8
    keep.flat[0] = True
    found, places = cells_of_scan(keep)
    assert found.shape == (np.count_nonzero(keep),)
    np.testing.assert_array_equal(np.unique(found), np.arange(len(places)))
    where = (np.argwhere(keep) + 0.5) / np.array(shape) - 0.5
    means = [where[found == k].mean(axis=0) for k in range(len(places))]
    np.testing.assert_allclose(places, means, atol=1e-12)
    assert len(places) <= 36 and np.all(np.abs(places) < 0.5)


def test_too_few_cells_tell_nothing():
    patterns, places = cells((2, 0))
    assert measure_descan(patterns[:3], places[:3], CENTER) is None


def test_patterns_without_anything_tell_nothing():
    patterns, places = cells((2, 0))
    assert measure_descan(np.full_like(patterns, np.nan), places, CENTER) is None
    assert measure_descan(np.zeros_like(patterns), places, CENTER) is None
