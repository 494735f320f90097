"""Chunks that divide patterns are told of, with chunks that do not."""

import re
from ast import literal_eval

import dask.array as da
import h5py
import numpy as np
import pytest

from hspy_cnmf.decomposition.divided import chunk_notes


def notes_but_small(data, n_navigation, many=2**30):
    """Return what is told of chunks, but not of small ones."""
    return "".join(chunk_notes(data, n_navigation, many, many_chunks=2**40))


def small_note(data, n_navigation, many=2**10):
    """Return what is told of small chunks."""
    return "".join(chunk_notes(data, n_navigation, 2**60, many_chunks=many))


@pytest.mark.parametrize("shape", [(12, 8, 8), (6, 4, 8, 8), (6, 4, 30)])
def test_what_is_told_mends_it(shape):
    n_navigation = 1 if shape[1:] == (8, 8) else 2
    data = da.zeros(shape, chunks=2, dtype=np.uint16)
    told = notes_but_small(data, n_navigation, many=1)
    for text in re.findall(r"chunks=(\(.*?\))", told):
        chunks = literal_eval(text)
        assert not notes_but_small(data.rechunk(chunks), n_navigation, many=1)
    assert f"{np.prod(data.numblocks[n_navigation:])} parts" in told


def test_little_is_not_told_of_and_what_is_in_memory_has_no_chunks():
    data = da.zeros((4, 4, 8, 8), chunks=2, dtype=np.uint16)
    assert not notes_but_small(data, 2)
    assert not notes_but_small(data.compute(), 2, many=1)


def test_small_chunks_are_told_of_where_they_are_many():
    data = da.zeros((30, 30, 8, 8), chunks=(1, 1, 8, 8), dtype=np.uint16)
    told = small_note(data, 2, many=900)
    assert "900 chunks of 0.13 kB" in told
    chunks = literal_eval(re.findall(r"chunks=(\(.*?\))", told)[0])
    assert not small_note(data.rechunk(chunks), 2, many=1)
    assert not small_note(data, 2)
    assert not small_note(data.compute(), 2, many=1)


def test_chunks_that_are_read_together_as_whole_patterns_do_not_divide_them():
    data = da.zeros((64, 64, 64, 64), chunks=(7, 5, 33, 50), dtype=np.uint8)
    assert not notes_but_small(data, 2, many=1)


def test_chunks_of_a_file_that_are_small_or_cut_are_told_of(tmp_path):
    with h5py.File(tmp_path / "scan.h5", "w") as made:
        made.create_dataset("x", (30, 30, 8, 8), np.uint16, chunks=(1, 1, 8, 8))
        made.create_dataset("y", (30, 30, 8, 8), np.uint16, chunks=(30, 30, 8, 8))
        data = da.from_array(made["x"], chunks=(10, 10, 8, 8))
        assert "900 chunks of 0.13 kB" in small_note(data, 2, many=900)
        assert not notes_but_small(data, 2, many=1)
        cut = da.from_array(made["y"], chunks=(10, 15, 8, 8))
        assert "6 times" in notes_but_small(cut, 2, many=1)
        assert not notes_but_small(cut, 2)
        assert not small_note(cut, 2, many=900)
