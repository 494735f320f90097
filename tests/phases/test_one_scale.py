"""Names that rest on a scale of their own are not sure."""

from dataclasses import replace

import numpy as np
import pytest

from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.one_scale import at_one_scale, doubtful, scale_of
from hspy_cnmf.phases.verdict import UNDECIDED, Verdict
from tests.phases.test_verdict import BEFORE, matched


def at(scale, error=0.0015):
    return replace(matched(scale=1.0)[1], scale_residual=scale, scale_error=error)


@pytest.mark.parametrize("scale", [-0.003, 0.0, 0.003])
def test_groups_that_agree_are_sure(scale):
    noise = 0.001 * np.array([-1, 0, 1, 0, -1, 1])
    found = [(k // 2, at(scale + off)) for k, off in enumerate(noise)]
    for some in (found, found[:2], found[:1]):
        assert doubtful(BEFORE, some) == []


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_phase_with_a_cell_that_the_others_speak_against_is_not(number):
    others = [(phase, at(-0.003)) for phase in (1, 2, 3)]
    found = [*others, *[(0, at(0.004))] * number]
    assert sorted(doubtful(BEFORE, found)) == list(range(3, 3 + number))


def test_groups_of_one_phase_that_contradict_each_other_are_not():
    found = [(1, at(0.003)), (2, at(0.003)), (0, at(0.003)), (0, at(0.010))]
    assert doubtful(BEFORE, found) == [3]


def test_alone_it_must_be_near_the_calibration():
    assert doubtful(BEFORE, [(0, at(0.005))]) == []
    assert doubtful(BEFORE, [(0, at(0.009))]) == [0]
    # Where the calibration is said to be worse, so it may be.
    assert doubtful(replace(BEFORE, deviation=0.02), [(0, at(0.009))]) == []


def test_what_is_not_sure_is_not_told_from_a_like_one_of_another_size():
    pattern, match = matched()
    crystals = [
        Crystal(
            group,
            np.arange(len(pattern)),
            pattern,
            [replace(match, scale_residual=scale, scale_error=0.001)],
            Verdict("iron", 0, None, np.inf),
        )
        for group, scale in enumerate((0.001, 0.002, 0.010))
    ]
    *sure, other = at_one_scale(crystals, ["iron"], BEFORE)
    assert [one.verdict.word for one in sure] == ["iron", "iron"]
    assert (other.verdict.word, other.verdict.best) == (UNDECIDED, 0)
    assert at_one_scale([], ["iron"], BEFORE) == []
    # Nor does it say at which scale all were recorded.
    assert scale_of([*sure, other], BEFORE) == scale_of(sure, BEFORE)
    assert scale_of([other], BEFORE) == BEFORE
    assert scale_of(sure, BEFORE).deviation < BEFORE.deviation
