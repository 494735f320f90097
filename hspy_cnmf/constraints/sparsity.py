"""Images that are zero in most places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import numpy as np

from hspy_cnmf.arguments import is_within
from hspy_cnmf.constraints.base import Constraint


@dataclass(frozen=True)
class Sparsity(Constraint):
    """Set what is far below the highest value of an image to zero.

    Other values stay as they are, so that counts are not biased, as they are where an
    L1 norm takes the same off all. Particles in maps, or spots in patterns.

    Parameters
    ----------
    fraction : float, default 0.05
        Values below this fraction of the highest of their image are zero; at least 0
        and below 1.

    Raises
    ------
    ValueError
        If `fraction` is out of range.
    """

    fraction: float = 0.05

    def __post_init__(self) -> None:
        if not is_within(self.fraction, Real, 0, 1, False) or self.fraction == 1:
            raise ValueError(
                f"fraction must be at least 0 and below 1, got {self.fraction!r}."
            )

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the pixels that take part."""

        def apply(values: np.ndarray) -> np.ndarray:
            limit = self.fraction * values.max(axis=1, keepdims=True, initial=0)
            return np.where(values >= limit, values, 0).astype(values.dtype)

        return apply
