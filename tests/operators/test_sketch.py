"""A kept sketch: weights of noise, and files that give every bit back."""

import numpy as np

from hspy_cnmf import make_sketch
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.sketch import Sketch, noise_scales


def test_scales_of_noise_are_roots_of_sums_and_never_zero():
    inspection = Inspection(np.array([4.0, 0.0, 9.0]), np.array([1.0, 16.0]))
    assert noise_scales(inspection, False) == (None, None)
    rows, columns = noise_scales(inspection, True)
    # Where nothing was counted, the median of the others.
    np.testing.assert_array_equal(rows, [2, np.sqrt(6.5), 3])
    np.testing.assert_array_equal(columns, [1, 4])


def test_files_give_every_bit_back(make_scan, tmp_path):
    sketch = make_sketch(make_scan(), rank=5, random_state=0)
    sketch.save(tmp_path / "a.sketch")
    loaded = Sketch.load(tmp_path / "a.sketch")
    for name in ("basis_images", "basis_patterns"):
        np.testing.assert_array_equal(
            getattr(loaded.operator, name), getattr(sketch.operator, name)
        )
    assert loaded.rank == sketch.rank == 5
    assert loaded.inspection.maximum == sketch.inspection.maximum
