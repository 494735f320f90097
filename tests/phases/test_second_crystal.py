"""Two crystals in one pattern: both are found, and nothing that is not there."""

from functools import cache

import numpy as np
import pytest

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.orientation import tilt_and_turn
from tests.helpers import crystals
from tests.helpers.crystals import FAST, matrix_of

#: Phase, zone axis and in-plane angle of the two, and the share of the first.
PAIR = (("alpha-Fe", (0, 0, 1), 10.0), ("gamma-Fe", (0, 1, 1), 71.0))
SHARE = 0.6


def mixed(pair, share):
    """Return a signal of a pattern of two crystals, and one of the first alone."""
    first, second = crystals.patterns_of(pair)
    return crystals.stack(np.stack([share * first + (1 - share) * second, first]))


@cache
def found_in(names, pair=PAIR, share=SHARE):
    loadings = crystals.maps(2)
    signal = mixed(pair, share)
    clusters = crystals.clustered(signal, loadings, distance_threshold=1e-6)
    return clusters.identify_phases([crystal_phase(name) for name in names], **FAST)


def test_both_are_found_as_they_are_turned():
    found = found_in(("alpha-Fe", "gamma-Fe", "Cu"))
    group, alone = found.clusters.labels.data
    assert group != alone
    assert found.groups.tolist() == [0, 1, group]
    assert found.table["crystal"].tolist() == [1, 1, 2]
    assert set(found.table["phase"][found.groups == group]) == {"alpha-Fe", "gamma-Fe"}
    assert found.table["phase"][alone] == "alpha-Fe"
    for name, zone, in_plane in PAIR:
        row = np.flatnonzero((found.groups == group) & (found.table["phase"] == name))
        phase = crystal_phase(name)
        true = matrix_of(name, zone, in_plane)
        tilt, turn = tilt_and_turn(found.matrices[row[0]], true, phase)
        assert tilt < 2
        assert turn < 0.5
    parts = found.parts[found.groups == group]
    assert parts.sum() == pytest.approx(1)
    assert (parts > 0.2).all()


def test_the_map_has_both_with_their_parts():
    found = found_in(("alpha-Fe", "gamma-Fe", "Cu"))
    group = int(found.clusters.labels.data[0])
    crystal_map = found.to_crystal_map()
    one = crystal_map.prop["component"] == 0
    assert one.any()
    both = {
        (first, second)
        for first, second in zip(
            crystal_map.phase_id[one], crystal_map.prop["phase_id_2"][one], strict=True
        )
    }
    assert both <= {(0, 1), (1, 0)}
    assert (crystal_map.prop["component_2"][one] == 0).all()
    larger, smaller = sorted(found.parts[found.groups == group])[::-1]
    share, other = (crystal_map.prop[name][one] for name in ("share", "share_2"))
    np.testing.assert_allclose(other / share, smaller / larger)
    fractions = found.area_fractions()
    assert fractions["n_positions"][1] > 0
    assert found.orientation(0, 2) is not None
    with pytest.raises(IndexError, match="component 1 has 1"):
        found.orientation(1, 2)


@pytest.mark.parametrize("turn", [7, 8, 9])
def test_strong_spots_that_merge_are_no_fault_of_either(turn, monkeypatch):
    monkeypatch.setattr(crystals, "COUNTS", 2e6)
    name, zone, in_plane = PAIR[0]
    pair = PAIR[0], (name, zone, in_plane + turn)
    found = found_in(("alpha-Fe", "gamma-Fe"), pair, 0.55)
    rows = np.flatnonzero(found.groups == int(found.clusters.labels.data[0]))
    assert found.table["phase"][rows].tolist() == ["alpha-Fe"] * 2
    # The innermost spots of each are nearer than can be told apart.
    assert (found.table["n_explained"][rows] < 24).all()
    for _, _, angle in pair:
        true = matrix_of(name, zone, angle)
        tilts = [
            tilt_and_turn(found.matrices[row], true, crystal_phase(name))
            for row in rows
        ]
        assert min(tilt + turn for tilt, turn in tilts) < 2.5


def test_faint_spots_of_who_knows_what_do_not_hide_what_the_rest_is(monkeypatch):
    monkeypatch.setattr(crystals, "COUNTS", 2e7)
    # Parallel, and but for faint spots the same pattern.
    pair = tuple((name, (0, 0, 1), 10.0) for name in ("Al", "theta'-Al2Cu"))
    found = found_in(("Al", "theta'-Al2Cu", "Al3Sc"), pair, 0.97)
    there = found.groups == int(found.clusters.labels.data[0])
    assert found.table["phase"][there].tolist() == ["Al", "not distinguishable"]
    assert found.table["n_explained"][there].tolist() == [24, 4]


def test_it_is_said_and_drawn():
    found = found_in(("alpha-Fe", "gamma-Fe", "Cu"))
    assert "    with another" in found.summary()
    assert len(found.plot().axes) == 3  # a map, and two groups
    assert "groups" in found.to_store()["crystals"]
    found.check()


@pytest.mark.parametrize("missing", ["alpha-Fe", "gamma-Fe"])
def test_with_one_missing_the_other_is_named_and_no_more(missing):
    names = tuple(
        name for name in ("alpha-Fe", "gamma-Fe", "Si", "Ti") if name != missing
    )
    found = found_in(names)
    group = int(found.clusters.labels.data[0])
    there = found.table[found.groups == group]
    assert there["phase"].tolist() == [names[0], "none of these"]
    assert there["n_explained"].tolist() == [there["n_spots"][0], 0]
    assert there["part"].sum() == pytest.approx(1)
    assert found.phase_ids[found.groups == group].tolist() == [0, -1]
    assert "of it: none of these" in found.summary()
    assert found.plot().axes


def test_a_crystal_alone_has_no_second():
    found = crystals.identified()
    assert len(found.table) == found.clusters.n_clusters
    assert (found.parts == 1).all()
