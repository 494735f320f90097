"""Arrays on the host or on a GPU, and functions that take both."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np


def is_on_gpu(array: Any) -> bool:
    """Return whether an array is CuPy's; anything else counts as on the host."""
    return hasattr(array, "__cuda_array_interface__")


def namespace(array: Any) -> Any:
    """Return the module whose functions take an array, numpy or cupy."""
    if not is_on_gpu(array):
        return np
    import cupy

    return cupy


def to_host(array: Any) -> np.ndarray:
    """Return an array on the host, the very same if it is there."""
    return array.get() if is_on_gpu(array) else array


def to_gpu(array: Any) -> Any:
    """Return an array on the GPU, the very same if it is there."""
    import cupy

    return cupy.asarray(array)


def give_back() -> None:
    """Give memory of the GPU back that is kept for later arrays."""
    import cupy

    cupy.get_default_memory_pool().free_all_blocks()


def beside(array: np.ndarray, other: Any) -> Any:
    """Return an array of the host where another one is."""
    return namespace(other).asarray(array)


class Constant:
    """An array that does not change, wherever it is needed.

    Parameters
    ----------
    array : numpy.ndarray
    """

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self._on_gpu: Any = None

    def beside(self, other: Any) -> Any:
        """Return the array where another one is; it is copied there once."""
        if not is_on_gpu(other):
            return self.array
        if self._on_gpu is None:
            self._on_gpu = to_gpu(self.array)
        return self._on_gpu


def through_host(
    function: Callable[[np.ndarray], np.ndarray],
) -> Callable[[Any], Any]:
    """Return a function of arrays on the host as one of arrays that are anywhere."""

    @wraps(function)
    def anywhere(values: Any) -> Any:
        return beside(function(to_host(values)), values)

    return anywhere
