"""Whether groups are likelier by another excitation error."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.excitation import (
    WIDE,
    is_likelier,
    likelier_excitation_error,
)
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.matching import matches_of, prepared
from hspy_cnmf.phases.verdict import LEAST_MARGIN
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


def _likelier(error):
    spots = GroupSpots.of(crystals.crystals(), None, 5.0)
    settings = error, 6.0, 0.005
    phases = [crystal_phase("alpha-Fe")]
    matches = [matches_of(spots, *prepared(spots, one, *settings)) for one in phases]
    return likelier_excitation_error(spots, phases, matches, *settings)


def test_crystals_with_sharp_conditions_speak_for_no_other_error():
    assert _likelier(0.03) == 0


def test_an_error_that_sees_too_little_is_told_and_a_wide_one_is_never():
    assert _likelier(0.004) == WIDE
    assert _likelier(WIDE) == 0
