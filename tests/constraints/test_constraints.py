"""Laws of the constraints."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import convolve, gaussian_filter1d

from hspy_cnmf.constraints import AzimuthalFloor, GaussianSmoothing, RadialFloor
from hspy_cnmf.constraints.rings import Rings, pixel_radii

PATTERNS = arrays(
    np.float64, (2, 9, 12), elements=st.floats(0, 1e4, allow_subnormal=False)
)
MAPS = arrays(np.float64, (2, 6, 7), elements=st.floats(0, 1e4, allow_subnormal=False))
FLOORS = [RadialFloor(), RadialFloor(center=(2.3, 7.9)), AzimuthalFloor()]


def ring_levels(pattern, floor):
    """Return, pixel by pixel, the level that the definition of the floor gives."""
    shape = pattern.shape
    if isinstance(floor, AzimuthalFloor):
        rings = Rings.from_labels(np.indices(shape)[0].ravel())
    else:
        center = floor.center or tuple((n - 1) / 2 for n in shape)
        rings = Rings.from_radii(pixel_radii(shape, center).ravel())
    values = pattern.ravel()
    levels = np.empty(rings.n_rings)
    for ring in range(rings.n_rings):
        members = values[rings.label == ring]
        threshold = 2 * members.mean()
        # Which side a pixel falls on is open where only rounding decides it.
        assume(not (np.isclose(members, threshold, rtol=1e-9) & (members > 0)).any())
        levels[ring] = members[members <= threshold].mean()
    inner, outer = levels[rings.inner], levels[rings.outer]
    return ((1 - rings.fraction) * inner + rings.fraction * outer).reshape(shape)


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
    followed = RadialFloor(affine=affine)(pattern) - pattern
    ignored = RadialFloor()(pattern) - pattern
    assert followed.max() < 0.1 * ignored.max()


@settings(deadline=None)
@given(maps=MAPS, fwhm=st.floats(0.3, 3), mask=arrays(bool, (6, 7)))
def test_smoothing_keeps_the_range_and_ignores_masked_positions(maps, fwhm, mask):
    if mask.all():
        mask[0, 0] = False
    smoothing = GaussianSmoothing(fwhm=fwhm, size=3)
    masked = np.where(mask, np.nan, maps)
    smoothed = smoothing(masked)
    assert np.isnan(smoothed[:, mask]).all()
    for before, after in zip(maps, smoothed, strict=True):
        kept = before[~mask]
        assert after[~mask].min() >= kept.min() - 1e-9 * kept.max()
        assert after[~mask].max() <= kept.max() * (1 + 1e-9)
    prepared = smoothing.prepare(~mask)
    np.testing.assert_array_equal(prepared(maps[:, ~mask]), smoothed[:, ~mask])


@given(constant=st.floats(0, 1e6), mask=arrays(bool, (6, 7)))
def test_a_constant_map_stays_constant_under_any_mask(constant, mask):
    if mask.all():
        mask[0, 0] = False
    maps = np.where(mask, np.nan, np.full((1, 6, 7), constant))
    smoothed = GaussianSmoothing(fwhm=2)(maps)
    np.testing.assert_allclose(smoothed[:, ~mask], constant, rtol=1e-9, atol=1e-300)


@given(maps=MAPS, other=MAPS)
def test_smoothing_is_linear(maps, other):
    smoothing = GaussianSmoothing(size=3)
    np.testing.assert_allclose(
        smoothing(maps + other), smoothing(maps) + smoothing(other), atol=1e-6
    )


def test_smoothing_inside_a_map_is_a_convolution_with_the_3_x_3_kernel():
    maps = np.random.default_rng(0).random((1, 9, 8))
    smoothing = GaussianSmoothing()
    rows, columns = smoothing.kernels((9, 8))
    assert rows.size == columns.size == 3
    expected = convolve(maps[0], np.outer(rows, columns))
    np.testing.assert_allclose(smoothing(maps)[0, 1:-1, 1:-1], expected[1:-1, 1:-1])


@pytest.mark.parametrize("shape", [(40,), (6, 40), (3, 5, 40)])
def test_fwhm_is_in_units_of_the_step_in_any_number_of_dimensions(shape):
    line = np.zeros((1, *shape))
    line[..., 20] = 1
    fwhm = (*(0.0 for _ in shape[:-1]), 6.0)
    smoothed = GaussianSmoothing(fwhm=fwhm, step=2.0)(line)
    sigma = 3.0 / (2 * np.sqrt(2 * np.log(2)))
    expected = gaussian_filter1d(line, sigma, axis=-1, radius=3)
    np.testing.assert_allclose(smoothed, expected, atol=2e-3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RadialFloor(outlier_ratio=0.5), "outlier_ratio"),
        (lambda: RadialFloor(outlier_ratio=np.nan), "outlier_ratio"),
        (lambda: RadialFloor(center=(99, 3))(np.ones((1, 8, 8))), "outside"),
        (lambda: RadialFloor()(np.ones((1, 8))), "two dimensions"),
        (lambda: GaussianSmoothing(fwhm=-1), "fwhm"),
        (lambda: GaussianSmoothing(size=4), "odd"),
        (lambda: GaussianSmoothing(size=9)(np.ones((1, 5, 5))), "kernel"),
        (lambda: GaussianSmoothing(fwhm=(1, 2, 3))(np.ones((1, 5, 5))), "dimensions"),
    ],
)
def test_bad_parameters_raise(make, words):
    with pytest.raises(ValueError, match=words):
        make()
