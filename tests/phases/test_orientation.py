"""Laws of how groups and their members are turned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.data._kinematic import turned_in_plane
from hspy_cnmf.phases.orientation import member_matrix, orientation_of, zone_axis
from tests.helpers.crystals import matrix_of


@pytest.mark.parametrize(
    ("name", "uvw", "expected"),
    [
        ("alpha-Fe", (0, 0, 1), (1, 0, 0)),
        ("alpha-Fe", (0, -1, 1), (1, 1, 0)),
        ("Fe3B", (0, 0, 1), (0, 0, 1)),
        ("Fe3B", (1, 0, -1), (1, 0, 1)),
    ],
)
def test_zone_axes_are_named_by_the_family(name, uvw, expected):
    found, angle = zone_axis(matrix_of(name, uvw, 33.0), crystal_phase(name))
    assert tuple(np.abs(found).tolist()) == expected
    assert angle < 1e-4


def test_an_orientation_takes_the_beam_to_the_zone_axis():
    phase = crystal_phase("Fe3B")
    matrix = matrix_of("Fe3B", (1, 0, 0), 20.0)
    orientation = orientation_of(matrix[np.newaxis], phase)
    np.testing.assert_allclose(
        orientation.to_matrix()[0] @ [0, 0, 1], matrix[2], atol=1e-9
    )


@settings(max_examples=50, deadline=None)
@given(
    st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: np.hypot(*axis[:2]) > 0.1),
    st.sampled_from([180.0, 120.0, 30.0]),
)
def test_orientations_are_those_of_matrices_half_turns_too(axis, degrees):
    turn = np.radians(degrees) * np.array(axis) / np.linalg.norm(axis)
    matrix = Rotation.from_rotvec(turn).as_matrix()
    orientation = orientation_of(matrix[np.newaxis], crystal_phase("Fe3B"))
    np.testing.assert_allclose(orientation.to_matrix()[0].T, matrix, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.floats(-360, 360), st.floats(-360, 360), st.booleans(), st.integers(0, 99))
def test_turns_of_members_add_up(one, other, mirrored, seed):
    group = Rotation.random(random_state=seed).as_matrix()
    found = member_matrix(member_matrix(group, one), other, mirrored)
    np.testing.assert_allclose(
        found, member_matrix(group, one + other, mirrored), atol=1e-9
    )
    np.testing.assert_allclose(found @ found.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(found), 1)
    # What is seen from above is turned over, or still seen from above.
    assert found[2] @ group[2] == pytest.approx(-1 if mirrored else 1)


def test_a_member_that_was_turned_onto_its_group_lies_back():
    """Turned counter-clockwise to fit, it is clockwise: with ky down, kx is at ky."""
    vector = member_matrix(np.eye(3), 90.0) @ [1, 0, 0]
    np.testing.assert_allclose(vector, [0, 1, 0], atol=1e-12)
    back = turned_in_plane(member_matrix(np.eye(3), 25.0), 25.0)
    np.testing.assert_allclose(back, np.eye(3), atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), st.floats(0, 360))
def test_turns_in_the_plane_leave_the_zone_axis(seed, degrees):
    phase = crystal_phase("alpha-Fe")
    matrix = Rotation.random(random_state=seed).as_matrix()
    uvw, angle = zone_axis(matrix, phase)
    again, same = zone_axis(member_matrix(matrix, degrees), phase)
    np.testing.assert_array_equal(again, uvw)
    assert same == pytest.approx(angle, abs=1e-6)
    # No direction of low index is further than half the way to the next.
    assert angle < 20 and np.gcd.reduce(uvw) == 1


def test_orientations_of_equivalent_crystals_are_none_apart():
    phase = crystal_phase("alpha-Fe")
    matrix = matrix_of("alpha-Fe", (0, 1, 1), 12.0)
    symmetry = phase.point_group.to_matrix()
    proper = symmetry[np.linalg.det(symmetry) > 0]
    found = orientation_of(matrix @ proper, phase)
    assert len(np.unique(proper.round(6), axis=0)) == 24
    angles = found.angle_with(orientation_of(matrix[np.newaxis], phase))
    np.testing.assert_allclose(angles, 0, atol=1e-4)
