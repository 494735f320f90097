"""The excitation error at which all groups are likeliest."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.excitation import EXCITATION_ERRORS, is_likelier, matched
from hspy_cnmf.phases.group_spots import GroupSpots
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


def test_an_error_that_is_given_is_taken_and_else_the_first_of_sharp_crystals():
    spots = GroupSpots.of(crystals.crystals(), None, 5.0)
    phases = [crystal_phase("alpha-Fe")]
    assert matched(spots, phases, 0.07, 6.0, 0.005)[0] == 0.07
    error, tools, matches = matched(spots, phases, None, 6.0, 0.005)
    assert error == EXCITATION_ERRORS[0]
    assert len(tools) == len(matches) == 1
