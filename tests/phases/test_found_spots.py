"""Spots are as wide as the beam; those that are shared lie where the data have them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf import cluster_diffraction
from hspy_cnmf.patterns.spots import SPOT
from hspy_cnmf.phases.found_spots import at_shared_places, mean_where_group_is
from hspy_cnmf.phases.group_spots import GroupSpots
from tests.helpers import crystals

#: Part by which the cell of the second crystal is larger, that lies parallel.
LARGER = 1.02


def blobs(places):
    rows, columns = np.indices(crystals.SHAPE)
    return sum(
        np.exp(-((rows - r) ** 2 + (columns - c) ** 2) / (2 * 1.3**2))
        for r, c in places
    )


def parallel(given, turn=0.0):
    """Return clusters of two lattices with maps, and the places of the first.

    `given` is how much of the second pattern is taken off the first, and its map added
    to that of the second: the model stays the same.
    """
    center = (np.array(crystals.SHAPE) - 1) / 2
    lattice = 12.3 * np.array([(1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, -1)])
    cosine, sine = np.cos(turn), np.sin(turn)
    first = center + lattice
    second = center + lattice @ [[cosine, -sine], [sine, cosine]] / LARGER
    true = np.array([blobs(first), blobs(second)])
    one = np.maximum(true[0] - given * true[1], 0)
    values = np.zeros((2, 12, 12))
    values[0], values[1, 3:6, 3:6] = 1.0, 0.3
    values[1] += given * values[0]
    loadings = crystals.maps(2)
    loadings.data = values
    patterns = np.array([one, true[1]]) + 1e-6
    clusters = crystals.clustered(patterns, loadings, distance_threshold=1e-9)
    return clusters, first


@pytest.mark.parametrize("given", [0.2, 0.4])
def test_a_spot_that_was_shared_is_put_back(given):
    clusters, places = parallel(given)
    spots = GroupSpots.of(clusters, None, 5.0)
    group = int(clusters.labels.data[0])

    def off(some):
        offsets = places[:, None] - np.stack([some["row"], some["column"]], axis=1)
        return np.hypot(*offsets.T).min(axis=0).max()

    before = clusters.spots()[group]
    assert len(spots.found[group]) == len(before) >= 4
    assert off(spots.found[group]) < 0.5 * off(before)
    # How far it was off is its error.
    moved = np.hypot(
        *(before[name] - spots.found[group][name] for name in ("row", "column"))
    )
    assert (spots.found[group]["radius_error"] >= moved).all()


def test_without_maps_spots_are_as_they_are():
    bare = crystals.clustered(crystals.patterns_of())
    assert bare.components.loadings is None
    for before, after in zip(
        bare.spots(), GroupSpots.of(bare, None, 5.0).found, strict=True
    ):
        np.testing.assert_array_equal(before, after)


@given(brightness=st.floats(0.1, 2.0), move=st.floats(0.0, 6.0))
def test_what_is_near_is_moved_if_mostly_its_own_and_else_in_doubt(brightness, move):
    spots = np.zeros(2, SPOT)
    spots["row"], spots["column"] = (10.0, 30.0), 20.0
    spots["intensity"], spots["width"], spots["radius_error"] = 5.0, 1.5, 0.1
    there = spots[:1].copy()
    there["row"] += move
    after = at_shared_places(spots, there, brightness)
    near = move < 1.5
    assert after["row"].tolist() == [10.0 + move * (near and brightness > 0.5), 30.0]
    # Two widths apart there are two spots.
    error = np.hypot(0.1, move * (move < 3.0))
    np.testing.assert_allclose(after["radius_error"], [error, 0.1])
    assert at_shared_places(spots, there[:0], brightness) is spots
    assert (spots["row"] == (10.0, 30.0)).all()


def test_the_mean_is_that_of_the_model_where_the_group_is():
    rng = np.random.default_rng(0)
    maps, factors = rng.random((3, 7)), rng.random((3, 4, 5))
    factors[:, 0, 0] = np.nan
    members = np.array([0, 2])
    mean, own = mean_where_group_is(maps, factors, members)
    model = np.tensordot(maps.T, factors, 1)
    weights = maps[members].sum(axis=0)
    np.testing.assert_allclose(mean, np.tensordot(weights, model, 1))
    everything, total = mean_where_group_is(maps, factors, np.arange(3))
    assert total == pytest.approx(np.nansum(everything))
    assert own < np.nansum(mean)


def test_spots_that_are_not_shared_stay():
    clusters, _ = parallel(0.0, turn=0.5)
    spots = GroupSpots.of(clusters, None, 5.0)
    for before, after in zip(clusters.spots(), spots.found, strict=True):
        for name in ("row", "column"):
            np.testing.assert_allclose(after[name], before[name], atol=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_few_electrons_make_no_spots_within_wide_ones(seed):
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(crystals.SHAPE) - 39.5
    # Of how many electrons in the brightest pixel, and where.
    spots = [(30, 20, 3), (30, -20, -3), (3, 3, -22), (3, -3, 22)], [(30, 9, 25)]
    expected = [
        sum(
            n * np.exp(-((rows - r) ** 2 + (columns - c) ** 2) / 18) for n, r, c in some
        )
        for some in spots
    ]
    counted = crystals.stack(1.0 * rng.poisson(expected))
    clusters = cluster_diffraction(counted, distance_threshold=1e-6, print_info=False)
    assert max(len(spots) for spots in clusters.spots()) > 4
    found = GroupSpots.of(clusters, None, 5.0).found
    for group, some in zip(clusters.labels.data, spots, strict=True):
        assert len(found[group]) == len(some)
        assert (found[group]["width"] > 1.5).all()
