"""Rows in a file are those in memory, and memory lets go of them."""

import mmap
import os

import numpy as np
import pytest

from hspy_cnmf.operators import LowRankOperator, in_file
from hspy_cnmf.operators.low_rank import combined_rows, gram_of_rows, principal_turn
from hspy_cnmf.operators.range_finder import orthonormalise

N_ROWS, N_COLUMNS = 8, 2**17

needs_pages = pytest.mark.skipif(
    not hasattr(mmap, "MADV_DONTNEED") or not hasattr(os, "posix_fallocate"),
    reason="Such files need a system that takes back what it has shown of them.",
)


@pytest.fixture
def in_file_alone(monkeypatch):
    """Keep rows in a file however few they are."""
    monkeypatch.setattr(in_file, "_FEW", 0)


def is_in_file(rows):
    return isinstance(rows.base, mmap.mmap)


def pages_of_files():
    """Return the bytes of files that this process has in its memory."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("RssFile"))
    return 1024 * int(line.split()[1])


def test_few_rows_are_in_memory_whatever_it_is():
    assert not is_in_file(in_file.long_rows((4, 100), float, 1))


@needs_pages
def test_rows_of_more_than_a_quarter_of_memory_are_in_a_file(in_file_alone):
    assert not is_in_file(in_file.long_rows((2, 100), float, 8000))
    assert is_in_file(in_file.long_rows((2, 100), float, 4000))


@pytest.mark.parametrize("error", [OSError, AttributeError])
def test_without_room_for_a_file_they_are_in_memory(in_file_alone, monkeypatch, error):
    def refuse(*arguments):
        raise error

    monkeypatch.setattr(in_file, "_unnamed_file", refuse)
    rows = in_file.long_rows((2, 100), float, 1)
    assert rows.shape == (2, 100)
    assert not is_in_file(rows)


@needs_pages
def test_each_byte_of_a_file_has_its_place_on_the_disk(tmp_path):
    with (tmp_path / "file").open("xb") as file:
        in_file.reserve(file.fileno(), 2**20)
        told = os.fstat(file.fileno())
    assert told.st_size == 2**20 <= 512 * told.st_blocks


def test_what_has_no_room_is_told_with_its_folder(tmp_path):
    with (
        (tmp_path / "file").open("xb") as file,
        pytest.raises(OSError, match=r"temporary files in .*TMPDIR"),
    ):
        in_file.reserve(file.fileno(), 2**62)


@needs_pages
def test_products_are_the_same_to_the_bit(in_file_alone):
    rng = np.random.default_rng(0)
    there = rng.random((N_ROWS, N_COLUMNS), np.float32)
    rows = in_file.long_rows(there.shape, np.float32, 1)
    rows[:] = there
    weights = rng.random((3, N_ROWS), np.float32)
    np.testing.assert_array_equal(gram_of_rows(rows), gram_of_rows(there))
    for one, other in zip(principal_turn(rows), principal_turn(there), strict=True):
        np.testing.assert_array_equal(one, other)
    both = combined_rows(weights, rows), combined_rows(weights, there)
    np.testing.assert_array_equal(*both)
    basis = rng.random((N_ROWS, 20), np.float32)
    loadings = rng.random((3, N_COLUMNS), np.float32)
    own, others = LowRankOperator(rows, basis, 1.0), LowRankOperator(there, basis, 1.0)
    np.testing.assert_array_equal(own.patterns(loadings), others.patterns(loadings))
    np.testing.assert_array_equal(orthonormalise(rows), orthonormalise(there))


@needs_pages
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="Not on Linux.")
def test_memory_holds_a_few_columns_at_a_time(in_file_alone):
    rows = in_file.long_rows((N_ROWS, N_COLUMNS), np.float32, 1)
    rows[:] = 1
    written = pages_of_files()
    combined_rows(np.ones((1, N_ROWS), np.float32), rows)
    assert written - pages_of_files() > 0.9 * rows.nbytes
    np.testing.assert_array_equal(rows[:, ::1000], 1)  # nothing is lost
