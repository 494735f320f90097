"""What a crystal explains of its group, and what it may be a part of."""

from dataclasses import replace

import numpy as np

from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.match import match_of
from hspy_cnmf.phases.scale import Scale
from hspy_cnmf.phases.verdict import NONE, Verdict
from tests.helpers.crystals import matrix_of
from tests.phases.test_spot_matching import matcher, spots_of

BEFORE = Scale(0.0, 0.005)


def case():
    """Return a crystal of the later half of a group's spots, which are all iron's."""
    tool, matrix = matcher("alpha-Fe"), matrix_of("alpha-Fe", (0, 0, 1), 20.0)
    pattern = spots_of(tool, matrix)
    match = match_of(tool, pattern, matrix[np.newaxis])
    numbers = np.arange(len(pattern)) + len(pattern)
    return Crystal(3, numbers, pattern, [match], Verdict(NONE))


def test_it_counts_spots_as_its_group_does():
    crystal = case()
    assert np.array_equal(crystal.explained(crystal.matches[0]), crystal.indices)
    assert not len(crystal.explained(None))
    merged = replace(crystal, merged=np.array([0]))
    explained, part_of = merged.claimed(None)
    assert not len(explained) and part_of.tolist() == [0]


def test_it_is_there_where_a_candidate_explains_more_than_chance():
    crystal = case()
    assert crystal.best is None and not crystal.is_there
    judged = crystal.judged(["alpha-Fe"], (BEFORE, BEFORE), {0: 0.01}, ())
    assert judged.is_there and judged.verdict.word == "alpha-Fe"
    assert judged.verdict.other_scale == 0.01
    refused = crystal.judged(["alpha-Fe"], (BEFORE, BEFORE), {}, {0})
    assert not refused.verdict.is_phase
