"""Laws of the patterns of domains, and of the plane that some are decoded on."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.factors import (
    CONFIDENT,
    confident_members,
    latent_plane,
    mean_patterns,
    places_on,
)
from tests.helpers.domain_scans import square_view


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0.05, 2))
def test_members_are_the_surest_of_their_domain(seed, spread):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(3, spread), 60)
    members = confident_members(probabilities)
    labels, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    assert members.sum(axis=0).max(initial=0) <= 1
    for k, row in enumerate(members):
        own = labels == k
        assert not (row & ~own).any()
        assert row.any() == own.any()
        assert row[own & (confidence >= CONFIDENT)].all()
        if row.any() and (own & ~row).any():
            assert confidence[row].min() >= confidence[own & ~row].max()


def means_of(data, turns, view=None, members=None):
    keep = np.ones(data.shape[:2], bool)
    if members is None:
        members = np.arange(keep.size) % 2 == np.arange(2)[:, np.newaxis]
    return mean_patterns(data, keep, view or square_view(), members, turns)


@pytest.mark.parametrize("lazy", [False, True])
def test_patterns_that_are_not_turned_are_averaged(lazy):
    data = np.random.default_rng(0).poisson(5, (4, 5, 16, 16))
    given_ = da.from_array(data, chunks=(3, 2, 9, 16)) if lazy else data
    found = means_of(given_, np.zeros(20, int))
    flat = data.reshape(20, 16, 16)
    expected = [flat[k::2].mean(axis=0) for k in (0, 1)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_turned_patterns_are_turned_back_before():
    """Of patterns turned by quarters the mean is the one that was turned."""
    image = np.random.default_rng(0).exponential(1, (16, 16)) + 1
    quarters = np.arange(20) % 4
    data = np.stack([np.rot90(image, q) for q in quarters]).reshape(4, 5, 16, 16)
    view = square_view(rotation_invariant=True)
    turns = quarters * view.cells.shape[1] // 4
    members = np.ones((1, 20), bool)
    found = means_of(data, turns, view, members)[0]
    inside = np.isfinite(found)
    assert inside.mean() > 0.9
    np.testing.assert_allclose(found[inside], image[inside], rtol=1e-5)


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
