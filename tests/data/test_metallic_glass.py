"""The simulated metallic glass."""

import numpy as np
import pytest
from scipy import ndimage

from hspy_cnmf.data import four_phases, metallic_glass, twinned_silver
from hspy_cnmf.data._patterns import detector_coordinates

SMALL = {
    "four_phases": (four_phases, {"shape": (9, 11), "detector_shape": (20, 24)}),
    "metallic_glass": (
        metallic_glass,
        {
            "shape": (12, 14),
            "detector_shape": (24, 20),
            "n_precipitates": 3,
            "diameter": 5.0,
        },
    ),
    "twinned_silver": (twinned_silver, {"shape": (12, 10)}),
}


@pytest.fixture(scope="module")
def glass():
    """Return the truth of a glass at the published sampling."""
    arguments = {"n_precipitates": 9, "random_state": 5, "lazy": True}
    _, truth = metallic_glass(**arguments, return_truth=True)
    return truth


def strongest_spot(pattern):
    """Return (kx, ky) in 1/nm of the strongest spot, the direct beam left out."""
    kx, ky = detector_coordinates(pattern.shape)
    spots = np.where(np.hypot(kx, ky) > 1, pattern, 0)
    labels, n_spots = ndimage.label(spots)
    sums = ndimage.sum_labels(spots, labels, np.arange(1, n_spots + 1))
    weights = np.where(labels == sums.argmax() + 1, spots, 0) / sums.max()
    return (weights * kx).sum(), (weights * ky).sum()


def test_spots_lie_at_the_lattice_distance_and_the_orientation(glass):
    for pattern, distance, orientation in zip(
        glass.factors.data[1:],
        glass.lattice_distances[1:],
        glass.orientations[1:],
        strict=True,
    ):
        kx, ky = strongest_spot(pattern)
        pixel = 16 / 128
        assert np.hypot(kx, ky) == pytest.approx(1 / distance, abs=pixel / 2)
        measured = np.rad2deg(np.arctan2(-ky, kx)) % 180
        assert abs((measured - orientation + 90) % 180 - 90) < 1


def test_a_family_is_one_pattern_rotated_as_scipy_rotates(glass):
    for family in (1, 2, 3):
        first, second = np.flatnonzero(glass.families == family)[:2]
        angle = glass.orientations[second] - glass.orientations[first]
        turned = ndimage.rotate(glass.factors.data[first], angle, reshape=False)
        expected = glass.factors.data[second]
        kx, ky = detector_coordinates(expected.shape)
        spots = np.hypot(kx, ky) > 1
        assert np.corrcoef(turned[spots], expected[spots])[0, 1] > 0.9
    assert set(glass.lattice_distances[1:]) == {0.259, 0.228, 0.191}


def test_every_component_has_the_same_intense_direct_beam(glass):
    kx, ky = detector_coordinates((128, 128))
    beam = np.hypot(kx, ky) < 0.5
    shares = glass.factors.data[:, beam].sum(axis=1)
    np.testing.assert_allclose(shares[1:], 0.85)
    assert shares[0] == pytest.approx(0.85, abs=2e-3)
    matrix = glass.factors.data[0]
    assert matrix[beam].max() > 100 * matrix[~beam].max()


def test_maps_of_precipitates_have_the_diameters(glass):
    step = glass.loadings.axes_manager["x"].scale
    y, x = np.indices(glass.loadings.data.shape[1:]) * step
    for loading, diameter in zip(
        glass.loadings.data[1:], glass.diameters[1:], strict=True
    ):
        weight = loading / loading.sum()
        center_y, center_x = (weight * y).sum(), (weight * x).sum()
        spread = (weight * ((y - center_y) ** 2 + (x - center_x) ** 2)).sum()
        # Second moments add up: 2/5 R^2 of a projected ball, 2 sigma^2 of the probe.
        probe = 2 * (2.0 / 2.3548) ** 2
        measured = 2 * np.sqrt((spread - probe) * 5 / 2)
        assert measured == pytest.approx(diameter, rel=0.05)
        assert loading.max() <= 0.05 * 2e6
        assert loading.max() > 0.8 * 0.05 * 2e6
    assert np.nanmean(glass.diameters) == pytest.approx(7, rel=0.15)


def test_the_specimen_does_not_depend_on_dose_or_detector():
    arguments = {"n_precipitates": 4, "random_state": 8, "return_truth": True}
    arguments |= {"shape": (20, 20), "lazy": True}
    _, one = metallic_glass(detector_shape=(32, 32), dose=1e3, **arguments)
    _, other = metallic_glass(detector_shape=(20, 16), dose=1e5, **arguments)
    np.testing.assert_array_equal(one.orientations, other.orientations)
    np.testing.assert_allclose(one.loadings.data * 100, other.loadings.data)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_precipitates": 500}, ValueError, "n_precipitates=500.*Give fewer"),
        ({"n_precipitates": 0}, ValueError, "n_precipitates=0"),
        ({"n_precipitates": 2.5}, TypeError, "n_precipitates=2.5"),
        ({"diameter": -7}, ValueError, "diameter=-7"),
        ({"diameter": 100}, ValueError, "smaller diameter"),
        ({"crystallinity": 1.2}, ValueError, "crystallinity=1.2.*at most 1"),
        ({"crystallinity": 1, "probe_fwhm": 30}, ValueError, "smaller probe"),
        ({"step": 0}, ValueError, "step=0"),
    ],
)
def test_bad_arguments_of_the_glass_raise(arguments, error, message):
    with pytest.raises(error, match=message):
        metallic_glass(**{**SMALL["metallic_glass"][1], "random_state": 0, **arguments})
