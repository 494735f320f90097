"""Laws of rotational symmetry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hspy_cnmf.constraints import RotationalSymmetry

IMAGES = arrays(
    np.float64, (2, 7, 7), elements=st.floats(0, 100, allow_subnormal=False)
)


@settings(deadline=None)
@given(images=IMAGES, n=st.sampled_from([2, 4]))
def test_turns_about_a_pixel_are_a_projection(images, n):
    symmetry = RotationalSymmetry(n)
    result = symmetry(images)
    np.testing.assert_allclose(symmetry(result), result, atol=1e-9)
    turned = np.rot90(result, 4 // n, axes=(1, 2))
    np.testing.assert_allclose(turned, result, atol=1e-9)
    np.testing.assert_allclose(result.sum(), images.sum(), rtol=1e-9)


@settings(deadline=None)
@given(images=IMAGES, n=st.integers(2, 7), mask=arrays(bool, (7, 7)))
def test_the_range_is_kept_and_masked_pixels_take_no_part(images, n, mask):
    mask[3, 3] = False
    masked = np.where(mask, np.nan, images)
    result = RotationalSymmetry(n)(masked)
    assert np.array_equal(np.isnan(result), np.isnan(masked))
    for before, after in zip(masked, result, strict=True):
        assert np.nanmax(after) <= np.nanmax(before) * (1 + 1e-9)
        assert np.nanmin(after) >= np.nanmin(before) * (1 - 1e-9)


@pytest.mark.parametrize("center", [None, (9.5, 9.5), (8.0, 11.0), (9.3, 10.2)])
def test_what_is_symmetrical_stays(center):
    row, column = center or (9.5, 9.5)
    y, x = np.indices((20, 20)) - np.array([row, column]).reshape(2, 1, 1)
    image = np.exp(-(x**2 + y**2) / 30) * (2 + 0.01 * (x**3 - 3 * x * y**2))
    result = RotationalSymmetry(3, center)(image[np.newaxis])[0]
    inside = np.hypot(x, y) < 7
    np.testing.assert_allclose(result[inside], image[inside], atol=0.1)


def test_friedel_pairs_become_equal():
    image = np.zeros((1, 9, 9))
    image[0, 1, 2], image[0, 7, 6] = 4, 2
    result = RotationalSymmetry()(image)[0]
    assert result[1, 2] == result[7, 6] == 3


@pytest.mark.parametrize("n", [1, 0, 2.5, True, "six"])
def test_turns_that_make_no_sense_are_refused(n):
    with pytest.raises(ValueError, match="n must be"):
        RotationalSymmetry(n)


def test_spectra_are_refused():
    with pytest.raises(ValueError, match="two dimensions"):
        RotationalSymmetry()(np.ones((1, 9)))
