"""Laws of arrays on the host or on a GPU."""

import numpy as np

from hspy_cnmf.device.arrays import (
    Constant,
    beside,
    is_on_gpu,
    namespace,
    through_host,
    to_host,
)


def test_arrays_of_the_host_are_not_copied():
    array = np.arange(3.0)
    assert not is_on_gpu(array)
    assert namespace(array) is np
    assert to_host(array) is array
    assert beside(array, np.ones(2)) is array
    assert Constant(array).beside(np.ones(2)) is array


def test_function_of_the_host_is_as_it_was():
    values = np.arange(6.0).reshape(2, 3)
    doubled = through_host(lambda array: 2 * array)
    np.testing.assert_array_equal(doubled(values), 2 * values)
