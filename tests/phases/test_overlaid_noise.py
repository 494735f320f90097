"""Spots stand out of the noise of what lies over them; in it, none is asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf._hyperspy.store import GAIN
from hspy_cnmf.patterns.spots import SPOT
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.overlaid_noise import OverlaidNoise
from hspy_cnmf.phases.spot_pattern import Detector
from tests.helpers import crystals

SHAPE = (40, 40)


def spots(places, intensity, signal_to_noise=10.0):
    found = np.zeros(len(places), SPOT)
    found["row"], found["column"] = np.transpose(places)
    found["intensity"], found["width"] = intensity, 1.5
    found["signal_to_noise"] = signal_to_noise
    return found


@settings(max_examples=20, deadline=None)
@given(st.integers(6, 33), st.integers(6, 33), st.integers(0, 100))
def test_noise_of_a_place_is_that_of_a_spot_there(row, column, seed):
    noise = OverlaidNoise(np.random.default_rng(seed).random(SHAPE))
    one = noise.of_spots(spots([(row, column)], 1.0))
    assert noise.of_places(1.5)[row, column] == pytest.approx(one[0])


def test_what_does_not_stand_out_goes_and_is_not_asked_for():
    variance = np.zeros(SHAPE)
    variance[8:13, 8:13] = variance[8:13, 28:33] = 4.0  # about 10 in all of a spot
    variance[28:33, 8:13] = 4.0
    noise = OverlaidNoise(variance)
    found = spots([(10, 10), (10, 30), (20, 20)], [20.0, 200.0, 20.0], [10, 100, 10])
    detector = Detector(np.ones(SHAPE, bool), (20, 20), 0.02)
    kept, seen = noise.standing_out(found, detector, 5.0)
    assert kept["row"].tolist() == [10, 20] and kept["column"].tolist() == [30, 20]
    assert not seen.known[10, 10] and not seen.known[30, 10]  # with or without a spot
    assert seen.known[10, 30] and seen.known[20, 20] and seen.known[2, 38]


def test_without_noise_all_is_as_it_was():
    found = spots([(10, 10), (30, 30)], 1e-3)
    detector = Detector(np.ones(SHAPE, bool), (20, 20), 0.02)
    kept, seen = OverlaidNoise(np.zeros(SHAPE)).standing_out(found, detector, 5.0)
    np.testing.assert_array_equal(kept, found)
    assert seen.known.all()


KINDS = (("gamma-Fe", (0, 1, 1), 71.0), ("alpha-Fe", (0, 0, 1), 10.0))


def a_crystal_in_another(n=16):
    """Return patterns by least squares, and maps: a faint one in a bright one."""
    true = crystals.patterns_of(KINDS).reshape(2, -1)
    maps = np.zeros((2, n, n))
    maps[0], maps[1, 5:10, 5:10] = 3000, 300
    flat = maps.reshape(2, -1)
    counts = np.random.default_rng(2).poisson(flat.T @ true)
    patterns = np.maximum(np.linalg.lstsq(flat.T, counts, rcond=None)[0], 0)
    return crystals.stack(patterns.reshape(2, *crystals.SHAPE)), maps


def test_a_faint_crystal_has_no_spots_of_the_bright_one_over_it():
    """But without the gain of the data, nothing is known of that noise."""
    factors, maps = a_crystal_in_another()
    factors.metadata.set_item(GAIN, 1.0)
    clusters = crystals.clustered(factors, maps, distance_threshold=1e-9)
    alone = crystals.clustered(crystals.patterns_of(KINDS), distance_threshold=1e-9)
    of_alone = GroupSpots.of(alone, None, 5.0).found
    bright, true = (of_alone[group] for group in alone.labels.data)
    faint = int(clusters.labels.data[1])

    def n_of_the_bright(spots):
        return np.count_nonzero((apart(spots, bright) < 2) & (apart(spots, true) > 3))

    kept = GroupSpots.of(clusters, None, 5.0)
    del clusters.components.factors.metadata.hspy_cnmf
    every = GroupSpots.of(clusters, None, 5.0)
    assert n_of_the_bright(every.found[faint]) >= 5
    assert n_of_the_bright(kept.found[faint]) == 0
    assert len(kept.found[faint]) >= 8
    shown = kept.detectors[faint].known.mean()
    assert 0.3 < shown < every.detectors[faint].known.mean()


def apart(spots, others):
    """Return how far each spot is from the nearest of others, in pixels."""
    places, those = (
        np.stack([some["row"], some["column"]], axis=1) for some in (spots, others)
    )
    return np.linalg.norm(places[:, np.newaxis] - those, axis=2).min(axis=1)
