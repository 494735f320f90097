"""Places on whole pixels: what rounding leaves open, where it is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.patterns.spots import find_spots
from hspy_cnmf.patterns.whole_pixels import rounding_error

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(deadline=None, max_examples=20)
ROUNDED = 1 / np.sqrt(12)


@FEW
@given(seed=SEEDS, n_spots=st.integers(4, 40), noise=st.floats(0, 0.1))
def test_rounded_places_are_known_from_those_that_are_not(seed, n_spots, noise):
    generator = np.random.default_rng(seed)
    errors = np.full(n_spots, np.hypot(noise, 0.02))
    off = errors[:, np.newaxis] * generator.standard_normal((n_spots, 2)).clip(-2, 2)
    whole = generator.integers(-50, 50, (n_spots, 2))
    # None of them is near enough to a whole pixel for what noise leaves open.
    between = whole + generator.uniform(0.35, 0.65, (n_spots, 2))
    assert rounding_error(whole + off, errors) > 0.8 * ROUNDED
    assert rounding_error(between + off, errors) < 0.1 * ROUNDED


def test_places_that_lie_anywhere_are_seldom_taken_for_rounded_ones():
    generator = np.random.default_rng(0)
    found = [
        rounding_error(generator.uniform(0, 99, (n, 2)), np.full(n, error))
        for n in (1, 2, 4, 10)
        for error in (0.02, 0.1, 0.3)
        for _ in range(50)
    ]
    assert np.mean(np.square(found)) < 0.1 * ROUNDED**2


@FEW
@given(seed=SEEDS, turns=st.integers(-9, 9))
def test_whole_pixels_and_mirrors_change_nothing(seed, turns):
    generator = np.random.default_rng(seed)
    places, errors = generator.normal(0, 9, (5, 2)), generator.uniform(0.02, 0.3, 5)
    expected = rounding_error(places, errors)
    assert rounding_error(turns - places[:, ::-1], errors) == pytest.approx(expected)


def test_what_noise_hides_is_as_likely_as_before():
    places = np.random.default_rng(0).integers(0, 99, (9, 2)).astype(float)
    hidden = rounding_error(places, np.full(9, 3.0))
    assert 0.1 * ROUNDED < hidden < 0.3 * ROUNDED


def test_no_spots_have_no_such_error():
    assert rounding_error(np.zeros((0, 2)), np.zeros(0)) < 0.3 * ROUNDED


@pytest.mark.parametrize("width", [0.7, 1.5, 3.0])
@pytest.mark.parametrize("whole", [True, False])
def test_errors_of_spots_hold_on_whole_pixels_too(width, whole):
    generator, pulls = np.random.default_rng(0), []
    grid = np.stack(np.meshgrid(*2 * [np.arange(12, 80, 22)]), axis=-1).reshape(-1, 2)
    rows, columns = np.indices((90, 90))
    for _ in range(4):
        true = grid + generator.uniform(-3, 3, grid.shape)
        drawn = np.rint(true) if whole else true
        pattern = sum(
            500 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * width**2))
            for y, x in drawn
        )
        spots = find_spots(generator.poisson(pattern + 1), (45.5, 44.0))
        apart = np.hypot(
            spots["row"][:, None] - true[:, 0], spots["column"][:, None] - true[:, 1]
        )
        radii = np.hypot(*(true - (45.5, 44.0)).T)[apart.argmin(axis=1)]
        near = apart.min(axis=1) < 1
        pulls.extend(((spots["radius"] - radii) / spots["radius_error"])[near])
    assert len(pulls) > 30
    assert 0.1 < np.std(pulls) < 1.4
    if whole:
        assert np.std(pulls) > 0.7
