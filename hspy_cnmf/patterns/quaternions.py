"""Matrices of rotation as quaternions."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation


def quaternions_of(matrices: np.ndarray) -> np.ndarray:
    """Return matrices, (n, 3, 3), as quaternions, (n, 4), the real part first.

    ``from_matrix`` of orix (0.15) loses the signs of an axis of half a turn.
    """
    return np.roll(Rotation.from_matrix(matrices).as_quat(), 1, axis=-1)
