"""A crystal and itself, tilted, are one; all others are two."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.orientation import tilt_and_turn
from hspy_cnmf.phases.second_crystal import without_tilted_ones
from hspy_cnmf.phases.verdict import NONE, Verdict
from tests.helpers.crystals import matrix_of

PHASES = [crystal_phase("alpha-Fe"), crystal_phase("Fe3B")]
ANGLES = st.floats(-180, 180)


def crystal(matrix, best=0):
    """Return a crystal of half a group, of which all is known but its spots."""
    none = np.zeros(0, dtype=int)
    values = {name: 0.0 for name in ("evidence", "correlation", "strength", "unseen")}
    values |= {"scale_residual": 0.0, "scale_error": 0.0, "reflection": none}
    values |= {"expected": none, "amplitudes": np.zeros(0), "places": np.zeros((0, 2))}
    match = Match(matrix=matrix, started=None, **values)
    return Crystal(0, none, None, [match, match], Verdict("a phase", best), 0.5)


def tilted(matrix, tilt, about, turn):
    axis = [np.cos(np.deg2rad(about)), np.sin(np.deg2rad(about)), 0]
    tilting = Rotation.from_rotvec(tilt * np.array(axis), degrees=True).as_matrix()
    return tilting @ Rotation.from_euler("z", turn, degrees=True).as_matrix() @ matrix


@given(st.floats(0, 7), ANGLES, st.floats(-0.9, 0.9), st.integers(0, 23))
def test_one_that_is_tilted_is_the_first_whichever_equivalent_is_found(
    tilt, about, turn, k
):
    first = matrix_of("alpha-Fe", (1, 2, 3), 20.0)
    symmetry = PHASES[0].point_group.laue.to_matrix()[k]
    other = tilted(first, tilt, about, turn) @ symmetry * np.linalg.det(symmetry)
    found = tilt_and_turn(first, other, PHASES[0])
    assert found == pytest.approx((tilt, abs(turn)), abs=1e-3)
    kept = without_tilted_ones([crystal(first), crystal(other)], 1, PHASES)
    assert [one.share for one in kept] == [1.0]


@pytest.mark.parametrize(
    ("tilt", "turn", "best"), [(0, 3, 0), (12, 0, 0), (2, 40, 0), (2, 0, 1)]
)
def test_others_stay(tilt, turn, best):
    first = matrix_of("alpha-Fe", (1, 2, 3), 20.0)
    pair = [crystal(first), crystal(tilted(first, tilt, 30, turn), best)]
    assert without_tilted_ones(pair, 1, PHASES) == pair


def test_what_is_no_phase_stays():
    first = crystal(matrix_of("alpha-Fe", (1, 2, 3), 20.0))
    nothing = Crystal(0, first.indices, first.pattern, [], Verdict(NONE), 0.5)
    assert without_tilted_ones([first, nothing], 1, PHASES) == [first, nothing]
