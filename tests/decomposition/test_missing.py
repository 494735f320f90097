"""Missing values as a user names them: what does not make sense is refused."""

import numpy as np
import pytest
from hyperspy.signals import BaseSignal, Signal2D

from hspy_cnmf.decomposition.missing import resolve_missing


@pytest.fixture
def scan():
    return Signal2D(np.ones((3, 4, 5, 6)))


def test_words(scan):
    assert resolve_missing("ignore", scan) is True
    assert resolve_missing("refuse", scan) is False


def test_masks_are_arrays_or_signals(scan):
    mask = scan.data > 2
    assert resolve_missing(mask, scan) is mask
    given = resolve_missing(scan > 2, scan)
    np.testing.assert_array_equal(given, mask)


@pytest.mark.parametrize(
    "mask", [np.zeros((5, 6), bool), np.zeros((4, 3, 5, 6), bool)], ids=["one", "xy"]
)
def test_masks_of_another_shape_are_refused(scan, mask):
    with pytest.raises(ValueError, match="have \\(3, 4, 5, 6\\)"):
        resolve_missing(mask, scan)


@pytest.mark.parametrize(
    "missing", [None, 3, np.zeros((3, 4, 5, 6)), BaseSignal([1.0])]
)
def test_what_is_no_mask_is_refused(scan, missing):
    with pytest.raises(TypeError, match="True and False"):
        resolve_missing(missing, scan)
