"""Scales of axes in a common unit: converted, or refused."""

import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hspy_cnmf
from hspy_cnmf._hyperspy.calibration import ring_distortion
from hspy_cnmf._hyperspy.scales import common_scale
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.rings import pixel_radii
from hspy_cnmf.decomposition.constraints import with_steps

#: Units of the same kind, and how many of the first are one of each.
LENGTHS = {"nm": 1.0, "Å": 0.1, "um": 1e3, "µm": 1e3, "pm": 1e-3}
RECIPROCAL = {"1/nm": 1.0, "nm^-1": 1.0, "1/Å": 10.0, "$A^{-1}$": 10.0}
ANGLES = {"mrad": 1.0, "rad": 1e3}
KINDS = st.sampled_from([LENGTHS, RECIPROCAL, ANGLES])


def axes_of(scales, units, offsets=(0.0, 0.0)):
    """Return the axes of an image, in array order: y, x."""
    image = hs.signals.Signal2D(np.zeros((6, 8)))
    for axis, scale, unit, offset in zip(
        image.axes_manager.signal_axes[::-1], scales, units, offsets, strict=True
    ):
        axis.scale, axis.units, axis.offset = scale, unit, offset
    return image.axes_manager.signal_axes[::-1]


@settings(deadline=None, max_examples=40)
@given(kind=KINDS, data=st.data(), scale=st.floats(1e-3, 1e3))
def test_steps_are_the_same_in_whichever_units_the_axes_are(kind, data, scale):
    y, x = (data.draw(st.sampled_from(sorted(kind))) for _ in range(2))
    found = common_scale(axes_of((scale / kind[y], -scale / kind[x]), (y, x)), "maps")
    assert found.unit == x
    np.testing.assert_allclose(found.steps, scale / kind[x], rtol=1e-9)


@settings(deadline=None, max_examples=20)
@given(offset=st.floats(-10, 10), place=st.floats(0, 5))
def test_coordinates_are_in_the_common_unit(offset, place):
    axes = axes_of((5.0, 0.5), ("Å", "nm"), (10 * offset, offset))
    places = [np.array([place])] * 2
    y, x = common_scale(axes, "maps").coordinates(axes, places)
    np.testing.assert_allclose(y, x, rtol=1e-9, atol=1e-9)


def test_without_any_units_scales_are_taken_as_they_are():
    assert common_scale(axes_of((2, 3), ("", "")), "maps").steps == (2, 3)


@pytest.mark.parametrize(
    "units",
    [("", "nm"), ("nm", "1/nm"), ("mrad", "1/nm"), ("nm", "parsnip"), ("px", "nm")],
)
def test_units_without_a_common_one_are_refused(units):
    with pytest.raises(ValueError, match="cannot be converted into one another"):
        common_scale(axes_of((1, 1), units), "maps")


def test_uneven_steps_are_refused():
    axes = axes_of((1, 1), ("nm", "nm"))
    axes[1].convert_to_non_uniform_axis()
    assert common_scale(axes, "maps").steps == (1, 1)
    axes[1].axis = np.arange(8.0) ** 2
    with pytest.raises(ValueError, match="even steps"):
        common_scale(axes, "maps")


@pytest.mark.parametrize("units", [("1/nm", "1/nm"), ("1/Å", "1/nm")])
def test_radii_are_those_of_pixels_that_are_not_square(units):
    detector = hs.signals.Signal2D(np.zeros((20, 20)))
    scales = np.array([0.01, 0.03])
    axes = detector.axes_manager.signal_axes[::-1]
    for axis, scale, unit in zip(axes, scales, units, strict=True):
        axis.units, axis.scale = unit, scale / RECIPROCAL[unit]
    radii = pixel_radii((20, 20), (9.5, 9.5), ring_distortion(detector))
    y, x = (np.indices((20, 20)) - 9.5) * scales[:, None, None]
    np.testing.assert_allclose(radii * scales.mean(), np.hypot(y, x), rtol=1e-9)


@pytest.mark.parametrize("unit, factor", [("nm", 1), ("Å", 10)])
def test_the_smoothing_is_as_wide_along_both_axes(unit, factor):
    axes = axes_of((0.5 * factor, 0.25), (unit, "nm"))
    smoothing = with_steps(GaussianSmoothing(fwhm=1.0), axes)
    np.testing.assert_allclose(smoothing.step, (0.5, 0.25))


