"""Maps and patterns of what is found in blocks of the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hspy_cnmf.constraints.base import expand
from hspy_cnmf.operators.blocks import Extent


def as_maps(values: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return values of positions as maps, NaN elsewhere; the same array where all are.

    Parameters
    ----------
    values : numpy.ndarray, shape (n, n_positions)
    keep : numpy.ndarray of bool, shape of a map
    """
    return values.reshape(-1, *keep.shape) if keep.all() else expand(values, keep)


def gather(
    parts: Sequence[np.ndarray] | np.ndarray, extents: Sequence[Extent]
) -> np.ndarray:
    """Put what was found in blocks in its place among all that takes part.

    Parameters
    ----------
    parts : sequence of numpy.ndarray, shape (n, size of the extent)
    extents : sequence of Extent
        Positions or pixels of each.

    Returns
    -------
    numpy.ndarray, shape (n, number that take part)
        In the precision of the parts.
    """
    shape = len(parts[0]), sum(extent.size for extent in extents)
    whole = np.empty(shape, np.result_type(parts[0], np.float32))
    for part, extent in zip(parts, extents, strict=True):
        whole[:, extent.target] = part
    return whole
