"""Maps that add up to the same at each position."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hspy_cnmf.constraints.base import Constraint


@dataclass(frozen=True)
class CommonTotal(Constraint):
    r"""Scale nothing, shift maps so that they add up to the same at each position.

    So it is in a specimen of even thickness, or where each pattern was normalised.

    Parameters
    ----------
    total : float, optional
        What maps add up to, above 0: counts of a pattern. Default: the mean over
        positions of what they add up to.

    Raises
    ------
    ValueError
        If `total` is not above 0.

    Notes
    -----
    The nearest non-negative maps, position by position (projection on a simplex; Duchi
    et al., ICML 2008, 272):

    .. math:: h_{kx} \leftarrow \max(h_{kx} - \theta_x, 0), \quad
        \theta_x \text{ such that } \sum_k h_{kx} = t
    """

    total: float | None = None

    is_exact = True

    def __post_init__(self) -> None:
        if self.total is not None and not 0 < self.total < np.inf:
            raise ValueError(f"total must be a number above 0, got {self.total!r}.")

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the positions that take part."""
        return self._on_simplex

    def _on_simplex(self, values: np.ndarray) -> np.ndarray:
        maps = values.astype(np.float64)
        total = maps.sum(axis=0).mean() if self.total is None else self.total
        if not total > 0:
            return values
        ordered = -np.sort(-maps, axis=0)
        counts = np.arange(1, len(maps) + 1)[:, np.newaxis]
        shifts = (np.cumsum(ordered, axis=0) - total) / counts
        last = np.count_nonzero(ordered > shifts, axis=0) - 1
        shift = np.take_along_axis(shifts, np.maximum(last, 0)[np.newaxis], axis=0)
        return np.maximum(maps - shift, 0).astype(values.dtype)
