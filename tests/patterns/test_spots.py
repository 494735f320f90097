"""Laws of Bragg spots."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import shift

from hspy_cnmf.constraints.rings import pixel_radii
from hspy_cnmf.patterns.spots import SPOT, _covered, find_spots

SHAPE = (88, 96)
CENTER = (42.3, 49.1)
FEW = settings(deadline=None, max_examples=15)
SEEDS = st.integers(0, 2**32 - 1)


def amorphous(shape=SHAPE, center=CENTER, affine=None, counts=60):
    """Return the expected counts of a halo."""
    radii = pixel_radii(shape, center, affine)
    halo = np.exp(-(((radii - 24) / 4) ** 2) / 2)
    return counts * (np.exp(-radii / 12) + halo + 0.2)


def crystalline(places, width, height, **halo):
    """Return the expected counts of a halo with Gaussian spots at (row, column)."""
    pattern = amorphous(**halo)
    rows, columns = np.indices(pattern.shape)
    for row, column in places:
        square = (rows - row) ** 2 + (columns - column) ** 2
        pattern += height * np.exp(-square / (2 * width**2))
    return pattern


def draw_places(generator, n_spots=5, center=CENTER):
    """Return places (row, column) that are apart, off the centre and off the edges."""
    radii = generator.uniform(15, 33, n_spots)
    step = 2 * np.pi / n_spots
    azimuths = step * (np.arange(n_spots) + generator.uniform(0, 0.4, n_spots))
    offsets = radii * np.stack([-np.sin(azimuths), np.cos(azimuths)])
    return np.transpose(offsets) + center


def pattern_of(seed, n_spots=5, width=1.5, height=600):
    """Return a noisy pattern without the direct beam, and where its spots are."""
    generator = np.random.default_rng(seed)
    places = draw_places(generator, n_spots)
    pattern = generator.poisson(crystalline(places, width, height)).astype(float)
    pattern[pixel_radii(SHAPE, CENTER) < 4] = np.nan
    return pattern, places


def places_of(spots):
    """Return the places of spots, shape (n, 2), in a defined order."""
    places = np.stack([spots["row"], spots["column"]], axis=1)
    return places[np.lexsort(np.rint(places).T)]


def nearest(spots, places):
    """Return the spot nearest to each place, and how far it is."""
    apart = np.hypot(spots["row"] - places[:, :1], spots["column"] - places[:, 1:])
    return spots[apart.argmin(axis=1)], apart.min(axis=1)


# --- what is found ----------------------------------------------------------


@FEW
@given(seed=SEEDS, width=st.floats(0.8, 3), n_spots=st.integers(1, 5))
def test_spots_anywhere_are_found_where_they_are(seed, width, n_spots):
    pattern, places = pattern_of(seed, n_spots, width)
    found = find_spots(pattern, CENTER)
    assert len(found) == n_spots
    spots, apart = nearest(found, places)
    assert apart.max() < 0.2
    offsets = places - CENTER
    radii = np.hypot(*offsets.T)
    np.testing.assert_array_less(
        np.abs(spots["radius"] - radii), 5 * spots["radius_error"]
    )
    azimuths = np.rad2deg(np.arctan2(-offsets[:, 0], offsets[:, 1]))
    turn = (spots["azimuth"] - azimuths + 180) % 360 - 180
    assert np.abs(turn).max() < 1
    assert ((spots["azimuth"] >= 0) & (spots["azimuth"] < 360)).all()
    intensity = 600 * 2 * np.pi * width**2
    np.testing.assert_allclose(spots["intensity"], intensity, rtol=0.25)
    np.testing.assert_allclose(spots["width"], width, rtol=0.5)
    assert (np.diff(found["intensity"]) <= 0).all()


@FEW
@given(seed=SEEDS)
def test_spots_that_fill_rings_are_found(seed):
    """Two crystals, or a fine-grained one: no ring is free of spots to compare with."""
    generator = np.random.default_rng(seed)
    places = []
    for radius, n_spots in ((17, 8), (24, 11), (31, 14), (38, 16)):
        azimuths = 2 * np.pi * np.arange(n_spots) / n_spots + generator.uniform(0, 6)
        turned = np.stack([-np.sin(azimuths), np.cos(azimuths)], axis=1)
        places.append(radius * turned + CENTER)
    places = np.concatenate(places)
    pattern = generator.poisson(crystalline(places, 1.1, 60, counts=2)).astype(float)
    spots = find_spots(pattern, CENTER)
    _, apart = nearest(spots, places)
    assert (apart < 1).mean() > 0.95


@pytest.mark.parametrize("electrons", [1e4, 1e6])
def test_more_counts_hide_no_spots(electrons):
    """What is smooth in many discs is not noise that is blurred."""
    indices = np.stack(np.meshgrid(*[np.arange(-6, 7)] * 2), axis=-1).reshape(-1, 2)
    offsets = indices @ (10.0 * np.array([[1, 0], [0.5, 0.75**0.5]]))
    length = np.hypot(*offsets.T)
    offsets = offsets[(length > 0) & (length < 32)]
    place = np.indices((80, 80)).T[:, :, np.newaxis] - 39.5 - offsets
    discs = 1 / (1 + np.exp(3 * (np.linalg.norm(place, axis=-1) - 2)))
    pattern = discs.sum(axis=-1)
    counts = np.random.default_rng(0).poisson(electrons * pattern / pattern.sum())
    found = find_spots(counts, (39.5, 39.5))
    assert len(found) == len(offsets)
    # Their errors are of their size, and no larger than where they are found.
    off = found["radius"] - np.sqrt(np.rint(found["radius"] ** 2 / 100) * 100)
    assert np.sqrt(np.mean((off / found["radius_error"]) ** 2)) < 2
    assert np.median(found["radius_error"]) < 3 * np.median(np.abs(off))


@pytest.mark.parametrize("diameter", [3, 6, 10])
def test_discs_are_found_in_their_middle(diameter):
    generator = np.random.default_rng(diameter)
    places = draw_places(generator)
    fine = (np.indices((8 * SHAPE[0], 8 * SHAPE[1])) + 0.5) / 8 - 0.5
    pattern = amorphous()
    for row, column in places:
        inside = np.hypot(fine[0] - row, fine[1] - column) < diameter / 2
        pattern += 400 * inside.reshape(SHAPE[0], 8, SHAPE[1], 8).mean(axis=(1, 3))
    spots, apart = nearest(find_spots(generator.poisson(pattern), CENTER), places)
    assert apart.max() < 0.1
    np.testing.assert_allclose(spots["width"], diameter / 2 / np.sqrt(2), rtol=0.3)


@pytest.mark.parametrize(
    "radius, distance, diffuse",
    [(1.0, 6.0, 60), (2.0, 6.5, 60), (3.5, 12.0, 60), (3.5, 12.0, 0)],
)
def test_discs_that_fill_their_rings_are_found(radius, distance, diffuse):
    generator = np.random.default_rng(int(10 * distance) + diffuse)
    angles = np.deg2rad([17, 77])
    basis = distance * np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    steps = np.indices((13, 13)).reshape(2, -1).T - 6
    offsets = steps[steps.any(axis=1)] @ basis
    offsets = offsets[np.hypot(*offsets.T) < 34]
    pattern = amorphous(counts=diffuse)
    rows, columns = np.indices(SHAPE)
    for row, column in offsets + CENTER:
        apart = np.hypot(rows - row, columns - column)
        pattern += generator.uniform(100, 400) / (1 + np.exp(3 * (apart - radius)))
    found = find_spots(generator.poisson(pattern).astype(float), CENTER)
    _, apart = nearest(found, offsets + CENTER)
    assert np.mean(apart < 1) > 0.6
    assert nearest_to_spots(found, offsets + CENTER).max() < distance / 3


def nearest_to_spots(spots, places):
    """Return how far the nearest of the places is from each spot."""
    apart = np.hypot(spots["row"] - places[:, :1], spots["column"] - places[:, 1:])
    return apart.min(axis=0)


def test_errors_are_those_that_are_made():
    pulls = []
    for seed in range(30):
        pattern, places = pattern_of(seed, height=100)
        spots, apart = nearest(find_spots(pattern, CENTER), places)
        assert apart.max() < 1
        radii = np.hypot(*(places - CENTER).T)
        pulls.extend((spots["radius"] - radii) / spots["radius_error"])
    assert 0.7 < np.std(pulls) < 1.4
    assert abs(np.mean(pulls)) < 0.4


@pytest.mark.parametrize("gain", [1.0, 37.0])
def test_spots_on_nothing_have_their_own_shot_noise(gain):
    generator, pulls = np.random.default_rng(1), []
    for _ in range(20):
        places = draw_places(generator)
        expected = crystalline(places, 1.5, 8, counts=0)
        spots = find_spots(gain * generator.poisson(expected), CENTER)
        spots, apart = nearest(spots, places)
        off = spots["radius"] - np.hypot(*(places - CENTER).T)
        pulls.extend((off / spots["radius_error"])[apart < 2])
    assert len(pulls) > 80
    assert 0.7 < np.std(pulls) < 1.4


@pytest.mark.parametrize("counts", [10, 1000, 100_000])
@pytest.mark.parametrize("kind", ["counted", "floored", "interpolated", "off centre"])
def test_amorphous_patterns_have_no_spots(counts, kind):
    """At five standard deviations, one in hundreds of patterns may."""
    expected = amorphous(counts=counts)
    n_spots = 0
    for seed in range(8):
        pattern = np.random.default_rng(seed).poisson(expected).astype(float)
        center = np.array(CENTER)
        if kind == "floored":  # half of the pixels are exactly at the level
            pattern = np.maximum(pattern, expected)
        elif kind == "interpolated":  # noise that is correlated
            pattern, center = shift(pattern, 0.5, order=1)[1:, 1:], center - 0.5
        elif kind == "off centre":
            center += [0.2, -0.2]
        n_spots += len(find_spots(pattern, center))
    assert n_spots <= 1


def test_hot_pixels_are_not_spots_and_leave_spots_alone():
    pattern, _ = pattern_of(3)
    hot = pattern.copy()
    hot[[5, 30, 47, 80], [60, 20, 60, 40]] += 1e5
    np.testing.assert_allclose(
        places_of(find_spots(hot, CENTER)),
        places_of(find_spots(pattern, CENTER)),
        atol=0.02,
    )


def test_holes_are_not_spots():
    expected = amorphous()
    expected[30:34, 65:69] = 0
    expected[60:64, 30:34] = 0
    pattern = np.random.default_rng(0).poisson(expected).astype(float)
    assert len(find_spots(pattern, CENTER)) == 0


@pytest.mark.parametrize("value", [np.nan, 0, 7])
def test_patterns_without_structure_have_no_spots(value):
    spots = find_spots(np.full(SHAPE, value), CENTER)
    assert spots.shape == (0,) and spots.dtype == SPOT


def test_spots_on_nothing_are_found():
    """The floor of a strongly crystalline factor may leave no noise to measure."""
    places = draw_places(np.random.default_rng(0))
    pattern = crystalline(places, 1.5, 1.0, counts=0)
    spots, apart = nearest(find_spots(pattern, CENTER), places)
    assert len(np.unique(spots)) == 5 and apart.max() < 0.02
    assert np.isfinite(spots["signal_to_noise"]).all()


# --- symmetries -------------------------------------------------------------


@FEW
@given(seed=SEEDS, scale=st.floats(1e-9, 1e9))
def test_the_unit_of_intensity_does_not_matter(seed, scale):
    pattern, _ = pattern_of(seed)
    spots, scaled = find_spots(pattern, CENTER), find_spots(scale * pattern, CENTER)
    assert len(spots) == len(scaled)
    for name in SPOT.names:
        factor = scale if name == "intensity" else 1
        np.testing.assert_allclose(scaled[name], factor * spots[name], rtol=1e-6)


@FEW
@given(seed=SEEDS)
def test_spots_turn_with_the_pattern(seed):
    pattern, _ = pattern_of(seed)
    spots = find_spots(pattern, CENTER)
    turned = find_spots(np.rot90(pattern), (SHAPE[1] - 1 - CENTER[1], CENTER[0]))
    mirrored = find_spots(pattern.T, CENTER[::-1])
    for other, azimuths in (
        (turned, spots["azimuth"] + 90),
        (mirrored, 270 - spots["azimuth"]),
    ):
        for name in ("radius", "intensity", "radius_error", "signal_to_noise"):
            np.testing.assert_allclose(other[name], spots[name], rtol=1e-4)
        turn = (other["azimuth"] - azimuths + 180) % 360 - 180
        np.testing.assert_allclose(turn, 0, atol=1e-3)


@FEW
@given(seed=SEEDS)
def test_a_mask_takes_away_the_spots_under_it_and_no_others(seed):
    pattern, _ = pattern_of(seed)
    whole = find_spots(pattern, CENTER)
    masked = pattern.copy()
    edge = 49
    masked[:, edge:] = np.nan
    left = places_of(find_spots(masked, CENTER))
    expected = places_of(whole[whole["column"] < edge - 5])
    near = places_of(whole[np.abs(whole["column"] - edge) <= 5])
    assert len(expected) <= len(left) <= len(expected) + len(near)
    assert (left[:, 1] < edge - 1.5).all()
    for place in expected:
        assert np.hypot(*(left - place).T).min() < 0.05


@pytest.mark.parametrize("column", [0.3, 1.2, SHAPE[1] - 1.4])
def test_spots_cut_by_the_edge_are_left_out(column):
    expected = crystalline([(30, column), (30, 75)], 1.5, 900)
    pattern = np.random.default_rng(0).poisson(expected)
    spots = find_spots(pattern, CENTER)
    np.testing.assert_allclose(places_of(spots), [(30, 75)], atol=0.1)


@FEW
@given(seed=SEEDS, stretch=st.floats(-0.12, 0.12), shear=st.floats(-0.1, 0.1))
def test_distorted_patterns_have_undistorted_radii(seed, stretch, shear):
    affine = np.array([[1 + stretch, shear], [shear, 1 - stretch]])
    generator = np.random.default_rng(seed)
    round_places = draw_places(generator, center=(0, 0))
    places = round_places @ affine + CENTER
    pattern = generator.poisson(crystalline(places, 1.5, 600, affine=affine))
    spots, apart = nearest(find_spots(pattern, CENTER, affine), places)
    assert apart.max() < 0.2
    radii = np.hypot(*round_places.T)
    assert np.abs(spots["radius"] - radii).max() < 0.2
    azimuths = np.rad2deg(np.arctan2(-round_places[:, 0], round_places[:, 1]))
    turn = (spots["azimuth"] - azimuths + 180) % 360 - 180
    assert np.abs(turn).max() < 1
    three = np.eye(3)
    three[:2, :2] = affine
    np.testing.assert_array_equal(
        find_spots(pattern, CENTER, three), find_spots(pattern, CENTER, affine)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pattern": np.zeros((2, 3, 4))}, "rows, columns"),
        ({"pattern": np.full(SHAPE, np.inf)}, "infinite"),
        ({"center": (1, 2, 3)}, "center"),
        ({"center": (np.nan, 2)}, "center"),
        ({"width": (5, 2)}, "width"),
        ({"threshold": 0}, "threshold"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        find_spots(**{"pattern": np.zeros(SHAPE), "center": CENTER} | arguments)


def test_pixels_that_spots_lift_are_those_whose_distances_say_so():
    rng, scales, shape = np.random.default_rng(0), np.array([0.8, 1.5, 3.0]), (20, 31)
    blobs = np.stack([rng.integers(0, n, 12) for n in (len(scales), *shape)], axis=1)
    rows, columns = np.indices(shape)
    expected = np.zeros(shape, bool)
    for scale, row, column in blobs:
        reach = 2.5 * scales[scale] + 1
        expected |= np.hypot(rows - row, columns - column) <= reach
    np.testing.assert_array_equal(_covered(blobs, scales, shape), expected)
