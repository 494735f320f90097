"""Even maps with sharp edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.ndimage import distance_transform_edt

from hspy_cnmf.arguments import is_within
from hspy_cnmf.constraints.base import Constraint

#: Steps of the algorithm: it goes on in the next iteration of the factorisation.
_N_STEPS = 30


@dataclass(frozen=True)
class TotalVariation(Constraint):
    r"""Take noise off maps, and keep their edges.

    Parameters
    ----------
    weight : float, default 0.05
        How much a step costs, as a fraction of the highest value of the map; above 0.
        Structure of less contrast than a few times this is evened out.

    Raises
    ------
    ValueError
        If `weight` is not above 0.

    Notes
    -----
    .. math:: h \leftarrow \arg\min_u \tfrac12 \|u - h\|^2 + \lambda \sum_x |\nabla u|,
        \quad \lambda = \text{weight} \cdot \max h

    by Chambolle's algorithm (J. Math. Imaging Vis. 20, 89, 2004; scikit-image's),
    for any number of dimensions. Masked positions are as their nearest neighbour.
    """

    weight: float = 0.05

    def __post_init__(self) -> None:
        if not is_within(self.weight, Real, 0, np.inf, True):
            raise ValueError(f"weight must be a number above 0, got {self.weight!r}.")

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the positions that take part."""
        # Loaded when used: importing the package stays quick.
        from skimage.restoration import denoise_tv_chambolle

        nearest = distance_transform_edt(
            ~keep, return_distances=False, return_indices=True
        )
        number = np.zeros(keep.shape, int)
        number[keep] = np.arange(np.count_nonzero(keep))
        source = number[tuple(nearest)]

        def denoised(values: np.ndarray) -> np.ndarray:
            highest = values.max(initial=0)
            if not highest > 0:
                return values
            image = denoise_tv_chambolle(
                values[source] / highest, self.weight, max_num_iter=_N_STEPS
            )
            return np.maximum(image[keep] * highest, 0)

        def apply(values: np.ndarray) -> np.ndarray:
            return np.stack([denoised(v) for v in values]).astype(values.dtype)

        return apply
