"""Bright values that are cut off are told, and can be left out."""

import numpy as np
import pytest

from hspy_cnmf.decomposition.clipped import clipping_note
from tests.conftest import QUICK


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int32", "uint64"])
def test_only_the_most_that_a_type_holds_is_told(dtype):
    most = np.iinfo(dtype).max
    assert f"reach {most}," in clipping_note(dtype, float(most))
    assert clipping_note(dtype, float(most // 2)) == ""
    assert clipping_note("float32", float(most)) == ""


@pytest.mark.parametrize("lazy", [False, True])
def test_spots_that_are_cut_off_are_told_once(make_scan, caplog, lazy):
    scan = make_scan((6, 7), (14, 12))
    scan.data = np.minimum(scan.data * 255 / np.quantile(scan.data, 0.99), 255)
    scan.change_dtype("uint8")
    clipped = scan.data == 255
    scan = scan.as_lazy() if lazy else scan
    scan.decomposition(**QUICK)
    assert caplog.text.count("the most that uint8 can hold") == 1
    caplog.clear()
    scan.decomposition(**QUICK, missing=clipped)
    assert "can hold" not in caplog.text
