"""One candidate against one pattern: found, missing and unexplained."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.phases.match import (
    match_of,
    n_distances,
)
from hspy_cnmf.phases.spot_pattern import Detector, SpotPattern
from tests.helpers.crystals import matrix_of
from tests.phases.test_spot_matching import DETECTOR, SCALE, matcher, spots_of


def test_a_match_tells_missing_and_unexplained():
    tool = matcher("alpha-Fe")
    matrix = matrix_of("alpha-Fe", (0, 0, 1), 0.0)
    whole = spots_of(tool, matrix)
    strongest = np.argsort(-whole.amplitudes)
    part = whole[strongest[1:]]
    match = match_of(tool, part, matrix[np.newaxis])
    assert match.n_explained == len(part)
    assert len(match.missing) == 1
    extra = SpotPattern(
        np.vstack([whole.places, [0.31, 0.17]]),
        np.append(whole.errors, whole.errors[0]),
        np.append(whole.amplitudes, 0.2),
        DETECTOR,
        whole.faintest,
        np.append(whole.widths, whole.widths[0]),
    )
    match = match_of(tool, extra, matrix[np.newaxis])
    assert match.reflection[-1] == -1
    assert match.n_explained == len(whole)


@given(degrees=st.floats(0, 360))
@settings(max_examples=10, deadline=None)
def test_a_spot_that_another_draws_away_is_partly_a_reflection(degrees):
    tool = matcher("alpha-Fe")
    matrix = matrix_of("alpha-Fe", (0, 0, 1), 0.0)
    places = spots_of(tool, matrix).places.copy()
    away = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    places[0] += 1.5 * SCALE * away
    pattern = replace(spots_of(tool, matrix), places=places)
    match = match_of(tool, pattern, matrix[np.newaxis])
    assert np.flatnonzero(match.reflection < 0).tolist() == [0]
    assert np.flatnonzero(match.merged(pattern)).tolist() == [0]
    # Once it is as far away as spots are told apart, it is another one.
    places[0] += SCALE * away
    assert not match.merged(replace(pattern, places=places)).any()


def test_masked_reflections_are_not_missing():
    tool = matcher("alpha-Fe")
    matrix = matrix_of("alpha-Fe", (0, 0, 1), 0.0)
    whole = spots_of(tool, matrix)
    behind = int(whole.amplitudes.argmax())
    column, row = np.rint(whole.places[behind] / SCALE).astype(int) + 48
    known = np.ones((97, 97), bool)
    known[row - 1 : row + 2, column - 1 : column + 2] = False
    seen = whole[np.arange(len(whole)) != behind]
    masked = replace(seen, detector=Detector(known, (48, 48), SCALE))
    assert len(match_of(tool, masked, matrix[np.newaxis]).missing) == 0
    assert len(match_of(tool, seen, matrix[np.newaxis]).missing) == 1


def dimmed(pattern, ring, factor):
    """Return a pattern whose spots of one ring are fainter than they must be."""
    amplitudes = pattern.amplitudes.copy()
    amplitudes[abs(pattern.radii - ring) < 1e-3] *= factor
    return replace(pattern, amplitudes=amplitudes)


def test_a_ring_that_is_absent_is_told_from_spots_on_one_side():
    tool = matcher("alpha-Fe")
    matrix = matrix_of("alpha-Fe", (0, 0, 1), 0.0)
    whole = spots_of(tool, matrix)
    first = abs(whole.radii - whole.radii.min()) < 1e-3
    without_ring = match_of(tool, whole[~first], matrix[np.newaxis])
    assert without_ring.n_absent == 1
    one_side = whole[~(first & (whole.places[:, 0] > 0))]
    assert match_of(tool, one_side, matrix[np.newaxis]).n_absent == 0
    assert match_of(tool, whole, matrix[np.newaxis]).n_absent == 0


@settings(max_examples=5, deadline=None)
@given(st.floats(0.01, 0.1), st.floats(0.5, 2.0))
def test_spots_far_too_faint_are_of_something_else(much, little):
    tool = matcher("alpha-Fe")
    matrix = matrix_of("alpha-Fe", (0, 0, 1), 0.0)
    whole = spots_of(tool, matrix)
    ring = whole.radii.min()
    match = match_of(tool, whole, matrix[np.newaxis])
    same = match_of(tool, dimmed(whole, ring, little), matrix[np.newaxis])
    assert same.n_explained == len(whole) and same.n_absent == 0
    faint = match_of(tool, dimmed(whole, ring, much), matrix[np.newaxis])
    assert (faint.n_explained, faint.n_absent) == (len(whole) - 4, 1)
    assert len(faint.missing) == 4
    assert faint.evidence < match.evidence - 4 * 2 * np.log(20)


def test_distances_are_counted_once():
    assert n_distances(np.array([1.0, 1.001, 0.5, 0.5, 0.7])) == 3
    assert n_distances(np.zeros(0)) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 60), max_size=12), st.randoms())
def test_order_and_repeats_of_distances_do_not_matter(steps, random):
    lengths = [1.02**step for step in steps]  # 2 % apart or the same
    random.shuffle(lengths)
    assert n_distances(np.array(lengths)) == len(set(steps))
    assert n_distances(np.array(2 * lengths)) == len(set(steps))


@settings(max_examples=5, deadline=None)
@given(st.floats(-0.004, 0.004))
def test_the_scale_of_spots_is_told_and_all_are_found(residual):
    tool, matrix = matcher("alpha-Fe"), matrix_of("alpha-Fe", (0, 0, 1), 20.0)
    pattern = spots_of(tool, matrix, 1 + residual)
    match = match_of(tool, pattern, matrix[np.newaxis])
    assert match.scale_residual == pytest.approx(residual, abs=2e-4)
    assert match.n_explained == len(pattern)
    assert match.strength == pytest.approx(1)
    assert not len(match.missing)
    assert set(match.reflection) <= set(match.expected)
    assert set(match.bright) <= set(np.flatnonzero(match.amplitudes))


def test_several_that_are_likely_seen_tell_as_one_that_must_be():
    tool = matcher("alpha-Fe")
    matrix = matrix_of("alpha-Fe", (0, 0, 1), 0.0)
    whole = spots_of(tool, matrix)
    bright = whole[np.argsort(-whole.amplitudes)[4:]]

    def evidence(ratio):
        # Where the brightest, which are lost, lie above the faintest found anywhere.
        faintest = whole.amplitudes.max() / np.linalg.norm(whole.amplitudes) / ratio
        pattern = replace(bright, faintest=faintest)
        return match_of(tool, pattern, matrix[np.newaxis])

    lost = [evidence(ratio) for ratio in (0.1, 1.0, 1.5, 10.0)]
    values = [one.evidence for one in lost]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[2] > 4 * np.log(2)
    assert values[0] - values[3] > 0.9 * 4 * np.log(20)
    assert [len(one.missing) for one in lost] == [0, 0, 0, 4]
