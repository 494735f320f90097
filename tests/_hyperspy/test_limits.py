"""Numbers as arguments: plain ones whatever they were, or refused in words."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf._hyperspy.limits import real_number, truth, whole_number

KINDS = [int, float, np.int16, np.uint8, np.float32, np.float64]


@given(st.integers(0, 100), st.sampled_from(KINDS))
def test_numbers_become_plain_ones(value, kind):
    found = real_number("width", kind(value))
    assert type(found) is float and found == value
    assert json.loads(json.dumps(found)) == value
    if issubclass(kind, (int, np.integer)):
        assert type(whole_number("width", kind(value), 0)) is int


@pytest.mark.parametrize(
    "value", [None, "3", True, np.True_, np.nan, np.inf, -1, 1j, [1], np.ones(2), 11]
)
def test_anything_else_is_refused_in_words(value):
    with pytest.raises(ValueError, match="width must be a number, between 0 and 10"):
        real_number("width", value, 0, 10)
    with pytest.raises(ValueError, match="width must be a whole number"):
        whole_number("width", value, 0, 10)


def test_limits():
    assert real_number("width", 0, 0, 1) == 0
    with pytest.raises(ValueError, match="above 0, not 0"):
        real_number("width", 0, exclusive=True)
    assert truth("mirror", np.True_) is True
    with pytest.raises(ValueError, match="mirror must be True or False, not 1"):
        truth("mirror", 1)
