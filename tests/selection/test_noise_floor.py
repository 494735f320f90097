"""The noise floor: what chance leaves, and what is no count."""

import numpy as np
import pytest

from hspy_cnmf.selection.noise_floor import NoiseFloor
from tests.selection.test_scan import SHORT


def test_the_noise_floor_falls_with_the_degrees_of_freedom():
    rng = np.random.default_rng(0)
    shape, n = (60, 80), 5
    truth = 100 * rng.random((shape[0], n)) @ rng.random((n, shape[1]))
    floor = NoiseFloor(4.0, "").errors([n], shape)[0]
    squares = []
    for _ in range(20):
        noisy = truth + 2 * rng.standard_normal(shape)
        s = np.linalg.svd(noisy, compute_uv=False)
        squares.append(np.sum(s[n:] ** 2) / np.prod(shape))
    assert np.mean(squares) == pytest.approx(floor, rel=0.01)
    assert np.isnan(NoiseFloor(None, "").errors([1, 2], shape)).all()


def test_negative_rounding_is_no_count(make_scan):
    scan = make_scan()
    scan.data[0, 0, 0, 0] = -1e-9
    found = scan.scan_output_dimension([2], held_out=False, **SHORT)
    assert "negative" in found.reason and np.isnan(found.noise_floor.data).all()
