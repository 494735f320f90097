"""A few patterns, or lazy arrays, in memory: what is computed as a whole."""

from __future__ import annotations

from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf import progress
from hspy_cnmf.operators import scheduling
from hspy_cnmf.operators.memory import give_back
from hspy_cnmf.operators.threads import single_threaded_blas


def patterns_at(data: np.ndarray | da.Array, places: np.ndarray) -> np.ndarray:
    """Return a few patterns, read one by one.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Navigation axes first.
    places : numpy.ndarray of int, shape (n, n_navigation)
        Index of each.

    Returns
    -------
    numpy.ndarray, shape (n, *signal_shape)
    """
    patterns = [data[tuple(map(int, place))] for place in places]
    return np.stack([np.asarray(pattern) for pattern in compute_together(*patterns)])


def compute_together(
    *arrays: Any, label: str = "", show_progressbar: bool = False
) -> tuple:
    """Return arrays, the lazy ones among them computed together in one reading.

    Parameters
    ----------
    *arrays : array
    label : str, default ""
        What the progress bar says.
    show_progressbar : bool, default False
        Whether the reading is a step of a call's progress bar, or has one.
    """
    if not any(map(is_dask_collection, arrays)):
        return arrays
    with (
        single_threaded_blas(),
        progress.reading(label, 1, show_progressbar) as advance,
        scheduling.Tasks(advance),
    ):
        computed = dask.compute(*arrays)
    give_back()  # what threads have freed of chunks
    return computed
