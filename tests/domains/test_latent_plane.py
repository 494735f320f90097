"""Laws of the plane of the latent space that is shown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.latent_plane import latent_plane, places_on


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)), st.integers(0, 1000))
def test_it_is_of_the_two_coordinates_that_spread_most(order, seed):
    spreads = np.array([1.0, 2, 5, 9])[list(order)]
    latent = np.random.default_rng(seed).standard_normal((200, 4)) * spreads
    plane = latent_plane(latent)
    assert plane["coordinates"] == sorted(np.argsort(spreads)[-2:])
    values = latent[:, plane["coordinates"]]
    inside = (values >= plane["low"]) & (values <= plane["high"])
    np.testing.assert_allclose(inside.mean(axis=0), 0.98, atol=0.006)


@pytest.mark.parametrize("dimension", [1, 2, 5])
@pytest.mark.parametrize("n_positions", [3, 100])
def test_places_are_a_grid_from_above(dimension, n_positions):
    latent = np.random.default_rng(0).standard_normal((n_positions, dimension))
    plane = latent_plane(latent)
    places = places_on(plane, latent)
    assert places.shape == (7 ** min(dimension, 2), dimension)
    shown = places[:, plane["coordinates"]]
    np.testing.assert_allclose(shown.min(axis=0), plane["low"])
    np.testing.assert_allclose(shown.max(axis=0), plane["high"])
    if dimension > 1:
        np.testing.assert_allclose(shown[0], [plane["low"][0], plane["high"][1]])
        np.testing.assert_allclose(shown[:7, 1], plane["high"][1])


def test_places_off_the_plane_are_where_positions_are():
    plane_values = np.random.default_rng(0).uniform(-1, 1, (400, 2)) * [9, 9]
    latent = np.column_stack([plane_values, np.full(400, 0.25)])
    places = places_on(latent_plane(latent), latent)
    np.testing.assert_allclose(places[:, 2], 0.25)
