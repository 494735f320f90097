"""Laws of the particles that are found in maps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.data import metallic_glass
from hspy_cnmf.maps.particle_size import projected_sphere
from hspy_cnmf.maps.particles import PARTICLE, find_particles, select_distinct

#: Full width at half maximum that stands for the smoothing over 3 positions, in steps.
SMOOTHING = 1.43

PLACES = st.tuples(st.floats(14, 18), st.floats(13, 17))

DIAMETERS = st.floats(4, 10)


def sphere(center, diameter, *, shape=(32, 30), steps=(1, 1), blur=1.5):
    """Return the map of a blurred sphere, its centre in positions."""
    rows, columns = np.indices(shape)
    distance = np.hypot((rows - center[0]) * steps[0], (columns - center[1]) * steps[1])
    return projected_sphere(distance, diameter, blur)


def assert_same(found, expected, **changes):
    """Compare particles field by field, apart from rounding."""
    assert len(found) == len(expected)
    for name in PARTICLE.names:
        value = changes.get(name, expected[name])
        np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=1e-6)


@st.composite
def scenes(draw):
    """Draw a stack of maps with a few spheres and some noise."""
    first, second = draw(PLACES), draw(st.tuples(st.floats(4, 26), st.floats(4, 25)))
    maps = np.stack([sphere(first, draw(DIAMETERS)), sphere(second, draw(DIAMETERS))])
    maps[0] += draw(st.floats(0, 1)) * maps[1]
    noise = np.random.default_rng(draw(st.integers(0, 100))).random(maps.shape)
    return maps + 0.05 * noise


@settings(deadline=None, max_examples=30)
@given(maps=scenes(), rows=st.integers(0, 9), columns=st.integers(0, 9))
def test_moving_the_maps_moves_the_particles(maps, rows, columns):
    maps = np.pad(maps - maps.min(), ((0, 0), (9, 9), (9, 9)))
    found = find_particles(maps, (1, 1))
    moved = find_particles(np.roll(maps, (rows, columns), axis=(1, 2)), (1, 1))
    row, column = found["row"] + rows, found["column"] + columns
    assert_same(moved, found, row=row, column=column)


@settings(deadline=None, max_examples=30)
@given(maps=scenes(), scale=st.floats(1e-3, 1e6))
def test_brighter_maps_have_the_same_particles(maps, scale):
    found, scaled = find_particles(maps, (1, 1)), find_particles(scale * maps, (1, 1))
    assert_same(scaled, found, height=scale * found["height"])


@settings(deadline=None, max_examples=30)
@given(maps=scenes(), scale=st.floats(0.01, 100), blur=st.floats(0, 2))
def test_sizes_are_in_the_units_of_the_steps(maps, scale, blur):
    found = find_particles(maps, (1, 1.2), blur=blur)
    scaled = find_particles(maps, (scale, 1.2 * scale), blur=scale * blur)
    sizes = ("width", "diameter", "diameter_error")
    assert_same(scaled, found, **{name: scale * found[name] for name in sizes})


@settings(deadline=None, max_examples=30)
@given(maps=scenes())
def test_turning_the_scan_over_turns_the_particles_over(maps):
    found = find_particles(maps, (1, 1.5))
    turned = find_particles(maps.transpose(0, 2, 1), (1.5, 1))
    assert_same(turned, found, row=found["column"], column=found["row"])


def test_steps_may_differ():
    maps = sphere((15, 31), 9, shape=(30, 60), steps=(1, 0.5))[np.newaxis]
    (particle,) = find_particles(maps, (1, 0.5), blur=1.5)
    assert particle["diameter"] == pytest.approx(9, abs=0.1)


def test_all_particles_of_a_map_are_found_down_to_half_of_the_highest():
    heights, places = (1, 0.8, 0.6, 0.4), ((8, 8), (8, 24), (24, 8), (24, 22))
    maps = sum(h * sphere(p, 6) for h, p in zip(heights, places, strict=True))
    found = find_particles(maps[np.newaxis], (1, 1))
    np.testing.assert_allclose(found["height"], heights[:3], rtol=0.02)
    np.testing.assert_allclose(found["row"], [8, 8, 24], atol=0.05)
    # Each above half of its own peak: they are equally large.
    assert np.ptp(found["width"]) < 0.05
    limits = {"minimum_height": 0.3, "minimum_contrast": 5}
    assert len(find_particles(maps[np.newaxis], (1, 1), **limits)) == 4


def test_two_that_touch_are_one():
    maps = (sphere((15, 12), 7) + 0.9 * sphere((15, 17), 7))[np.newaxis]
    (particle,) = find_particles(maps, (1, 1))
    assert 12 < particle["column"] < 17


@pytest.mark.parametrize("distribution", ["normal", "exponential", "uniform"])
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("clipped", [False, True])
def test_noise_has_no_particles(distribution, smooth, clipped):
    draw = getattr(np.random.default_rng(0), distribution)
    maps = draw(size=(30, 58, 58))
    if clipped:
        maps = np.clip(maps - np.median(maps), 0, None)
    if smooth:
        maps = GaussianSmoothing()(maps)
    limits = {"minimum_contrast": 13} if distribution == "exponential" else {}
    assert len(find_particles(maps, (1, 1), **limits)) == 0


@pytest.mark.parametrize("noise", [0.02, 0.05])
@pytest.mark.parametrize("smooth", [False, True])
def test_the_error_is_the_scatter_that_noise_makes(noise, smooth):
    maps = np.random.default_rng(0).standard_normal((100, 40, 38))
    if smooth:
        maps = GaussianSmoothing()(maps)
    maps *= noise / maps.std()
    maps += sphere((20, 18.6), 7, shape=maps.shape[1:], blur=2)
    found = find_particles(maps, (1, 1), blur=2)
    assert len(found) == 100
    assert found["contrast"].mean() == pytest.approx(1 / noise, rel=0.1)
    assert found["diameter"].mean() == pytest.approx(7, rel=0.03)
    scatter = found["diameter"].std()
    assert found["diameter_error"].mean() == pytest.approx(scatter, rel=0.4)


@pytest.mark.parametrize("seed", range(3))
def test_a_matrix_with_dips_has_no_particles(seed):
    generator = np.random.default_rng(seed)
    holes = sum(sphere(place, 6) for place in generator.uniform(3, 27, (8, 2)))
    matrix = 100 - 60 * holes + generator.standard_normal(holes.shape)
    large_scale = 20 * gaussian_filter(generator.standard_normal(holes.shape), 6)
    assert len(find_particles((matrix + large_scale)[np.newaxis], (1, 1))) == 0


@pytest.mark.parametrize("value", [0.0, 1e-9, 3.3, np.nan])
def test_even_and_masked_maps_have_no_particles(value):
    found = find_particles(np.full((2, 9, 8), value), (1, 1))
    assert found.dtype == PARTICLE and found.shape == (0,)
    assert len(find_particles(np.empty((0, 9, 8)), (1, 1))) == 0


@settings(deadline=None, max_examples=50)
@given(
    maps=arrays(float, (2, 6, 7), elements=st.floats(0, 1e6) | st.just(np.nan)),
    minimum_contrast=st.floats(0, 20),
)
def test_any_map_has_particles_with_finite_sizes_or_none(maps, minimum_contrast):
    found = find_particles(maps, (1, 2), minimum_contrast=minimum_contrast)
    for name in ("row", "column", "width", "diameter", "diameter_error", "height"):
        assert np.isfinite(found[name]).all()
    assert (found["width"] > 0).all() and (found["height"] > 0).all()


@pytest.mark.parametrize(
    ("center", "cut"), [((16, 15), False), ((1, 15), True), ((16, 29), True)]
)
def test_particles_that_the_edge_cuts_are_flagged(center, cut):
    (particle,) = find_particles(sphere(center, 8)[np.newaxis], (1, 1), blur=1.5)
    assert particle["touches_edge"] == cut
    if cut:
        assert particle["diameter"] < 8


@pytest.mark.parametrize("diameter", [30, 60, 90])
def test_a_particle_may_be_of_any_size(diameter):
    maps = sphere((90, 80), diameter, shape=(190, 170))[np.newaxis]
    (particle,) = find_particles(maps, (1, 1), blur=1.5)
    assert particle["diameter"] == pytest.approx(diameter, rel=0.01)
    assert not particle["touches_edge"]


def test_a_region_is_followed_to_its_ends():
    """A winding line leaves the first part of the map looked at, and comes back."""
    line = np.zeros((150, 150))
    line[20:130, 20] = line[20, 20:130] = line[20:130, 129] = line[100, 80:130] = 1
    line[100, 80] = 1.5  # ends near the peak of a part on its own
    line[100, 40] = 1
    found = find_particles(line[np.newaxis], (1, 1), minimum_contrast=0)
    assert len(found) == 2
    winding, alone = found if found["width"][0] > found["width"][1] else found[::-1]
    assert (alone["row"], alone["column"]) == pytest.approx((100, 40), abs=0.1)
    assert winding["width"] > 10 * alone["width"]


def test_particles_that_a_mask_cuts_are_flagged():
    maps = np.stack([sphere((16, 15), 8)] * 3)
    maps[1, :, 17:] = np.nan
    maps[2, :, 25:] = np.nan
    whole, cut, far = find_particles(maps, (1, 1))
    assert [p["touches_edge"] for p in (whole, cut, far)] == [False, True, False]
    assert cut["width"] < 0.9 * whole["width"]
    assert far["width"] == pytest.approx(whole["width"], rel=1e-3)


def test_what_is_masked_takes_no_part():
    maps = np.stack([sphere((16, 10), 8)] * 2)
    maps[1] += 5 * sphere((16, 26), 6)
    maps[:, :, 20:] = np.nan
    first, second = find_particles(maps, (1, 1))
    assert first["width"] == pytest.approx(second["width"], rel=1e-3)


def test_the_precipitates_of_the_glass_are_measured():
    _, truth = metallic_glass(
        detector_shape=(16, 16), random_state=0, return_truth=True
    )
    maps = GaussianSmoothing()(truth.loadings.data[1:])
    for blur, tolerance in ((0, 0.1), (np.hypot(2, 1.5 * SMOOTHING), 0.02)):
        found = find_particles(maps, (1.5, 1.5), blur=blur)
        assert len(found) == 20
        np.testing.assert_allclose(
            found["diameter"], truth.diameters[1:], rtol=tolerance
        )


def test_of_particles_at_the_same_place_the_higher_is_kept():
    one, other = sphere((10, 10), 6), sphere((22, 20), 6)
    maps = np.stack([0.5 * one, one + 0.9 * other, 2 * sphere((23, 21), 6)])
    found = find_particles(maps, (1, 1))
    assert len(found) == 4
    kept = select_distinct(found, (1, 1))
    np.testing.assert_array_equal(kept["component"], [1, 2])
    np.testing.assert_array_equal(select_distinct(kept, (1, 1)), kept)
    assert len(select_distinct(found[:0], (1, 1))) == 0


def test_the_same_place_is_told_by_distances_not_by_positions():
    maps = np.stack([sphere((16, 12), 6), sphere((16, 17), 6)])
    found = find_particles(maps, (1, 1))
    assert len(select_distinct(found, (1, 1))) == 2
    assert len(select_distinct(found, (1, 0.2))) == 1


@pytest.mark.parametrize(
    ("maps", "arguments", "message"),
    [
        (np.ones((4, 5)), {}, "maps must be a stack of maps"),
        (np.full((1, 4, 5), np.inf), {}, "infinite"),
        (np.ones((1, 4, 5)), {"steps": (1, 0)}, "steps must be two positive"),
        (np.ones((1, 4, 5)), {"steps": 1.5}, "steps must be two positive"),
        (np.ones((1, 4, 5)), {"blur": -1}, "blur must be at least 0"),
        (np.ones((1, 4, 5)), {"minimum_height": 0}, "minimum_height must be in"),
        (np.ones((1, 4, 5)), {"minimum_contrast": np.nan}, "minimum_contrast must be"),
        (np.ones((1, 4, 5)), {"minimum_rise": -1}, "minimum_rise must be"),
    ],
)
def test_bad_maps_and_limits_are_refused(maps, arguments, message):
    with pytest.raises(ValueError, match=message):
        find_particles(maps, **{"steps": (1, 1), **arguments})
