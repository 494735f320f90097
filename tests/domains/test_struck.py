"""Laws of cells that rays struck, and of those that flicker."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains import struck
from hspy_cnmf.domains.struck import electron, repair

CELLS = np.ones((8, 8), bool)


def scan(seed, shape=(9, 10)):
    """Two halves that differ in a spot, in counts, (n_positions, 64)."""
    rng = np.random.default_rng(seed)
    expected = np.full((*shape, 8, 8), 2.0)
    expected[:, : shape[1] // 2, 2, 2] = expected[:, shape[1] // 2 :, 5, 6] = 60
    return rng.poisson(expected).reshape(-1, 64).astype(np.float32)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_counts_stay_as_they_are_and_rays_do_not(seed, gain):
    """Whatever an electron counts, and where positions are left out."""
    rng = np.random.default_rng(seed)
    keep = rng.random((9, 10)) < 0.8
    counts = scan(seed)[keep.ravel()] * np.float32(gain)
    repaired = counts.copy()
    repair(repaired, keep, CELLS)
    np.testing.assert_array_equal(repaired, counts)
    places = rng.choice(len(counts), 3, replace=False), [7, 20, 33]
    hit = counts.copy()
    hit[places] += np.float32(1000 * gain)
    repair(hit, keep, CELLS)
    assert (hit[places] <= 10 * gain).all()
    hit[places] = counts[places]
    np.testing.assert_array_equal(hit, counts)


def test_crystals_of_one_position_stay():
    patterns = scan(0)
    patterns[44, [9, 12, 30, 48, 51]] += 500
    repaired = patterns.copy()
    repair(repaired, np.ones((9, 10), bool), CELLS)
    np.testing.assert_array_equal(repaired, patterns)


def test_spots_that_jitter_by_a_cell_stay():
    rng = np.random.default_rng(0)
    patterns = scan(1).reshape(-1, 8, 8)
    patterns = np.stack([np.roll(p, rng.integers(2), axis=1) for p in patterns])
    repaired = patterns.reshape(-1, 64).copy()
    repair(repaired, np.ones((9, 10), bool), CELLS)
    np.testing.assert_array_equal(repaired, patterns.reshape(-1, 64))


def test_rays_that_strike_beside_each_other_are_both_repaired():
    patterns = scan(0)
    patterns[44, 28] += 900
    patterns[45, 29] += 1000
    repair(patterns, np.ones((9, 10), bool), CELLS)
    assert patterns.max() < 200


def test_what_flickers_is_left_out():
    rng = np.random.default_rng(2)
    patterns = scan(2, (20, 20))
    patterns[rng.random(400) < 0.1, 12] = 300
    repair(patterns, np.ones((20, 20), bool), CELLS)
    assert np.flatnonzero(~patterns.any(axis=0)) == [12]


def test_parts_of_a_scan_are_repaired_as_the_whole(monkeypatch):
    whole = scan(3)
    whole[[14, 44, 87], [7, 20, 33]] += 1000
    parts = whole.copy()
    repair(whole, np.ones((9, 10), bool), CELLS)
    monkeypatch.setattr(struck, "_SLAB", 2 * 10 * 64)
    repair(parts, np.ones((9, 10), bool), CELLS)
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40,)])
def test_scans_of_a_line_or_a_position(shape):
    patterns = scan(5, (1, 40))[: np.prod(shape)]
    patterns[0, 3] = 500
    repair(patterns, np.ones(shape, bool), CELLS)
    # Of a position alone nothing is told.
    assert (patterns[0, 3] == 500) == (shape == (1, 1))


def test_an_electron_is_told_by_the_least_scatter():
    patterns = 7 * scan(4, (30, 30))
    assert electron(patterns) == pytest.approx(7, rel=0.15)
