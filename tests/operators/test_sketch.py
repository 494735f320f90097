"""A kept sketch: files that give every bit back, and what is wrong with others."""

import numpy as np
import pytest

from hspy_cnmf import make_sketch
from hspy_cnmf.operators.sketch import Sketch
from hspy_cnmf.operators.sketch_file import read_arrays, write_arrays


def test_files_give_every_bit_back(make_scan, tmp_path):
    sketch = make_sketch(make_scan(), rank=5, random_state=0)
    sketch.save(tmp_path / "a.sketch")
    loaded = Sketch.load(tmp_path / "a.sketch")
    for name in ("basis_images", "basis_patterns"):
        np.testing.assert_array_equal(
            getattr(loaded.operator, name), getattr(sketch.operator, name)
        )
    assert loaded.rank == sketch.rank == 5
    assert loaded.weights == sketch.weights == "equal"
    assert loaded.inspection.maximum == sketch.inspection.maximum


def test_weights_that_nobody_knows_are_no_sketch(make_scan, tmp_path):
    path = tmp_path / "a.sketch"
    make_sketch(make_scan(), rank=5, random_state=0).save(path)
    write_arrays(path, read_arrays(path) | {"weights": "by chance"})
    with pytest.raises(ValueError, match="unknown weights 'by chance'"):
        Sketch.load(path)
