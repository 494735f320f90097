"""Laws of bad pixels: clean scans have none, broken ones are found, and no others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import data as data_sets
from hspy_cnmf.patterns.bad_pixels import find_bad_pixels

N = 48


def scan(seed, dose=3000.0, sigma=0.8, n_positions=64):
    """Return counts of two crystals' spots over diffuse rings, (positions, N, N)."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:N, :N] - (N - 1) / 2
    radius = np.hypot(row, column)
    patterns = []
    for _ in range(2):
        angle = rng.uniform(0, np.pi / 2)
        turn = np.array(
            [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
        )
        pattern = 0.4 * np.exp(-((radius - 12) ** 2) / 30) + 0.2
        for i, j in np.ndindex(5, 5):
            y, x = 9 * np.array([i - 2, j - 2]) @ turn
            pattern += 15 * np.exp(-((row - y) ** 2 + (column - x) ** 2) / 2 / sigma**2)
        patterns.append(pattern / pattern.sum())
    shares = rng.dirichlet((1, 1), n_positions)
    return rng.poisson(dose * np.tensordot(shares, patterns, 1)).astype(float)


def found(data):
    return find_bad_pixels(data.sum(axis=0), (data**2).sum(axis=0), len(data))


def places(seed, n):
    """Return n pixels, none of them on the outermost rows and columns."""
    rng = np.random.default_rng(seed)
    inner = rng.choice((N - 2) ** 2, n, replace=False)
    return inner // (N - 2) + 1, inner % (N - 2) + 1


seeds = st.integers(0, 10_000)
doses = st.sampled_from([300.0, 3000.0, 30000.0])
sigmas = st.sampled_from([0.6, 0.8, 1.5])


@settings(max_examples=25, deadline=None)
@given(seeds, doses, sigmas)
def test_a_clean_scan_has_none(seed, dose, sigma):
    assert not found(scan(seed, dose, sigma)).all.any()


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("dose", [100, 3000, 1e5])
@pytest.mark.parametrize("name", ["kinematic_silver_twins", "iron_grains"])
def test_spots_that_end_sharply_are_not_beside_dead_pixels(name, dose, seed):
    """Between such spots, and at the detector's edge, it is dark without a defect."""
    make = getattr(data_sets, name)
    scan = make((9, 10), detector_shape=(N, N), dose=dose, random_state=seed)
    assert not found(scan.data.reshape(-1, N, N).astype(float)).dead.any()


@pytest.mark.parametrize("n_positions", [3, 5, 10])
def test_few_positions_do_not_make_an_electron_less(n_positions):
    """Their variance is low in a tenth of the pixels, by chance."""
    bad = found(scan(4, 3000, n_positions=n_positions))
    assert not bad.all.any()
    assert 0.7 < found(scan(4, 3e5, n_positions=n_positions)).gain


@settings(max_examples=10, deadline=None)
@given(seeds, st.sampled_from([1, 3]))
def test_few_counts_tell_of_whole_rows_and_columns(seed, width):
    """Single pixels of so few would not be told."""
    data = scan(seed, 250.0)
    gap = np.zeros((N, N), bool)
    gap[20 : 20 + width] = gap[:, 30 : 30 + width] = True
    data[:, gap] = 0
    assert np.median(data.sum(axis=0)[~gap]) < 8
    np.testing.assert_array_equal(found(data).dead, gap)


@settings(max_examples=15, deadline=None)
@given(seeds, sigmas, st.sampled_from([1, 40, 150]))
def test_dead_pixels_are_found_and_no_others(seed, sigma, n):
    data = scan(seed, 30000, sigma)
    broken = np.zeros((N, N), bool)
    broken[places(seed, n)] = True
    data[:, broken] = 0
    bad = found(data)
    np.testing.assert_array_equal(bad.dead, broken)
    assert not bad.hot.any() and not bad.stuck.any()


@settings(max_examples=15, deadline=None)
@given(seeds, doses, st.sampled_from([1, 20]))
def test_hot_pixels_are_found_and_no_others(seed, dose, n):
    data = scan(seed, dose)
    broken = np.zeros((N, N), bool)
    broken[places(seed, n)] = True
    rate = 30 * data.mean(axis=0).max()
    data[:, broken] += np.random.default_rng(seed).poisson(rate, (len(data), n))
    bad = found(data)
    np.testing.assert_array_equal(bad.hot, broken)
    assert not bad.dead.any() and not bad.stuck.any()


@pytest.mark.parametrize("value", [0.0, 4.0, 65535.0, 2.0**32 - 1])
@pytest.mark.parametrize("width", [1, 3])
def test_a_gap_between_tiles_is_found_whatever_stands_in_it(value, width):
    data = scan(3, 30000)
    data[:, 20 : 20 + width] = value
    data[:, :, 30 : 30 + width] = value
    bad = found(data)
    gap = np.zeros((N, N), bool)
    gap[20 : 20 + width] = gap[:, 30 : 30 + width] = True
    assert bad.all[gap].all()
    assert np.count_nonzero(bad.all & ~gap) <= 2  # spots that the gap cuts


def test_a_saturated_disc_is_stuck():
    row, column = np.mgrid[:N, :N] - (N - 1) / 2
    beam = np.hypot(row, column) < 4
    data = scan(1, 3000)
    data[:, beam] = 255
    np.testing.assert_array_equal(found(data).stuck, beam)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_pixels_are_bad_however_the_detector_is_turned(seed):
    data = scan(seed)
    data[(slice(None), *places(seed, 9))] = 0
    data[(slice(None), *places(seed + 1, 5))] += 5000
    bad = found(data).all
    np.testing.assert_array_equal(found(data[:, ::-1]).all, bad[::-1])
    np.testing.assert_array_equal(found(data.transpose(0, 2, 1)).all, bad.T)


@pytest.mark.parametrize("gain", [2.0, 37.0, 0.25])
def test_counts_may_come_with_a_gain(gain):
    data = scan(5)
    data[(slice(None), *places(5, 20))] = 0
    np.testing.assert_array_equal(found(gain * data).dead, found(data).dead)


def test_masked_pixels_are_never_bad():
    data = scan(6, 30000)
    data[:, 10:13] = 0
    sums, squares = data.sum(axis=0), (data**2).sum(axis=0)
    sums[10:13] = squares[10:13] = np.nan
    assert not find_bad_pixels(sums, squares, len(data)).all.any()


def test_dark_surroundings_are_no_defect():
    row, column = np.mgrid[:N, :N] - (N - 1) / 2
    data = scan(7, 30000)
    data[:, np.hypot(row, column) > 15] = 0  # more of the detector than is lit
    assert not found(data).dead.any()


def test_too_few_counts_tell_nothing():
    assert not found(scan(8, dose=2.0)).dead.any()


@pytest.mark.parametrize("data", [np.ones((20, N, N)), np.zeros((20, N, N))])
def test_even_patterns_are_no_defect(data):
    assert not found(data).all.any()


@settings(max_examples=10, deadline=None)
@given(seeds, doses, st.integers(2, 200))
def test_a_frozen_pattern_tells_of_no_dead_pixels(seed, dose, n_positions):
    """Its pixels without counts are without counts at all positions, by chance."""
    frozen = np.repeat(scan(seed, dose, n_positions=1), n_positions, axis=0)
    bad = found(frozen)
    assert not (bad.dead | bad.hot).any()


def test_free_of_noise_is_no_defect():
    patterns = scan(9).mean(axis=0), scan(10).mean(axis=0)
    shares = np.linspace(0, 1, 30)
    data = np.stack([share * patterns[0] + 3 * patterns[1] for share in shares])
    assert not found(data).all.any()


def test_the_summary_names_kinds_numbers_and_a_place():
    data = scan(11, 30000)
    data[:, 12, 7] = 0
    data[:, 30, 31] += 50000
    summary = found(data).summary()
    assert "1 dead (the first at x = 7, y = 12)" in summary
    assert "1 hot (the first at x = 31, y = 30)" in summary
    assert found(scan(11)).summary() == "none"
