"""Laws of flicker: spots of no crystal flicker, single pixels that flash up do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from hspy_cnmf import data
from hspy_cnmf.decomposition.detector import bad_pixels_of, find_flicker
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.patterns.flicker import most_suspicious

N = 32


def found(counts):
    """Return the bad pixels of counts, two axes of positions first."""
    keep = np.ones(counts.shape[:2], bool), np.ones(counts.shape[2:], bool)
    operator = StreamedOperator(counts, *keep)
    inspection, _ = operator.inspect()
    known = bad_pixels_of(inspection, keep[1], keep[0].size)
    return find_flicker(operator, known, inspection)[0]


def small_crystal(rng, size, width, dose):
    """Return counts of one crystal of a few positions, over a diffuse pattern."""
    row, column = np.mgrid[:N, :N] - (N - 1) / 2
    pattern = np.full((N, N), 0.5)
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    spots = np.zeros((N, N))
    for g in ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (-1, -1)):
        y, x = 7 * np.array(g) @ turn
        spots += np.exp(-((row - y) ** 2 + (column - x) ** 2) / 2 / width**2)
    expected = np.broadcast_to(pattern, (9, 10, N, N)).copy()
    y, x = rng.integers(0, 9 - size[0] + 1), rng.integers(0, 10 - size[1] + 1)
    expected[y : y + size[0], x : x + size[1]] += dose * spots
    return rng.poisson(expected).astype(np.int64)


seeds = st.integers(0, 10_000)
sizes = st.sampled_from([(1, 1), (1, 2), (2, 2), (3, 3)])
widths = st.sampled_from([0.15, 0.3, 0.5, 0.8, 1.5])
doses = st.sampled_from([30.0, 300.0, 10_000.0])


@settings(max_examples=60, deadline=None)
@given(seeds, sizes, widths, doses)
def test_small_crystals_do_not_flicker(seed, size, width, dose):
    """However few their positions, and narrow their spots."""
    counts = small_crystal(np.random.default_rng(seed), size, width, dose)
    assert not found(counts).flickering.any()


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from([1, 5, 9]), st.sampled_from([500, 10_000]))
def test_pixels_that_flash_up_are_found_and_no_others(seed, n_events, height):
    rng = np.random.default_rng(seed)
    counts = small_crystal(rng, (3, 3), 0.8, 30.0)
    flickering = np.zeros((N, N), bool)
    flickering[tuple(rng.integers(0, N // 8, (2, 3)) * 8 + 3)] = True
    before = counts.max(axis=(0, 1))
    flickering &= before < 10  # one upon a bright spot is harmless
    for row, column in np.argwhere(flickering):
        events = rng.choice(90, n_events, replace=False)
        counts.reshape(90, N, N)[events, row, column] += height
    bad = found(counts)
    np.testing.assert_array_equal(bad.flickering | bad.hot, flickering)
    assert not bad.dead.any() and not bad.stuck.any()


@settings(max_examples=20, deadline=None)
@given(seeds, st.sampled_from([200.0, 10_000.0]))
def test_noisy_pixels_are_found_and_no_others(seed, rate):
    """Their counts are any, at any position, whatever the positions beside have."""
    rng = np.random.default_rng(seed)
    counts = small_crystal(rng, (3, 3), 0.8, 30.0)
    noisy = np.zeros((N, N), bool)
    noisy[rng.integers(3, N - 3), rng.integers(3, N - 3)] = True
    counts[..., noisy] += rng.poisson(rng.exponential(rate, (9, 10, 1)))
    np.testing.assert_array_equal(found(counts).flickering, noisy)


@pytest.mark.parametrize("size", [2, 3])
def test_squares_that_flicker_half_of_the_time_are_found_and_no_others(size):
    rng = np.random.default_rng(size)
    counts = small_crystal(rng, (3, 3), 0.8, 30.0)
    flickering = np.zeros((N, N), bool)
    flickering[2 : 2 + size, 2 : 2 + size] = True
    events = rng.choice([False, True], (9, 10))
    counts[events] += rng.poisson(60, (N, N)) * flickering
    np.testing.assert_array_equal(found(counts).flickering, flickering)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("four_phases", {"shape": (16, 16), "dose": 100}),
        ("four_phases", {"shape": (16, 16), "dose": 1e6}),
        ("metallic_glass", {"shape": (20, 20), "diameter": 3.0, "dose": 1e5}),
        ("twinned_silver", {"shape": (16, 20), "binning": 4, "dose": 1e5}),
        ("precipitates_in_crystal", {}),
        ("layered_domains", {"shape": (16, 16), "dose": 100}),
    ],
)
def test_no_spot_of_the_data_sets_flickers(name, options, seed):
    counts = getattr(data, name)(random_state=seed, **options).data
    assert not found(counts).flickering.any()


def test_where_too_many_are_suspected_the_brightest_are_looked_at():
    maxima = np.ones((40, 40))
    maxima[5::10, 5::10] = np.arange(200, 1800, 100).reshape(4, 4)
    often = np.stack([maxima, maxima * 100, maxima**2 * 100])
    chosen = most_suspicious(often, int(5e7 / 3) - maxima.size, 1.0)
    np.testing.assert_array_equal(chosen, [[35, 35], [35, 25], [35, 15]])
    assert len(most_suspicious(often, 1000, 1.0)) == 16


def test_no_more_than_some_of_the_pixels_are_suspected():
    told = np.stack(
        [np.full((40, 40), 1e4), np.full((40, 40), 1e4), np.full((40, 40), 1e8)]
    )
    assert len(most_suspicious(told, 1000, 1.0)) == 0.15 * 1600


def strike(counts, rng, height, kind):
    """Add what a cosmic ray leaves at one position; return its brightest pixels."""
    row, column = np.mgrid[:N, :N] - rng.uniform(3, N - 4, (2, 1, 1))
    angle = rng.uniform(0, np.pi)
    along, across = (
        np.cos(angle) * row + np.sin(angle) * column,
        np.cos(angle) * column - np.sin(angle) * row,
    )
    left = {
        "round": np.exp(-(row**2 + column**2) / 2),
        "streak": np.exp(-(across**2)) * (np.abs(along) < 8),
        "row": np.abs(row) <= 0.5,
    }[kind]
    position = tuple(rng.integers(0, counts.shape[:2]))
    counts[position] += np.round(height * left).astype(counts.dtype)
    return left > 0.5


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from(["round", "streak", "row"]), st.sampled_from([300, 5000]))
def test_what_cosmic_rays_leave_is_found_and_no_spots(seed, kind, height):
    rng = np.random.default_rng(seed)
    counts = small_crystal(rng, (3, 3), 0.8, 30.0)
    spots = counts.max(axis=(0, 1)) > 10
    struck = strike(counts, rng, height, kind)
    flickering = found(counts).flickering
    assert flickering[struck & ~spots].all()
    assert not flickering[~ndimage.binary_dilation(struck, np.ones((3, 3)), 4)].any()


def test_two_rays_at_one_position_are_found_among_many():
    rng = np.random.default_rng(3)
    counts = rng.poisson(0.5, (20, 20, N, N))
    places = np.argwhere(np.ones((5, 5), bool)) * 6 + 3
    at = np.arange(len(places)) * 16
    at[1] = at[0]
    for n_rays, are_found in ((2, False), (25, True)):
        struck = counts.copy()
        for (row, column), position in zip(places[:n_rays], at, strict=False):
            struck.reshape(-1, N, N)[position, row : row + 2, column : column + 2] += 99
        flickering = found(struck).flickering
        assert flickering[tuple(places[:2].T)].all() == are_found
        assert np.count_nonzero(flickering) == 4 * 25 * are_found


def test_rays_that_share_a_pixel_are_two():
    counts = np.random.default_rng(0).poisson(0.5, (12, 12, N, N))
    counts[3, 4, 10:13, 10:13] += 99
    counts[8, 1, 12:15, 12:15] += 99
    struck = counts.max(axis=(0, 1)) > 20
    struck[12, 12] = False  # this one is not known
    flickering = found(counts).flickering
    flickering[12, 12] = False
    np.testing.assert_array_equal(flickering, struck)


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_pixels_side_by_side_that_flash_up_together_are_found(share):
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.5, (20, 20, N, N))
    flashing = np.zeros((N, N), bool)
    flashing[5:7, 20:22] = True
    counts[..., flashing] += 500 * (rng.random((20, 20, 1)) < share)
    np.testing.assert_array_equal(found(counts).flickering, flashing)


def test_too_few_positions_tell_nothing():
    counts = np.random.default_rng(0).poisson(2.0, (5, 6, N, N))
    counts[2, 3, 9, 9] = 10_000
    assert not found(counts).flickering.any()
