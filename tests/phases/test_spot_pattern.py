"""Laws of spots as a crystal sees them, and of what a detector sees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.patterns.spots import SPOT, find_spots
from hspy_cnmf.phases.spot_pattern import Detector, SpotPattern

FIELDS = ("radius", "azimuth", "intensity", "radius_error")
DETECTOR = Detector(np.ones((41, 61), bool), (20, 30), 0.02)


def spots(radius, azimuth, intensity=1.0, error=0.0):
    """Return spots as `find_spots` has them."""
    values = np.broadcast_arrays(radius, azimuth, intensity, error)
    found = np.zeros(values[0].size, SPOT)
    for name, value in zip(FIELDS, values, strict=True):
        found[name] = value
    found["signal_to_noise"] = 10.0
    return found


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 360), st.floats(0.1, 10))
def test_turned_spots_have_turned_places(seed, turn, brightness):
    rng = np.random.default_rng(seed)
    radius, azimuth = rng.uniform(1, 20, 6), rng.uniform(0, 360, 6)
    intensity = rng.random(6)
    one = SpotPattern.of(spots(radius, azimuth, intensity), DETECTOR, 0.1, 0.01)
    other = SpotPattern.of(
        spots(radius, azimuth + turn, brightness * intensity), DETECTOR, 0.1, 0.01
    )
    np.testing.assert_allclose(other.radii, 0.02 * radius)
    np.testing.assert_allclose(other.amplitudes, one.amplitudes)
    np.testing.assert_allclose(np.linalg.norm(one.amplitudes), 1)
    c, s = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    turned = one.places @ [[c, -s], [s, c]]  # counter-clockwise as seen, ky down
    np.testing.assert_allclose(other.places, turned, atol=1e-12)


def test_errors_add_in_squares():
    pattern = SpotPattern.of(spots(10.0, 0.0, error=0.3), DETECTOR, 0.4, 0.06)
    in_pixels = np.sqrt(0.3**2 + 0.4**2 + (0.06 * 10) ** 2)
    np.testing.assert_allclose(pattern.errors, 0.02 * in_pixels)


def test_some_of_the_spots_have_unit_norm_again():
    pattern = SpotPattern.of(spots([3.0, 5, 9], [0, 90, 10], [1, 4, 9]), DETECTOR, 0, 0)
    some = pattern[np.array([True, False, True])]
    assert len(some) == 2 and len(pattern) == 3
    np.testing.assert_allclose(some.amplitudes, np.array([1, 3]) / np.sqrt(10))
    assert some.faintest / some.amplitudes[0] == pytest.approx(
        pattern.faintest / pattern.amplitudes[0]
    )
    assert len(pattern[np.zeros(3, bool)]) == 0


@given(st.floats(1, 100), st.floats(2, 10))
def test_what_is_as_bright_as_noise_allows_is_found_anywhere(noisier, threshold):
    found = spots([3.0, 5, 9], [0, 90, 10], [1, 4, 9])
    found["signal_to_noise"] = found["intensity"] / [1, noisier, 1]
    pattern = SpotPattern.of(found, DETECTOR, 0, 0, threshold)
    bright = pattern.amplitudes[0] ** 2 * threshold * noisier  # the first has 1
    assert pattern.faintest**2 == pytest.approx(bright)


@pytest.mark.parametrize(
    ("azimuths", "spans"),
    [([], False), ([5], False), ([5, 185], False), ([5, 8], False), ([5, 60], True)],
)
def test_a_plane_needs_two_directions(azimuths, spans):
    pattern = SpotPattern.of(spots(5.0, np.array(azimuths)), DETECTOR, 0, 0)
    assert pattern.spans_plane is spans


def test_what_is_off_the_detector_or_masked_is_not_seen():
    known = np.ones((41, 61), bool)
    known[:, 40:] = False
    places = 0.02 * np.array([[[0, 0], [9, 0], [10, 0], [-30, 20], [-31, 0], [0, 21]]])
    seen = Detector(known, (20, 30), 0.02).sees(places)
    np.testing.assert_array_equal(seen, [[True, True, False, True, False, False]])
    assert DETECTOR.sees(places)[0, 2]
    assert DETECTOR.reach == pytest.approx(0.02 * np.hypot(20, 30))


def test_spots_are_seen_where_they_would_be_found():
    """Near an edge or a mask they are cut; one that was found there is seen."""
    pattern = np.zeros((41, 121))
    rows, columns = np.indices(pattern.shape)
    pattern[:, 60] = np.nan
    middle = np.array([[20.0, 90.0]])
    cases = [(20, column) for column in range(0, 59, 2)]
    seen, found = [], []
    for row, column in cases:
        square = (rows - row) ** 2 + (columns - column) ** 2
        there = find_spots(pattern + np.exp(-square / 8), middle[0])
        # What is left of one that is cut may be found as a narrower one.
        found.append((there["width"] > 2).any())
        detector = Detector(np.isfinite(pattern), tuple(middle[0]), 0.02)
        where_whole = detector.where_whole(wide_spot(20, 100))
        place = 0.02 * np.array([[column - 90.0, row - 20.0]])
        seen.append(where_whole.sees(place)[0])
        assert detector.where_whole(wide_spot(row, column)).sees(place)[0]
    np.testing.assert_array_equal(seen, found)
    assert 0 < sum(found) < len(cases)
    assert detector.where_whole(np.zeros(0, SPOT)) is detector


def wide_spot(row, column):
    """Return a spot as wide as these, as `find_spots` has it."""
    spot = np.zeros(1, SPOT)
    spot["row"], spot["column"], spot["width"] = row, column, 2.2627
    return spot


def test_a_stretched_pattern_is_seen_where_it_lies():
    """Twice as wide along columns: half the width is seen."""
    wide = Detector(np.ones((41, 61), bool), (20, 30), 0.02, np.diag([1.0, 2.0]))
    places = 0.02 * np.array([[15.0, 0], [16, 0], [0, 20], [0, 21]])
    np.testing.assert_array_equal(wide.sees(places), [True, False, True, False])
    assert wide.reach == pytest.approx(0.02 * np.hypot(20, 15))
