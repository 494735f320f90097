"""What positions and pixels are divided by, so that their noise is alike."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np

from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.streamed import Scales

#: All values weigh the same; those of a position and of a pixel by the counts of both
#: (Poisson noise is normalised).
Weights: TypeAlias = Literal["equal", "normalised"]

WEIGHTS: tuple[Weights, ...] = get_args(Weights)


def noise_scales(inspection: Inspection, weights: Weights) -> Scales:
    """Return the square roots of the counts at each position and in each pixel.

    Their product is the standard deviation of Poisson counts, but for a constant
    (Keenan & Kotula 2004). Where nothing was counted they say nothing of the noise:
    the median of the others is taken, so that a blank frame, or a pixel that has none,
    does not weigh more than all the rest.

    Parameters
    ----------
    inspection : Inspection
        Counts at each position and in each pixel.
    weights : {"equal", "normalised"}

    Returns
    -------
    tuple of (numpy.ndarray or None)
        Of positions and of pixels, None for those that weigh the same.
    """
    if weights == "equal":
        return None, None
    return _noise_scale(inspection.position_sums), _noise_scale(inspection.pixel_sums)


def _noise_scale(sums: np.ndarray) -> np.ndarray:
    counted = sums > 0
    typical = np.median(sums[counted]) if counted.any() else 1.0
    return np.sqrt(np.where(counted, sums, typical))
