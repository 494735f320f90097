"""Laws of bright lines: those of a detector are found, and nothing of a specimen."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.pattern_bank import bank
from hspy_cnmf.constraints.rings import pixel_radii
from hspy_cnmf.patterns.bright_lines import bright_lines

SHAPE = (64, 72)


@settings(deadline=None, max_examples=30)
@given(
    first=st.integers(0, 71),
    width=st.integers(1, 4),
    start=st.integers(0, 64 - 34),
    length=st.integers(34, 64),
    hole=st.floats(0, 8),
)
def test_lines_are_found_with_a_masked_beam_and_no_other_pixels(
    first, width, start, length, hole
):
    radii = pixel_radii(SHAPE, (30.0, 36.0))
    pattern = 100 * np.exp(-radii / 10)
    line = np.zeros(SHAPE, bool)
    line[start : start + length, first : first + width] = True
    pattern[line] = 1000
    pattern[radii < hole] = np.nan
    known = line & np.isfinite(pattern)
    np.testing.assert_array_equal(bright_lines(pattern), known)
    np.testing.assert_array_equal(bright_lines(pattern.T), known.T)


def test_patterns_of_many_kinds_have_none():
    for case in bank(2, seed=2):
        assert not bright_lines(case.pattern).any()
