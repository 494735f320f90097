"""Laws of bright frames: flashes are told, specimens are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.patterns.bright_frames import bright_frames_note

SHAPE = (12, 15)
KEEP = np.ones(SHAPE, bool)


def totals(rng, contrast):
    """Return counts of a scan in which a particle of some positions is brighter."""
    row, column = np.indices(SHAPE) - rng.uniform(2, 10, (2, 1, 1))
    particle = np.exp(-(row**2 + column**2) / 2 / rng.uniform(0.8, 4) ** 2)
    return rng.poisson(1000 * (1 + contrast * particle))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.sampled_from([0, 0.5, 3, 100]))
def test_nothing_is_said_of_a_specimen(seed, contrast):
    sums = totals(np.random.default_rng(seed), contrast)
    assert not bright_frames_note(sums.ravel(), KEEP, 1.0)


@pytest.mark.parametrize("times", [3, 100])
@pytest.mark.parametrize("gain", [1.0, 40.0])
@pytest.mark.parametrize("place", [(0, 0), (4, 14), (7, 3)])
def test_a_flash_is_told_and_where_it_is(times, gain, place):
    sums = totals(np.random.default_rng(0), 0.0)
    sums[place] *= times
    note = bright_frames_note(gain * sums.ravel(), KEEP, gain)
    assert note.startswith("1 pattern holds")
    assert f"x = {place[1]}, y = {place[0]}." in note


@pytest.mark.parametrize("line", [(0, slice(None)), (slice(None), -1)])
def test_a_line_of_flyback_is_told(line):
    sums = totals(np.random.default_rng(0), 0.0)
    sums[line] *= 4
    note = bright_frames_note(sums.ravel(), KEEP, 1.0)
    assert note.startswith(f"{sums[line].size} patterns hold")


def test_masked_positions_are_not_looked_at():
    sums = totals(np.random.default_rng(0), 0.0)
    keep = KEEP.copy()
    keep[5, 6] = False
    sums[5, 6] *= 100
    assert not bright_frames_note(sums[keep], keep, 1.0)
    sums[2, 2] *= 100
    assert "x = 2, y = 2" in bright_frames_note(sums[keep], keep, 1.0)


def test_other_than_two_axes_tell_nothing():
    sums = np.ones(20)
    sums[7] = 1e6
    assert not bright_frames_note(sums, np.ones(20, bool), 1.0)
