"""Errors of storage, told in a sentence; all others are none."""

import errno

import dask.array as da
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf.cli.storage_error import words_on_storage
from hspy_cnmf.operators import StreamedOperator


def error_of(function):
    with pytest.raises(Exception) as told:
        function()
    return told.value


@pytest.mark.parametrize("kind", [RuntimeError, KeyError, EOFError, OSError])
def test_data_that_cannot_be_read_are_told(kind):
    def damaged(_):
        raise kind("damaged chunk")

    data = da.ones((4, 5, 6), chunks=(2, 5, 6)).map_blocks(damaged, dtype=float)
    keep = np.ones((4, 5), bool), np.ones(6, bool)
    words = words_on_storage(error_of(StreamedOperator(data, *keep).inspect))
    assert words.startswith("the data cannot be read") and "damaged chunk" in words


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EROFS])
def test_a_full_disk_is_told(number):
    words = words_on_storage(OSError(number, "No room"))
    assert words == "the results cannot be written: No room"


def test_a_file_is_named():
    words = words_on_storage(error_of(lambda: open("/no/such/file")))
    assert "No such file" in words and "/no/such/file" in words


def test_an_error_of_ours_is_none_of_storage():
    error = error_of(lambda: hspy_cnmf.constraints.RadialFloor(outer=3))
    assert words_on_storage(error) == ""
    error = error_of(lambda: hspy_cnmf.constraints.RadialFloor(outlier_ratio=0.5))
    assert words_on_storage(error) == ""
