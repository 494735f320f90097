"""Laws of places and maps of spherical precipitates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.data._precipitates import place_spheres, share_maps

EXTENT = np.array([40.0, 50.0])


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.lists(st.floats(1, 8), min_size=1, max_size=8))
def test_spheres_lie_inside_and_apart(seed, diameters):
    diameters = np.array(diameters)
    centers = place_spheres(diameters, EXTENT, np.random.default_rng(seed))
    radii = diameters[:, np.newaxis] / 2
    assert (centers >= radii).all() and (centers <= EXTENT - radii).all()
    gaps = np.linalg.norm(centers[:, np.newaxis] - centers, axis=2)
    gaps -= radii + radii.T
    assert gaps[~np.eye(len(gaps), dtype=bool)].min(initial=0) >= -1e-9


def test_what_does_not_fit_is_refused_in_words():
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match="of 41 nm does not fit into the scanned 40"):
        place_spheres(np.array([3.0, 41]), EXTENT, generator)
    with pytest.raises(ValueError, match="n_precipitates=60 is too many: only"):
        place_spheres(np.full(60, 9.0), EXTENT, generator)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.floats(0, 3), st.floats(0.1, 0.6))
def test_shares_sum_to_one_and_are_largest_in_the_middle(seed, probe, crystallinity):
    diameters = np.array([6.0, 8.0])
    centers = np.array([[10.0, 10], [28, 34]])
    shift = np.random.default_rng(seed).integers(-2, 3, 2)
    maps = share_maps((40, 50), 1.0, centers + shift, diameters, probe, crystallinity)
    np.testing.assert_allclose(maps.sum(axis=0), 1)
    assert (maps >= 0).all() and maps.shape == (3, 40, 50)
    for k, center in enumerate(centers + shift):
        place = np.unravel_index(maps[1 + k].argmax(), (40, 50))
        np.testing.assert_array_equal(place, center)
        assert maps[1 + k].max() <= crystallinity * (1 + 1e-9)


def test_precipitates_that_would_have_more_than_everything_are_refused():
    centers = np.array([[20.0, 20], [20, 23]])
    with pytest.raises(ValueError, match="probe_fwhm=6 blurs neighbouring"):
        share_maps((40, 50), 1.0, centers, np.full(2, 9.0), 6.0, 1.0)
