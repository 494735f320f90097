"""Chunks that divide patterns are told of, with chunks that do not."""

import re
from ast import literal_eval

import dask.array as da
import numpy as np
import pytest

from hspy_cnmf.decomposition.divided import divided_note


@pytest.mark.parametrize("shape", [(12, 8, 8), (6, 4, 8, 8), (6, 4, 30)])
def test_what_is_told_mends_it(shape):
    n_navigation = 1 if shape[1:] == (8, 8) else 2
    data = da.zeros(shape, chunks=2, dtype=np.uint16)
    told = divided_note(data, n_navigation, many=1)
    for text in re.findall(r"chunks=(\(.*?\))", told):
        chunks = literal_eval(text)
        assert not divided_note(data.rechunk(chunks), n_navigation, many=1)
    assert f"{np.prod(data.numblocks[n_navigation:])} parts" in told


def test_little_is_not_told_of_and_what_is_in_memory_has_no_chunks():
    data = da.zeros((4, 4, 8, 8), chunks=2, dtype=np.uint16)
    assert not divided_note(data, 2)
    assert not divided_note(data.compute(), 2, many=1)
