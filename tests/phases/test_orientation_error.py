"""How surely an orientation is known, against where it truly is."""

from dataclasses import replace
from functools import cache

import numpy as np
from diffpy.structure import Lattice, Structure
from orix.crystal_map import Phase

from hspy_cnmf.data._kinematic import Camera
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.match import match_of
from hspy_cnmf.phases.matching import matches_of, prepared
from hspy_cnmf.phases.orientation import tilt_and_turn
from hspy_cnmf.phases.orientation_error import orientation_error
from hspy_cnmf.phases.reflections import Beam, Reflections
from hspy_cnmf.phases.spot_matching import SpotMatcher, tilts
from tests.helpers import crystals
from tests.helpers.crystals import KINDS, matrix_of


@cache
def matched(threshold=5.0):
    """Return what matches alpha iron, the spots of its group, and the match."""
    spots = GroupSpots.of(crystals.clustered(crystals.patterns_of()), None, threshold)
    phase = crystals.candidates()[0]
    matcher, library = prepared(spots, phase, 0.03, 4.0, 0.005)
    matches = matches_of(spots, matcher, library)
    group = max(matches, key=lambda k: matches[k].evidence)
    return matcher, spots.patterns[group], matches[group], phase


def test_the_truth_is_within_what_is_told():
    matcher, pattern, match, phase = matched()
    tilt, turn = orientation_error(matcher, pattern, match, phase)
    true = [
        tilt_and_turn(match.matrix, matrix_of(*kind), phase)
        for kind in KINDS
        if kind[0] == phase.name
    ]
    off = min(true, key=sum)
    assert off[0] < 2 * tilt and off[1] < 2 * turn
    assert 0.1 < tilt < 3 and 0.01 < turn < 0.3


def test_worse_places_make_a_turn_as_much_less_sure():
    matcher, pattern, match, phase = matched()
    wider = replace(match, scale_error=10 * match.scale_error)
    _, turn = orientation_error(matcher, pattern, match, phase)
    tilt, much = orientation_error(matcher, pattern, wider, phase)
    assert 5 * turn < much < 11 * turn
    assert tilt == orientation_error(matcher, pattern, match, phase)[0]


def test_fewer_spots_tell_less():
    matcher, pattern, match, phase = matched()
    bright = np.sort(np.argsort(-pattern.amplitudes)[:6])
    few = replace(match, reflection=match.reflection[bright])
    tilt, turn = orientation_error(matcher, pattern, match, phase)
    less, much = orientation_error(matcher, pattern[bright], few, phase)
    assert less > tilt and much >= turn


def test_spots_to_one_side_leave_the_centre_and_the_turn_open():
    matcher, pattern, match, phase = matched()
    side = pattern.places[:, 0] > 0
    one = replace(match, reflection=match.reflection[side])
    # It keeps the error of the scale of all spots: what is more is of the centre.
    _, turn = orientation_error(matcher, pattern, match, phase)
    _, much = orientation_error(matcher, pattern[side], one, phase)
    assert much > 1.2 * turn


def test_a_match_beside_the_best_tilt_is_less_sure():
    matcher, pattern, match, phase = matched()
    off = replace(match, matrix=tilts(np.array([0.0, 1.0]))[1] @ match.matrix)
    tilt, _ = orientation_error(matcher, pattern, match, phase)
    assert orientation_error(matcher, pattern, off, phase)[0] > tilt


def test_another_zone_axis_that_explains_as_much_is_in_the_error():
    """Of a tetragonal cell that is nearly a cube, axes look alike, across and along."""
    (iron, *_) = crystals.candidates()
    lattice = Lattice(2.866, 2.866, 2.868, 90, 90, 90)
    structure = Structure(list(iron.structure), lattice=lattice)
    nearly = Phase("nearly a cube", space_group=139, structure=structure)
    spots = GroupSpots.of(crystals.clustered(crystals.patterns_of()), None, 5.0)
    matcher, library = prepared(spots, nearly, 0.03, 4.0, 0.005)
    matches = matches_of(spots, matcher, library)
    group = max(matches, key=lambda k: matches[k].evidence)
    tilt, _ = orientation_error(matcher, spots.patterns[group], matches[group], nearly)
    assert 30 < tilt < 90
    _, pattern, match, phase = matched()
    assert orientation_error(matched()[0], pattern, match, phase)[0] < 3


def test_beside_a_zone_axis_without_half_a_turn_it_may_be_on_the_other_side():
    """Spots of one Laue zone are the same for both; along the axis both are one."""
    phase, camera = crystals.candidates()[0], Camera(crystals.SHAPE)
    along = matrix_of(phase.name, (1, 1, 1), 10.0)
    aside = tilts(np.array([0.0, 2.5]))[1] @ along
    told = []
    for matrix in (along, aside):
        patterns = [camera.pattern(phase, matrix), crystals.patterns_of()[0]]
        spots = GroupSpots.of(crystals.clustered(patterns), None, 5.0)
        group = int(np.argmax([len(some) for some in spots.patterns]))
        matcher = SpotMatcher(
            Reflections.of(phase, 1.3), Beam.of(300.0, 0.03), 0.005, spots.reach
        )
        pattern = spots.patterns[group]
        match = match_of(matcher, pattern, matrix[np.newaxis])
        told.append(orientation_error(matcher, pattern, match, phase)[0])
    assert told[0] < 1.5 and 2.5 < told[1] < 5
