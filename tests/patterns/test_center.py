"""Laws of the estimate of the centre of patterns."""

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.pattern_bank import bank
from benchmarks.pattern_center import inversion, outcome
from hspy_cnmf.constraints.rings import pixel_radii
from hspy_cnmf.patterns.center import doubt_of_center, estimate_center, is_even

PLACES = st.tuples(st.floats(12, 51), st.floats(12, 59))


def pattern_about(center, shape=(64, 72)):
    """Return a beam, rings, and spots that come in pairs."""
    radii = pixel_radii(shape, center)
    pattern = 900 * np.exp(-(radii**2) / 8) + 60 * np.exp(-radii / 10) + 1
    pattern += 20 * np.exp(-((radii - 14) ** 2) / 8)
    for spot in ((3.0, 17.0), (-16.0, 6.5)):
        for sign in (1, -1):
            apart = pixel_radii(shape, np.add(center, np.multiply(sign, spot)))
            pattern += 50 * np.exp(-(apart**2) / 3)
    return pattern


@settings(deadline=None, max_examples=40)
@given(center=PLACES)
def test_the_centre_is_found_wherever_it_is(center):
    assert estimate_center(pattern_about(center)) == pytest.approx(center, abs=0.25)


@settings(deadline=None, max_examples=20)
@given(center=PLACES, scale=st.floats(1e-3, 1e6))
def test_neither_scale_nor_orientation_matters(center, scale):
    pattern = pattern_about(center)
    row, column = estimate_center(pattern)
    assert estimate_center(scale * pattern) == pytest.approx((row, column), abs=1e-3)
    assert estimate_center(pattern.T) == pytest.approx((column, row), abs=1e-3)
    turned = estimate_center(pattern[::-1, ::-1])
    assert turned == pytest.approx((63 - row, 71 - column), abs=1e-3)


@settings(deadline=None, max_examples=20)
@given(center=PLACES, radius=st.floats(4, 10))
def test_masking_the_beam_does_not_move_the_centre(center, radius):
    pattern = pattern_about(center)
    pattern[pixel_radii(pattern.shape, center) < radius] = np.nan
    assert estimate_center(pattern) == pytest.approx(center, abs=0.5)


@settings(deadline=None, max_examples=20)
@given(center=PLACES, limit=st.floats(30, 200))
def test_a_saturated_disc_is_the_beam(center, limit):
    pattern = np.minimum(pattern_about(center), limit)
    assert estimate_center(pattern) == pytest.approx(center, abs=0.5)


@pytest.mark.parametrize("row", [15.0, 18.0, 40.0])
def test_a_disc_that_the_edge_cuts_keeps_its_centre(row):
    center = (row, 40.0)
    radii = pixel_radii((100, 90), center)
    pattern = 60 * np.exp(-radii / 20) + np.linspace(0, 1, 90)
    pattern[radii < 20] = np.nan
    assert estimate_center(pattern) == pytest.approx(center, abs=1)


@settings(deadline=None, max_examples=40)
@given(
    center=PLACES,
    patch=arrays(bool, (2, 6)),
    at=st.tuples(st.integers(0, 62), st.integers(0, 66)),
)
@example((28.0, 36.0), np.array([[1, 1, 1, 0, 0, 0], [0] * 6], bool), (1, 12))
def test_a_few_masked_pixels_in_a_row_are_no_disc(center, patch, at):
    """Circles through them may be of any size, with their middle off the detector."""
    pattern = pattern_about(center)
    row, column = at
    pattern[row : row + 2, column : column + 6][patch] = np.nan
    assert estimate_center(pattern) == pytest.approx(center, abs=0.3)


@settings(deadline=None, max_examples=20)
@given(
    center=PLACES,
    first=st.integers(0, 71),
    width=st.integers(1, 3),
    value=st.sampled_from([200.0, 4000.0, 65535.0]),
    hole=st.sampled_from([0.0, 7.0]),
)
def test_a_hot_column_or_row_is_not_the_centre(center, first, width, value, hole):
    pattern = pattern_about(center)
    pattern[pixel_radii(pattern.shape, center) < hole] = np.nan
    known = np.isfinite(pattern[:, first : first + width])
    pattern[:, first : first + width][known] = value
    assert estimate_center(pattern) == pytest.approx(center, abs=0.75)
    assert estimate_center(pattern.T) == pytest.approx(center[::-1], abs=0.75)


