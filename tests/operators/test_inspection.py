"""Inspection: what is in the data, of one reading."""

import dask.array as da
import numpy as np
import pytest

from hspy_cnmf.operators import StreamedOperator
from tests.operators.test_streamed import as_matrix, masks, scan


@pytest.mark.parametrize("lazy", [False, True])
def test_inspection_tells_what_is_in_the_data(lazy):
    data, keep = scan(np.float32), masks()
    first = tuple(np.argwhere(keep[0])[3]) + tuple(np.argwhere(keep[1])[2])
    data[first] = np.nan
    data[tuple(np.argwhere(keep[0])[4]) + tuple(np.argwhere(keep[1])[0])] = -5
    data[tuple(np.argwhere(~keep[0])[0])] = -np.inf
    source = da.from_array(data, chunks=(2, 4, 3, 4)) if lazy else data
    inspection, images = StreamedOperator(source, *keep).inspect()
    assert images.shape == (0, np.count_nonzero(keep[0]))
    matrix = np.nan_to_num(as_matrix(data, *keep), nan=0)
    assert inspection.n_not_finite == 1
    assert inspection.first_not_finite == (3, 2)
    assert inspection.n_negative == 1
    assert inspection.minimum == -5
    assert inspection.maximum == matrix.max()
    np.testing.assert_allclose(inspection.position_sums, matrix.sum(1), rtol=1e-6)
    np.testing.assert_allclose(inspection.pixel_sums, matrix.sum(0), rtol=1e-6)
    np.testing.assert_allclose(inspection.square_norm, np.sum(matrix**2), rtol=1e-6)
