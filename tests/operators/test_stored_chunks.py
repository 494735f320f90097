"""Files are read in boxes of their own chunks, with the same values."""

from math import prod

import dask.array as da
import h5py
import numpy as np
import pytest

from hspy_cnmf.operators.stored_chunks import n_stored, times_read, well_chunked

SHAPE = 40, 36, 16, 15
VALUES = np.random.default_rng(0).integers(0, 9, SHAPE).astype(np.uint16)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("stored") / "scan.h5"
    with h5py.File(path, "w") as made:
        for name, chunks in {
            "single": (1, 1, 16, 15),
            "rows": (1, 36, 16, 15),
            "pixels": (40, 36, 4, 5),
            "odd": (3, 5, 7, 11),
            "whole": (40, 36, 16, 15),
            "contiguous": None,
            "tiles": (8, 9, 4, 8),
        }.items():
            made.create_dataset(name, data=VALUES, chunks=chunks)
    with h5py.File(path, "r") as opened:
        yield opened


@pytest.mark.parametrize("name", ["single", "rows", "pixels", "odd", "whole"])
@pytest.mark.parametrize(
    "chunks", [(1, 1, 16, 15), (9, 8, 16, 15), (40, 36, 8, 8), (10, 10, 7, 9)]
)
@pytest.mark.parametrize("how", ["as it is", "locked", "rechunked"])
def test_chunks_of_a_file_are_read_once(file, name, chunks, how):
    data = da.from_array(file[name], chunks=chunks, lock=how == "locked")
    if how == "rechunked":
        data = da.from_array(file[name], chunks=file[name].chunks).rechunk(chunks)
    found = well_chunked(data, (2, 3))
    assert times_read(found) <= 1.2
    assert found.npartitions <= max(512, n_stored(data))
    np.testing.assert_array_equal(found.compute(), VALUES)
    assert well_chunked(found, (2, 3)) is found


def test_patterns_are_read_as_a_whole_where_they_can_be(file, tmp_path):
    np.save(tmp_path / "scan.npy", VALUES)
    mapped = np.load(tmp_path / "scan.npy", mmap_mode="r")
    for array in (mapped, file["contiguous"], file["tiles"]):
        data = da.from_array(array, chunks=(40, 36, 8, 8))
        found = well_chunked(data, (2, 3))
        assert found.numblocks[2:] == (1, 1)
        np.testing.assert_array_equal(found.compute(), VALUES)


def test_axes_of_patterns_may_be_the_first(file):
    data = da.from_array(file["odd"], chunks=(3, 5, 7, 11))
    assert data.npartitions > 512
    assert well_chunked(data, (0, 1)).numblocks[:2] == (1, 1)
    assert well_chunked(data, (2, 3)).numblocks[2:] == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + 1,
        lambda data: data.T,
        lambda data: data[1:],
        lambda data: data.astype(float),
        lambda data: data.persist(),
        lambda data: da.concatenate([data[:1], data[1:]]),
        lambda data: data.map_blocks(lambda block: block, dtype=data.dtype),
    ],
)
def test_what_is_more_than_a_file_is_left_alone(file, change):
    data = change(da.from_array(file["rows"], chunks=(1, 1, 16, 15)))
    assert well_chunked(data, (2, 3)) is data
    assert times_read(data) == 1
    assert n_stored(data) is None


def test_good_chunks_and_arrays_are_left_alone(file):
    for data in (
        VALUES,
        da.from_array(VALUES, chunks=(1, 1, 16, 15)),
        da.from_array(file["single"], chunks=(8, 8, 16, 15)),
        da.from_array(file["rows"], chunks=(2, 36, 16, 15)),
    ):
        assert well_chunked(data, (2, 3)) is data


def test_a_chunk_that_is_large_is_not_read_as_a_whole(tmp_path):
    shape = (2, 128, 256, 256)
    with h5py.File(tmp_path / "large.h5", "w") as made:
        made.create_dataset("x", shape, np.uint16, chunks=shape)
        data = da.from_array(made["x"], chunks=(1, 64, 256, 256))
        assert well_chunked(data, (2, 3)) is data
        assert times_read(data) == prod(data.numblocks)
