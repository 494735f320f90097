"""The one scale that all groups were recorded at, and phases that need another."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.phases.scale import Scale, at_other_scales, common_scale, other_scales
from tests.phases.test_verdict import BEFORE, matched


def test_groups_tell_the_scale_of_others():
    _, match = matched(scale=1.004)
    scale = common_scale(BEFORE, [match] * 5)
    assert scale.mean == pytest.approx(0.004, abs=1.5e-3)
    assert scale.deviation < BEFORE.deviation
    assert scale.evidence(match, BEFORE) > match.evidence
    assert common_scale(BEFORE, []) == BEFORE


def test_a_group_of_another_scale_does_not_move_the_others():
    _, right = matched(scale=0.997)
    _, wrong = matched(scale=1.0095)
    scale = common_scale(BEFORE, [right, wrong, right, wrong])
    assert scale.mean == pytest.approx(-0.003, abs=1.5e-3)
    assert scale.sigmas(wrong) > 3 > scale.sigmas(right)


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.002, 0.002), st.sampled_from([-0.01, -0.008, 0.008, 0.01]))
def test_a_phase_that_needs_another_scale_than_the_others_is_told_by_how_much(at, off):
    rest = [(k, matched(scale=1 + at)[1]) for k in (1, 2, 2)]
    needed = other_scales(BEFORE, [*rest, (0, matched(scale=1 + at + off)[1])])
    assert needed[0] == pytest.approx(off, abs=2.5e-3)
    assert other_scales(BEFORE, rest) == {1: 0.0, 2: 0.0}


def test_alone_it_is_told_by_the_calibration_however_wide_that_is():
    _, match = matched(scale=1.018)
    for deviation in (0.005, 0.02):
        needed = other_scales(Scale(0.0, deviation), [(3, match), (3, match)])
        assert needed[3] == pytest.approx(0.018, abs=1e-3)


def test_more_groups_of_a_wrong_phase_do_not_make_it_right():
    """Its groups agree with one another, as their cells are wrong alike."""
    right, wrong = matched(scale=0.998)[1], matched(scale=1.0095)[1]
    for number in range(1, 5):
        assert at_other_scales(BEFORE, [(1, right)] + [(0, wrong)] * number) == {0}
    assert at_other_scales(BEFORE, [(1, right), (2, right), (2, right)]) == set()
    assert at_other_scales(BEFORE, []) == set()


def test_phases_that_need_the_same_scale_may_all_be_wrong():
    _, match = matched(scale=1.009)
    needed = other_scales(BEFORE, [(0, match), (1, match)])
    assert list(needed.values()) == pytest.approx([0.009, 0.009], abs=1e-3)