def test_large_detectors_are_no_less_exact():
    center = (301.3, 402.8)
    radii = pixel_radii((700, 640), center)
    pattern = 1e4 * np.exp(-(radii**2) / 200) + 50 * np.exp(-radii / 80) + 1
    assert estimate_center(pattern) == pytest.approx(center, abs=0.5)


def test_no_place_half_a_detector_away_is_mistaken_for_the_centre():
    center = (16.0, 18.0)
    pattern = pattern_about(center, (96, 100))
    assert np.abs(np.subtract(inversion(pattern), center)).max() > 40
    assert estimate_center(pattern) == pytest.approx(center, abs=0.25)


def test_patterns_of_many_kinds_have_the_right_centre_or_none():
    """Next to the inversion of a periodic pattern, which is wrong in every fifth."""
    cases = list(bank(2, seed=1))
    told = [outcome(case, estimate_center) for case in cases if case.center]
    assert told.count("hit") >= 0.9 * len(told)
    assert told.count("wrong") <= 0.05 * len(told)
    simple = [outcome(case, inversion) for case in cases if case.center]
    assert told.count("hit") > simple.count("hit")
    blind = [outcome(case, estimate_center) for case in cases if not case.center]
    assert set(blind) == {"refused"}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (np.ones((20, 20)), "no place stands out"),
        (np.random.default_rng(0).poisson(5, (50, 60)), "no place stands out"),
        (np.full((20, 20), np.nan), "everywhere"),
        (np.ones(20), r"shape \(20,\)"),
        (np.ones((2, 20)), "3 x 3"),
    ],
)
def test_patterns_that_do_not_tell_are_refused(pattern, message):
    with pytest.raises(ValueError, match=message):
        estimate_center(pattern)


@given(st.integers(0, 999), st.floats(0.5, 50))
def test_noise_alone_is_even(seed, counts):
    rng = np.random.default_rng(seed)
    assert is_even(rng.poisson(100 * counts, (24, 31)) / 100)


@given(st.tuples(st.integers(8, 24), st.integers(8, 24)))
def test_rings_are_not_even(center):
    row, column = np.mgrid[:32, :32]
    radius = np.hypot(row - center[0], column - center[1])
    assert not is_even(1 + 20 * np.exp(-((radius - 6) ** 2) / 8))


@settings(deadline=None, max_examples=20)
@given(
    center=PLACES,
    apart=st.floats(0, 8).filter(lambda d: not 1.7 < d < 2.3),
    angle=st.floats(0, 6.3),
)
def test_a_centre_is_doubted_two_pixels_away_from_that_of_the_pattern(
    center, apart, angle
):
    taken = np.add(center, (apart * np.cos(angle), apart * np.sin(angle)))
    doubt = doubt_of_center(taken, pattern_about(center))
    assert bool(doubt) == (apart > 2)
    if doubt:
        told = re.search(r"s.calibration.center = \((.+), (.+)\), w", doubt)
        column, row = map(float, told.groups())
        assert (row, column) == pytest.approx(center, abs=0.3)


def test_bright_spots_without_partners_hardly_contradict_a_calibration():
    """A round spot is its own inverse, and holds most of the contrast."""
    rng, shape, n_doubts = np.random.default_rng(7), (64, 72), 0
    for _ in range(40):
        center = rng.uniform(12, (51, 59))
        radii = pixel_radii(shape, center)
        pattern = 50 * np.exp(-radii / 20) + 5
        for place in rng.uniform(4, (60, 68), (6, 2)):
            spot = np.exp(-((pixel_radii(shape, place) / 2) ** 2))
            pattern += 400 * rng.exponential() * spot
        pattern[radii < 5] = np.nan
        n_doubts += doubt_of_center(center, pattern) != ""
    assert n_doubts <= 2


def test_a_large_detector_with_masked_pixels_everywhere_is_refused():
    pattern = pattern_about((150.0, 160.0), (300, 320))
    pattern[::2, ::2] = np.nan  # one in each square that is binned
    with pytest.raises(ValueError, match="masked pixels are everywhere"):
        estimate_center(pattern)


def test_a_pattern_that_tells_no_centre_doubts_none():
    assert doubt_of_center((3, 3), np.ones((64, 72))) == ""
