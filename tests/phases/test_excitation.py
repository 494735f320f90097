"""Whether groups are likelier by another excitation error."""

from functools import cache
from types import SimpleNamespace

import numpy as np
from diffpy.structure import Atom, Lattice, Structure
from hypothesis import given
from hypothesis import strategies as st
from orix.crystal_map import Phase

from hspy_cnmf.data import _kinematic, crystal_phase
from hspy_cnmf.phases.candidates import as_phases
from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.excitation import (
    WIDE,
    is_likelier,
    likelier_excitation_error,
    seen_further,
)
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.group_verdicts import decide
from hspy_cnmf.phases.matching import matches_of, prepared
from hspy_cnmf.phases.orientation import tilt_and_turn
from hspy_cnmf.phases.scale import Scale
from hspy_cnmf.phases.verdict import LEAST_MARGIN, NONE, UNDECIDED
from tests.helpers import crystals


def _matches(evidence, n_explained):
    match = SimpleNamespace(evidence=evidence, n_explained=n_explained)
    return [{0: match, 1: match}]


@given(st.floats(0, 100), st.floats(0, 10))
def test_another_error_must_be_as_sure_as_another_candidate(before, gain):
    after = before + gain
    if abs(after - before - LEAST_MARGIN) > 1e-6:
        likelier = is_likelier(_matches(after, 6), _matches(before, 5))
        assert likelier == (gain > LEAST_MARGIN)


@given(st.floats(-100, 100), st.floats(0, 100))
def test_an_error_that_explains_no_more_spots_is_never_taken(before, gain):
    assert not is_likelier(_matches(before + gain, 5), _matches(before, 5))


@given(st.floats(4, 100))
def test_a_larger_cell_that_explains_more_spots_tells_nothing(gain):
    (first,), (second,), (more,) = (_matches(n, n) for n in (50, 40, 50 + gain))
    assert is_likelier([more, second], [first, second])
    assert not is_likelier([first, more], [first, second])


SETTINGS = 6.0, 0.005


def _like_iron():
    """Return a crystal with the lattice of gamma iron, but for 0.3 %, and sulphur."""
    a = 1.003 * crystal_phase("gamma-Fe").structure.lattice.a
    atoms = [Atom("Fe", (0, 0, 0)), Atom("S", (0.5, 0.5, 0.5))]
    structure = Structure(atoms, Lattice(a, a, a, 90, 90, 90))
    return as_phases(Phase("like", space_group=225, structure=structure))[0]


def _matched(spots, error, names=("alpha-Fe",)):
    phases = [_like_iron() if name == "like" else crystal_phase(name) for name in names]
    return [
        matches_of(spots, *prepared(spots, one, error, *SETTINGS)) for one in phases
    ]


@cache
def _iron():
    spots = GroupSpots.of(crystals.crystals(), None, 5.0)
    return spots, _matched(spots, WIDE)


def _likelier(error):
    spots, wider = _iron()
    return likelier_excitation_error(_matched(spots, error), wider)


def test_crystals_with_sharp_conditions_speak_for_no_other_error():
    assert _likelier(0.03) == 0


def test_an_error_that_sees_too_little_is_told_and_a_wide_one_is_never():
    assert _likelier(0.004) == WIDE
    assert likelier_excitation_error(_iron()[1], []) == 0


#: Phase and how it is turned; of thin crystals these show twice as many spots.
THIN = ("gamma-Fe", (1, 2, 5), 71.0)


def _thin(names, monkeypatch):
    """Return how a thin crystal is known, and what it is where more is seen."""
    monkeypatch.setattr(_kinematic, "THICKNESS", 2.0)
    clusters = crystals.clustered(crystals.patterns_of([THIN] * 2), crystals.maps(2))
    spots = GroupSpots.of(clusters, None, 5.0)
    matches = _matched(spots, 0.03, names)
    (verdict,), _ = decide(spots, matches, list(names), 0.005)
    pattern, some = spots.patterns[0], [one[0] for one in matches]
    first = Crystal(0, np.arange(len(pattern)), pattern, some, verdict)
    arguments = spots, {0: first}, matches
    wider, before = _matched(spots, WIDE, names), Scale(0.0, 0.005)
    assert seen_further(*arguments, [], list(names), before) == {}
    return first, seen_further(*arguments, wider, list(names), before)


def test_a_thin_crystal_is_the_candidate_that_explains_it_where_more_is_seen(
    monkeypatch,
):
    first, found = _thin(("alpha-Fe", "gamma-Fe"), monkeypatch)
    assert first.verdict.word == NONE
    assert found[0].verdict.word == THIN[0]
    assert found[0].wider == WIDE
    right = crystals.matrix_of(*THIN)
    assert tilt_and_turn(found[0].best.matrix, right, crystal_phase(THIN[0]))[0] < 3


def test_a_thin_crystal_whose_phase_is_missing_stays_none_of_these(monkeypatch):
    first, found = _thin(("alpha-Fe",), monkeypatch)
    assert first.verdict.word == NONE
    assert not found


def test_a_thin_crystal_of_a_like_lattice_is_not_told_from_it(monkeypatch):
    first, found = _thin(("like",), monkeypatch)
    assert first.verdict.word == NONE
    assert found[0].verdict.word == UNDECIDED
