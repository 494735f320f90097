"""A lattice that is distorted by a little is told from the candidate's."""

from dataclasses import replace

import numpy as np
import pytest

from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.distortion import as_undistorted, strain_of
from hspy_cnmf.phases.match import match_of
from hspy_cnmf.phases.verdict import UNDECIDED, Verdict
from tests.helpers.crystals import matrix_of
from tests.phases.test_spot_matching import matcher, spots_of

TOOL = matcher("alpha-Fe")


def crystal(group, angle, stretched=0.0, along=0.0, number=0):
    """Return a crystal of iron, whose pattern is stretched along an angle."""
    matrix = matrix_of("alpha-Fe", (0, 0, 1), angle)
    pattern = spots_of(TOOL, matrix)
    match = match_of(TOOL, pattern, matrix[np.newaxis])
    places = pattern.places @ (1, 1j)
    places = places + stretched * np.exp(2j * np.deg2rad(along)) * places.conj()
    pattern.places[:] = np.stack([places.real, places.imag], axis=1)
    verdict = Verdict("iron", number, None, np.inf)
    matches = [match] * (number + 1)
    return Crystal(group, np.arange(len(pattern)), pattern, matches, verdict)


@pytest.mark.parametrize("along", [0.0, 30.0, 120.0])
def test_the_strain_of_a_pattern_is_found(along):
    one = crystal(0, 20.0, 0.004, along)
    strain, variance, square, freedom = strain_of(one.pattern, one.best)
    turn = np.exp(2j * np.deg2rad(along))
    assert strain == pytest.approx(0.004 * turn, abs=2e-5)
    assert 0 < variance < 0.004**2
    assert square < 0.01
    assert freedom == 2 * len(one.pattern) - 4


def judged(crystals):
    """Return names of crystals, as undistorted, and their distortions."""
    found = as_undistorted(crystals, np.ones(len(crystals), bool), 0.005)
    return [one.verdict.word for one in found], [
        one.verdict.distortion for one in found
    ]


def test_a_phase_is_distorted_beyond_its_errors_or_not():
    right = [crystal(k, 20.0 * k) for k in range(3)]
    assert judged(right) == (["iron"] * 3, [0.0] * 3)
    assert judged([]) == ([], [])
    # About the crystals' own axes, so that no camera does it to all of them.
    wrong = [crystal(k, 40.0 * k, 0.01, 20.0 - 40.0 * k) for k in range(3)]
    words, parts = judged(wrong)
    assert words == [UNDECIDED] * 3
    assert parts == pytest.approx([0.02] * 3, rel=0.3)


def test_one_crystal_that_is_off_alone_is_doubted_alone():
    some = [crystal(k, 20.0 * k, 0.02 * (k == 1), 35.0) for k in range(4)]
    words, _ = judged(some)
    assert words == ["iron", UNDECIDED, "iron", "iron"]


def test_what_the_camera_does_to_all_is_none_of_a_phase():
    ellipse = [crystal(k, 25.0 * k, 0.006, 10.0, number=k % 2) for k in range(4)]
    assert judged(ellipse) == (["iron"] * 4, [0.0] * 4)


def test_what_is_no_phase_stays_as_it_is():
    nothing = replace(crystal(0, 0.0, 0.02), verdict=Verdict("none of these"))
    assert as_undistorted([nothing], np.ones(1, bool), 0.005) == [nothing]


def test_where_one_lattice_is_listed_distorted_names_are_told_from_others_of_it():
    def named(stretched):
        some = [crystal(k, 20.0 * k) for k in range(4)]
        return [crystal(4, 0.0, stretched, 35.0), *some]

    def with_like(one):
        # Explains the same spots, as a lattice that is longer along an axis.
        places = one.best.places * (1.02, 0.98)
        return replace(one, matches=[one.best, replace(one.best, places=places)])

    off = named(0.003)
    assert judged(off)[0] == ["iron"] * 5
    words, parts = judged([with_like(one) for one in off])
    assert words == [UNDECIDED, *["iron"] * 4]
    assert parts[0] == pytest.approx(0.006, rel=0.1)
    # Those that fit are named; so is what is off where others are not distorted.
    assert judged([with_like(one) for one in named(0.0)])[0] == ["iron"] * 5
    twice = [replace(one, matches=[one.best] * 2) for one in off]
    assert judged(twice)[0] == ["iron"] * 5
