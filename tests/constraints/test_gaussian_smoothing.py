"""Laws of the smoothing of maps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import convolve, gaussian_filter1d

from hspy_cnmf.constraints import GaussianSmoothing

MAPS = arrays(np.float64, (2, 6, 7), elements=st.floats(0, 1e4, allow_subnormal=False))


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
        (lambda: GaussianSmoothing(fwhm=-1), "fwhm"),
        (lambda: GaussianSmoothing(size=4), "odd"),
        (lambda: GaussianSmoothing(size=9)(np.ones((1, 5, 5))), "kernel"),
        (lambda: GaussianSmoothing(fwhm=(1, 2, 3))(np.ones((1, 5, 5))), "dimensions"),
    ],
)
def test_bad_parameters_raise(make, words):
    with pytest.raises(ValueError, match=words):
        make()
