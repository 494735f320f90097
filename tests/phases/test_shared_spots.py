"""Spots that factors share lie where the data have them."""

import numpy as np
import pytest

from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.shared_spots import at_shared_places
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


def test_turned_groups_and_those_without_maps_are_as_they_are():
    clusters, _ = parallel(0.5)
    found = clusters.spots()
    turned = np.zeros(len(found), dtype=bool)
    assert at_shared_places(clusters, found, turned, 5.0) is found
    bare = crystals.clustered(crystals.patterns_of())
    assert bare.components.loadings is None
    found = bare.spots()
    assert at_shared_places(bare, found, ~turned[:1].repeat(len(found)), 5.0) is found


def test_spots_that_are_not_shared_stay():
    clusters, _ = parallel(0.0, turn=0.5)
    spots = GroupSpots.of(clusters, None, 5.0)
    for before, after in zip(clusters.spots(), spots.found, strict=True):
        for name in ("row", "column"):
            np.testing.assert_allclose(after[name], before[name], atol=0.1)