def test_one_width_for_axes_without_a_common_unit_is_refused():
    axes = axes_of((1, 0.25), ("", "nm"))
    with pytest.raises(ValueError, match="scan have units that cannot be converted"):
        with_steps(GaussianSmoothing(fwhm=1.0), axes)
    for smoothing in (GaussianSmoothing(), GaussianSmoothing(fwhm=(2.0, 1.0))):
        assert with_steps(smoothing, axes).step == (1, 0.25)


# --- lattice distances and particles --------------------------------------------------


def patterns(scales, units, stretch):
    """Return two patterns with six spots 0.4 from the centre, along x and y."""
    y, x = np.mgrid[:64, :64]
    pattern = np.full((64, 64), 1e-4)
    for angle in np.arange(6) * np.pi / 3 + 0.2:
        row = 31.5 - 20 * stretch[1] * np.sin(angle)
        column = 31.5 + 20 * stretch[0] * np.cos(angle)
        pattern += np.exp(-((y - row) ** 2 + (x - column) ** 2) / 3.4)
    signal = hs.signals.Signal2D(np.stack([pattern, 1.01 * pattern]))
    signal.set_signal_type("electron_diffraction")
    for axis, scale, unit in zip(
        signal.axes_manager.signal_axes, scales, units, strict=True
    ):
        axis.scale, axis.units, axis.offset = scale, unit, -31.5 * scale
    return signal


def maps(steps, units, radius=6.0):
    """Return two maps of a sphere whose radius is in steps."""
    y, x = np.mgrid[:48, :48]
    thickness = np.sqrt(np.maximum(radius**2 - (y - 20) ** 2 - (x - 20) ** 2, 0))
    signal = hs.signals.Signal2D(np.stack([thickness, thickness]))
    for axis, unit, step in zip(
        signal.axes_manager.signal_axes, units, steps, strict=True
    ):
        axis.units, axis.scale = unit, step
    return signal


def clusters(factors, loadings=None):
    return hspy_cnmf.cluster_diffraction(
        factors, loadings, n_clusters=1, print_info=False
    )


@pytest.mark.parametrize(
    "scales, units, stretch",
    [
        ((0.02, 0.02), ("1/nm", "1/nm"), (1.0, 1.0)),
        ((0.02, 0.01), ("1/nm", "1/nm"), (0.6, 1.2)),
        ((0.02, 0.002), ("1/nm", "1/Å"), (1.0, 1.0)),
    ],
    ids=["square", "not square", "unlike units"],
)
def test_lattice_distances_do_not_depend_on_the_pixels(scales, units, stretch):
    rings = clusters(patterns(scales, units, stretch)).lattice_distances()
    assert len(rings) == 1 and rings["n_spots"][0] == 6
    expected = 1 / (20 * stretch[0] * 0.02)
    assert rings["unit"][0] == "nm"
    assert rings["lattice_distance"][0] == pytest.approx(expected, rel=2e-3)


def test_half_calibrated_patterns_are_clustered_but_not_measured():
    found = clusters(patterns((1, 0.02), ("", "1/nm"), (1, 1)))
    assert found.spots()
    with pytest.raises(ValueError, match="patterns have units that cannot"):
        found.lattice_distances()


def test_diameters_and_places_are_in_the_unit_of_x():
    factors = patterns((0.02, 0.02), ("1/nm",) * 2, (1, 1))
    one = clusters(factors, maps((0.5, 0.5), ("nm", "nm")))
    other = clusters(factors, maps((0.5, 5.0), ("nm", "Å")))
    other.loadings.plot()
    expected, table = (
        one.particle_diameters(),
        other.particle_diameters(add_markers=True),
    )
    for name in ("x", "diameter", "uncertainty"):
        np.testing.assert_allclose(table[name], expected[name], rtol=1e-6)
    assert table["unit"].tolist() == expected["unit"].tolist() == ["nm"]


def test_particles_are_not_measured_in_half_calibrated_maps():
    factors = patterns((0.02, 0.02), ("1/nm",) * 2, (1, 1))
    found = clusters(factors, maps((0.5, 1.0), ("nm", "")))
    assert found.aligned_loadings is None
    with pytest.raises(ValueError, match="maps have units that cannot"):
        found.particle_diameters()
