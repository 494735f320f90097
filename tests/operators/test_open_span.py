"""Laws of an open span: pixels left out after a reading are as if never read."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.operators import SeriesOperator, StreamedOperator
from hspy_cnmf.operators.open_span import OpenSpan
from hspy_cnmf.operators.range_finder import random_patterns

SHAPE = (6, 5), (4, 7)
ALL = tuple(np.ones(shape, bool) for shape in SHAPE)
#: Whole patterns in chunks, divided ones, and data in memory.
CHUNKS = (2, 3, 4, 7), (6, 2, 3, 4), None


def scan(seed, silent):
    """Return counts of which some pixels have none."""
    rng = np.random.default_rng(seed)
    data = rng.poisson(4.0, (*SHAPE[0], *SHAPE[1])).astype(np.uint16)
    data[:, :, silent] = 0
    return data


def operators(data, chunks, good):
    """Return the operator of all pixels, and of the good ones."""
    data = data if chunks is None else da.from_array(data, chunks)
    return [StreamedOperator(data, ALL[0], keep) for keep in (ALL[1], good)]


def assert_same_inspections(ours, theirs):
    for name in ("position_sums", "pixel_sums", "pixel_square_sums", "pixel_maxima"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    for name in ("square_norm", "maximum", "n_not_finite", "first_not_finite"):
        assert getattr(ours, name) == getattr(theirs, name)


@given(
    seed=st.integers(0, 2**31),
    chunks=st.sampled_from(CHUNKS),
    suspects=st.lists(st.integers(0, 27), max_size=6, unique=True),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_what_is_left_is_as_if_read_alone(seed, chunks, suspects, data):
    silent = data.draw(st.lists(st.integers(0, 27), max_size=3, unique=True))
    bad = np.zeros(28, bool)
    bad[[*silent, *data.draw(st.lists(st.sampled_from([0, *suspects])))]] = True
    bad &= np.isin(np.arange(28), [*silent, *suspects])
    counts = scan(seed, np.isin(np.arange(28), silent).reshape(SHAPE[1]))
    whole, part = operators(counts, chunks, ~bad.reshape(SHAPE[1]))
    patterns = random_patterns(5, 28, 0)
    told = OpenSpan.read(whole, patterns, np.array(suspects, int))
    assert told.knows(bad)
    left = told.without(bad)
    alone = OpenSpan.read(part, patterns[:, ~bad], np.empty(0, int))
    assert_same_inspections(left.inspection, alone.inspection)
    ours, theirs = left.close(part), alone.close(part)
    np.testing.assert_allclose(
        ours, theirs, rtol=1e-5, atol=1e-5 * np.abs(theirs).max()
    )
    np.testing.assert_array_equal(left.patterns, alone.patterns)


@pytest.mark.parametrize("chunks", CHUNKS)
def test_pixels_may_be_suspected_afterwards(chunks):
    whole, part = operators(scan(3, np.zeros(SHAPE[1], bool)), chunks, ALL[1])
    nothing, suspects = np.empty(0, int), np.array([20, 4, 11])
    patterns, bad = random_patterns(5, 28, 0), np.arange(28) == 11
    before = OpenSpan.read(whole, patterns, suspects)
    others = OpenSpan.read(whole, np.empty((0, 28)), suspects)
    after = OpenSpan.read(whole, patterns, nothing).suspecting(others)
    _, part = operators(scan(3, np.zeros(SHAPE[1], bool)), chunks, ~bad.reshape(4, 7))
    ours, theirs = (told.without(bad).close(part) for told in (after, before))
    np.testing.assert_allclose(
        ours, theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max()
    )


def test_of_several_scans_it_is_that_of_all_in_a_row():
    data = scan(5, np.zeros(SHAPE[1], bool))
    suspects, bad = np.array([2, 9]), np.arange(28) == 9
    whole = StreamedOperator(data, *ALL)
    parts = [
        StreamedOperator(d, np.ones(d.shape[:2], bool), ALL[1])
        for d in (data[:2], data[2:])
    ]
    ours, theirs = (
        OpenSpan.read(operator, random_patterns(5, 28, 0), suspects).without(bad)
        for operator in (SeriesOperator(parts), whole)
    )
    assert_same_inspections(ours.inspection, theirs.inspection)
    np.testing.assert_allclose(ours.close(whole), theirs.close(whole), rtol=1e-5)


def test_what_is_not_known_is_said():
    data = scan(0, np.zeros(SHAPE[1], bool)).astype(np.float32)
    bad = np.arange(28) == 8
    nothing = np.empty((0, 28))

    def knows(suspects):
        operator = StreamedOperator(data, *ALL)
        return OpenSpan.read(operator, nothing, np.array(suspects, int)).knows(bad)

    assert knows([8]) and not knows([]) and not knows([7])
    data[..., 1, 1] = np.nan  # nothing is added to any sum
    assert knows([])
    data[0, 0, 0, 0] = np.nan  # where the first of good pixels is
    assert not knows([8])
    data[0, 0, 0, 0] = -1.0  # how low good pixels are
    assert not knows([8])
