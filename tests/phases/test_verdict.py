"""Verdicts: what is sure is said, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from hspy_cnmf.phases import verdict
from hspy_cnmf.phases.match import match_of
from hspy_cnmf.phases.scale import Scale
from hspy_cnmf.phases.verdict import is_plausible, verdict_of
from tests.helpers.crystals import matrix_of
from tests.phases.test_spot_matching import matcher, spots_of

BEFORE = Scale(0.0, 0.005)
MATRIX = matrix_of("alpha-Fe", (0, 0, 1), 20.0)


def matched(name="alpha-Fe", scale=1.0, kept=slice(None)):
    pattern = spots_of(matcher("alpha-Fe"), MATRIX, scale)[kept]
    tool = matcher(name)
    return pattern, match_of(tool, pattern, MATRIX[np.newaxis])


def decided(pattern, matches, share=0.5):
    names = [f"phase {k}" for k in range(len(matches))]
    return verdict_of(pattern, share, matches, names, BEFORE, BEFORE)


def test_the_only_candidate_that_fits_is_it():
    pattern, right = matched()
    _, wrong = matched("gamma-Fe")
    found = decided(pattern, [wrong, right])
    assert (found.word, found.best, found.second) == ("phase 1", 1, 0)
    assert found.is_phase
    assert found.margin == pytest.approx(right.evidence - wrong.evidence)
    assert decided(pattern, [right]).margin == np.inf


def test_without_the_right_one_it_is_none():
    pattern, wrong = matched("gamma-Fe")
    assert not is_plausible(wrong, pattern, BEFORE)
    assert decided(pattern, [wrong]).word == verdict.NONE


def test_beside_spots_of_others_it_needs_more_evidence():
    pattern, match = matched()
    assert len(pattern) >= 12
    others = replace(
        match, reflection=np.where(np.arange(len(pattern)) < 4, -1, match.reflection)
    )
    weak = replace(others, evidence=verdict.EVIDENCE_BESIDE_OTHERS - 1, strength=1.0)
    assert not is_plausible(weak, pattern, BEFORE)
    assert is_plausible(replace(weak, evidence=weak.evidence + 1), pattern, BEFORE)
    assert is_plausible(replace(match, evidence=weak.evidence), pattern, BEFORE)


def test_two_that_are_alike_are_not_told_apart():
    pattern, match = matched()
    found = decided(pattern, [match, match])
    assert found.word == verdict.UNDECIDED
    assert not found.is_phase


def test_what_is_too_faint_to_be_seen_tells_nothing():
    pattern, match = matched()
    other = replace(match, evidence=match.evidence - verdict.LEAST_MARGIN - 1)
    assert decided(pattern, [match, other]).word == "phase 0"
    faint = replace(other, unseen=match.unseen + 2)
    found = decided(pattern, [match, faint])
    assert (found.word, found.best, found.second) == (verdict.UNDECIDED, 0, 1)
    # What does not fit for another reason does not, then either.
    wrong = replace(faint, correlation=0.0)
    assert decided(pattern, [match, wrong]).word == "phase 0"


def test_a_scale_that_is_too_wrong_is_none():
    pattern, match = matched(scale=1.02)
    assert decided(pattern, [match]).word == verdict.NONE
    assert match.scale_residual == pytest.approx(0.02, abs=1e-3)


def test_without_spots_it_is_amorphous_and_with_a_few_too_few():
    pattern, match = matched()
    assert decided(pattern, []).word == verdict.AMORPHOUS
    pattern, match = matched(kept=np.arange(2))
    assert decided(pattern, [match]).word == verdict.TOO_FEW
    assert decided(pattern, [match], share=1e-4).word == verdict.AMORPHOUS
