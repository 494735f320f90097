"""Values that are missing, marked in the data as they are read."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf.operators.blocks import chunks_in_memory, product_dtype


def missing_as_nan(data: Any, missing: Any) -> Any:
    """Return data that are NaN where a mask says that they are missing.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
    missing : bool or numpy.ndarray or dask.array.Array of bool
        A mask of the same shape; True or False where there is none.

    Returns
    -------
    numpy.ndarray or dask.array.Array
        The data themselves without a mask. Else blocks are made as they are read:
        nothing of the size of the data is kept.
    """
    if isinstance(missing, bool):
        return data
    if not is_dask_collection(data):
        data = da.from_array(data, chunks=chunks_in_memory(data), name=False)
    dtype = product_dtype(data.dtype)
    return da.map_blocks(
        _nan_where,
        data,
        da.asarray(missing).rechunk(data.chunks),
        dtype=dtype,
        meta=np.empty((0,) * data.ndim, dtype),
    )


def _nan_where(block: np.ndarray, missing: np.ndarray) -> np.ndarray:
    dtype = product_dtype(block.dtype)
    return np.where(missing, dtype.type(np.nan), block.astype(dtype, copy=False))
