"""Quaternions turn as the matrices do that they were made of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orix.quaternion import Rotation
from scipy.spatial.transform import Rotation as SciPyRotation

from hspy_cnmf.patterns.quaternions import quaternions_of


@pytest.mark.parametrize("degrees", [0.0, 30.0, 180.0])
@settings(max_examples=25, deadline=None)
@given(
    st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: np.hypot(*axis[:2]) > 0.1)
)
def test_orix_turns_by_the_quaternion_as_the_matrix_does(degrees, axis):
    turn = np.radians(degrees) * np.array(axis) / np.linalg.norm(axis)
    matrices = SciPyRotation.from_rotvec([turn, 0 * turn]).as_matrix()
    found = Rotation(quaternions_of(matrices)).to_matrix()
    np.testing.assert_allclose(found, matrices, atol=1e-9)
