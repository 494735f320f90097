"""All candidates against all groups, and rings against chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.matching import matches_of, prepared, ring_score
from tests.helpers import crystals


def test_rings_are_scored_above_chance():
    lengths = np.array([0.3, 0.4, 0.55, 0.9])
    assert ring_score(lengths, np.ones(4), lengths, 0.01) == pytest.approx(1)
    off = ring_score(1.07 * lengths, np.ones(4), lengths, 0.01)
    assert off < 0.2
    dense = np.linspace(0.1, 1.2, 500)
    assert abs(ring_score(lengths, np.ones(4), dense, 0.01)) < 1e-9
    assert np.isnan(ring_score(np.zeros(0), np.zeros(0), lengths, 0.01))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-2, 1e2))
def test_units_of_rings_do_not_matter(seed, unit):
    rng = np.random.default_rng(seed)
    radii, lengths = rng.uniform(0.2, 1, 6), rng.uniform(0.2, 1, 8)
    weights = rng.random(6) + 0.1
    expected = ring_score(radii, weights, lengths, 0.01)
    assert expected <= 1
    found = ring_score(unit * radii, 3 * weights, unit * lengths, 0.01)
    assert found == pytest.approx(expected, abs=1e-9)


def test_only_groups_with_spots_are_matched_and_the_right_one_best():
    clusters = crystals.crystals()
    spots = GroupSpots.of(clusters, None, 5.0)
    labels = clusters.labels.data
    evidence = {}
    for name in ("alpha-Fe", "gamma-Fe"):
        tools = prepared(spots, crystal_phase(name), 0.03, 6.0, 0.005)
        matches = matches_of(spots, *tools)
        assert set(matches) == {
            k for k, pattern in enumerate(spots.patterns) if len(pattern)
        }
        evidence[name] = [matches[labels[i]].evidence for i in (1, 3)]
    assert evidence["alpha-Fe"][0] > evidence["gamma-Fe"][0]
    assert evidence["alpha-Fe"][1] < evidence["gamma-Fe"][1]
