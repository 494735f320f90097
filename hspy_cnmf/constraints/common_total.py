"""Maps that add up to the same at each position."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hspy_cnmf.constraints.base import Constraint


@dataclass(frozen=True)
class CommonTotal(Constraint):
    r"""Scale maps so that they add up to the same at each position.

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
    .. math:: h_{kx} \leftarrow h_{kx} \, t / \sum_j h_{jx}

    Proportions stay. The nearest maps of that total would be shifted by the same
    amount instead, which puts the noise of a strong map into all faint ones. Where all
    maps are zero, each gets the same.
    """

    total: float | None = None

    is_exact = True
    only_as = "loading_constraint"

    def __post_init__(self) -> None:
        if self.total is not None and not 0 < self.total < np.inf:
            raise ValueError(f"total must be a number above 0, got {self.total!r}.")

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the positions that take part."""
        return self._scaled

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        sums = values.sum(axis=0, dtype=np.float64)
        total = sums.mean() if self.total is None else self.total
        # Where sums are nearly nothing, the quotient would overflow.
        is_empty = sums <= 1e-12 * total
        scale = total / np.where(is_empty, 1, sums)
        scaled = np.where(is_empty, total / len(values), values * scale)
        return scaled.astype(values.dtype)
