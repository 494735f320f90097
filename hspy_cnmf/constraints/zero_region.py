"""Nothing where nothing can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hspy_cnmf.constraints.base import Constraint


@dataclass(frozen=True, eq=False, repr=False)
class ZeroRegion(Constraint):
    """Set what lies in a region to zero: no counts there belong to any component.

    Parameters
    ----------
    mask : array_like of bool
        Shape of a pattern, or of a map, in array order. True is zero. Unlike a mask
        of the data, which leaves pixels out, this says that they are dark.

    Raises
    ------
    ValueError
        When it is used, if the mask has another shape or leaves nothing.
    """

    mask: ArrayLike

    is_exact = True

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the pixels that take part."""
        mask = np.asarray(self.mask)
        if mask.dtype != bool or mask.shape != keep.shape:
            raise ValueError(
                f"The mask of ZeroRegion must be True and False of shape {keep.shape}, "
                f"not {mask.dtype} of shape {mask.shape}."
            )
        allowed = ~mask[keep]
        if not allowed.any():
            raise ValueError(
                f"ZeroRegion covers all {keep.sum()} pixels or positions that take "
                "part: nothing would be left. True is where there is nothing."
            )
        return lambda values: values * allowed.astype(values.dtype)

    def __repr__(self) -> str:
        mask = np.asarray(self.mask)
        return f"ZeroRegion({np.count_nonzero(mask)} of {mask.size})"
