"""Laws of the floors under the rings of a pattern."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hspy_cnmf.constraints import AzimuthalFloor, RadialFloor
from hspy_cnmf.constraints.rings import Rings, pixel_radii

PATTERNS = arrays(
    np.float64, (2, 9, 12), elements=st.floats(0, 1e4, allow_subnormal=False)
)
FLOORS = [
    RadialFloor(),
    RadialFloor(center=(2.3, 7.9), level="mean"),
    RadialFloor(level="mean"),
    AzimuthalFloor(),
    AzimuthalFloor(level="mean"),
]


def ring_levels(pattern, floor):
    """Return, pixel by pixel, the level that the definition of the floor gives."""
    shape = pattern.shape
    if isinstance(floor, AzimuthalFloor):
        rings = Rings.from_labels(np.indices(shape)[0].ravel())
    else:
        center = floor.center or tuple((n - 1) / 2 for n in shape)
        rings = Rings.from_radii(pixel_radii(shape, center).ravel())
    values = pattern.ravel()
    levels, means = np.empty((2, rings.n_rings))
    for ring in range(rings.n_rings):
        members = np.sort(values[rings.label == ring])
        threshold = 2 * members.mean()
        # Which side a pixel falls on is open where only rounding decides it.
        assume(not (np.isclose(members, threshold, rtol=1e-9) & (members > 0)).any())
        levels[ring] = means[ring] = members[members <= threshold].mean()
        if floor.level == "robust":
            levels[ring] = min(levels[ring], 2.5 * members[len(members) // 10])
    inner, outer = levels[rings.inner], levels[rings.outer]
    between = (1 - rings.fraction) * inner + rings.fraction * outer
    if floor.level == "robust":
        between = np.minimum(
            between, 2.5 * np.minimum(means[rings.inner], means[rings.outer])
        )
    return between.reshape(shape)


@pytest.mark.parametrize("floor", FLOORS)
@settings(deadline=None)
@given(patterns=PATTERNS)
def test_floor_is_the_maximum_of_the_pattern_and_its_ring_level(floor, patterns):
    expected = [np.maximum(p, ring_levels(p, floor)) for p in patterns]
    np.testing.assert_allclose(floor(patterns), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("floor", FLOORS)
@settings(deadline=None)
@given(patterns=PATTERNS)
def test_floor_never_lowers_and_keeps_bragg_spots(floor, patterns):
    floored = floor(patterns)
    assert (floored >= patterns).all()
    for before, after in zip(patterns, floored, strict=True):
        spots = before > ring_levels(before, floor) * (1 + 1e-9)
        np.testing.assert_array_equal(after[spots], before[spots])


@given(patterns=PATTERNS, scale=st.floats(1e-3, 1e3))
def test_floor_does_not_depend_on_the_dose(patterns, scale):
    floor = RadialFloor()
    np.testing.assert_allclose(
        floor(scale * patterns), scale * floor(patterns), rtol=1e-6, atol=1e-9
    )


@given(profile=arrays(np.float64, (1, 9, 1), elements=st.floats(0, 1e3)))
def test_rings_without_holes_are_left_as_they_are(profile):
    """These are the fixed points: a floor that raises holes raises the mean, too."""
    even = np.broadcast_to(profile, (1, 9, 12))
    np.testing.assert_allclose(AzimuthalFloor()(even), even, rtol=1e-12)


@settings(deadline=None)
@given(patterns=PATTERNS, dark=arrays(bool, (9, 12)))
def test_rings_that_are_dark_in_places_are_no_diffuse_rings(patterns, dark):
    """So patterns of discs, or of spots alone, stay as they are."""
    floor = AzimuthalFloor()
    patterns = np.where(dark, 0, patterns)
    is_dark = dark.sum(axis=1) > 12 // 10
    floored = floor(patterns)
    np.testing.assert_array_equal(floored[:, is_dark], patterns[:, is_dark])


def test_discs_that_cover_most_of_a_ring_make_no_band():
    rows, columns = np.indices((64, 64)) - 32
    discs = np.zeros((64, 64))
    for k, strength in enumerate((1, 3, 2, 1, 3, 2)):
        y, x = 15 * np.sin(k * np.pi / 3), 15 * np.cos(k * np.pi / 3)
        discs += strength * (np.hypot(rows - y, columns - x) < 6)
    keep = np.hypot(rows, columns) > 6  # the direct beam is masked
    discs[~keep] = np.nan
    center = (32, 32)
    floored = RadialFloor(center=center)(discs[np.newaxis])[0]
    lifted = RadialFloor(center=center, level="mean")(discs[np.newaxis])[0]
    np.testing.assert_array_equal(floored, discs)
    assert np.nansum(lifted) > 1.1 * np.nansum(discs)


@pytest.mark.parametrize("radius", [4.6, 5.0, 5.5, 6.0])
def test_a_sharp_direct_beam_has_no_halo(radius):
    beam = 1.0 * (pixel_radii((64, 64), (32, 32)) < radius)
    floored = RadialFloor(center=(32, 32))(beam[np.newaxis])[0]
    published = RadialFloor(center=(32, 32), level="mean")(beam[np.newaxis])[0]
    assert floored.sum() == beam.sum() < published.sum()


@given(patterns=PATTERNS)
def test_floor_commutes_with_quarter_turns(patterns):
    square = patterns[:, :, :9]
    floor = RadialFloor()
    turned = floor(np.rot90(square, axes=(1, 2)))
    np.testing.assert_allclose(turned, np.rot90(floor(square), axes=(1, 2)), rtol=1e-9)


def test_floor_fills_a_dark_spot_in_an_amorphous_ring():
    radii = pixel_radii((64, 64), (31.5, 31.5))
    rings = np.exp(-((radii - 15) ** 2) / 30) + 0.2
    holed = rings.copy()
    holed[30:34, 45:49] = 0
    spotted = rings.copy()
    spotted[10:13, 20:23] += 50
    filled, kept = RadialFloor()(np.stack([holed, spotted]))
    assert (filled[30:34, 45:49] > 0.9 * rings[30:34, 45:49]).all()
    np.testing.assert_allclose(kept, spotted, rtol=0.05)


def test_masked_pixels_take_no_part_in_the_floor():
    pattern = np.ones((1, 20, 20))
    pattern[0, 8:12, 8:12] = np.nan
    pattern[0, 3, 3] = 0
    floored = RadialFloor()(pattern)
    assert np.isnan(floored[0, 8:12, 8:12]).all()
    assert floored[0, 3, 3] > 0.8
    assert np.nanmax(floored) == 1


def test_elliptical_rings_are_followed():
    affine = np.array([[1.25, 0.0], [0.0, 0.8]])
    radii = pixel_radii((60, 60), (29.5, 29.5), affine)
    pattern = (np.exp(-((radii - 15) ** 2) / 4) + 0.01)[np.newaxis]
    followed = RadialFloor(affine=affine, level="mean")(pattern) - pattern
    ignored = RadialFloor(level="mean")(pattern) - pattern
    assert followed.max() < 0.1 * ignored.max()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RadialFloor(outlier_ratio=0.5), "outlier_ratio"),
        (lambda: RadialFloor(outlier_ratio=np.nan), "outlier_ratio"),
        (lambda: RadialFloor(level="median"), "'robust' or 'mean', got 'median'"),
        (lambda: AzimuthalFloor(level=None), "level"),
        (lambda: RadialFloor(center=(99, 3))(np.ones((1, 8, 8))), "outside"),
        (lambda: RadialFloor()(np.ones((1, 8))), "two dimensions"),
    ],
)
def test_bad_parameters_raise(make, words):
    with pytest.raises(ValueError, match=words):
        make()
