"""Data that have changed since they were read are known by their sums."""

import dask.array as da
import numpy as np
import pytest

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.blocks import extents
from hspy_cnmf.operators.expected_sums import check_sums
from tests.operators.test_streamed import masks, scan


@pytest.mark.parametrize("change", [np.nan, np.inf, -1e6, 5])
@pytest.mark.parametrize("chunks", [None, (2, 3, 7, 4), (5, 6, 2, 3)])
def test_every_reading_sees_that_data_are_others(change, chunks):
    keep = masks()
    data = scan(np.float32)
    inspection, _ = StreamedOperator(data, *keep).inspect()
    weights = [np.sqrt(1 + sums) for sums in (np.arange(n) for n in map(np.sum, keep))]

    def operator(values):
        source = values if chunks is None else da.from_array(values, chunks=chunks)
        return StreamedOperator(source, *keep).divide(*weights).expecting(inspection)

    products = [
        lambda one: one.images(np.ones((2, one.shape[1]))),
        lambda one: one.patterns(np.ones((2, one.shape[0]))),
        lambda one: one.sample(np.arange(one.shape[0])),
    ]
    for product in products:
        product(operator(data))
    changed = data.copy()
    changed[tuple(np.argwhere(keep[0])[7]) + tuple(np.argwhere(keep[1])[3])] += change
    for product in products:
        with pytest.raises(ValueError, match="says otherwise at navigation index"):
            product(operator(changed))


def test_what_differs_is_named_by_its_place_in_the_scan():
    keep = masks()[0]
    expected = np.arange(1.0, 1 + np.count_nonzero(keep))
    parts = extents(((3, 2), (6,)), keep)
    shares = [expected[part.target].copy() for part in parts]
    check_sums(expected, keep, parts, shares)
    shares[1][2] *= 1.1
    index = tuple(map(int, np.argwhere(keep)[parts[1].target[2]][::-1]))
    with pytest.raises(ValueError, match="navigation index") as error:
        check_sums(expected, keep, parts, shares)
    assert str(index) in str(error.value)
