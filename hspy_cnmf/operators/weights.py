"""What positions and pixels are divided by, so that their noise is alike."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np

from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.streamed import Scales

#: All values weigh the same; those of a position by its counts; those of a position and
#: of a pixel by the counts of both (Poisson noise is normalised).
Weights: TypeAlias = Literal["equal", "by position", "normalised"]

WEIGHTS: tuple[Weights, ...] = get_args(Weights)

#: Positions with less than this share of the mean counts are taken for vacuum, and
#: weigh as if they had it.
_LEAST = 0.05


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
    weights : {"equal", "by position", "normalised"}

    Returns
    -------
    tuple of (numpy.ndarray or None)
        Of positions and of pixels, None for those that weigh the same.
    """
    rows, columns = inspection.position_sums, inspection.pixel_sums
    if weights == "normalised":
        return _noise_scale(rows), _noise_scale(columns)
    if weights == "by position":
        some = np.maximum(rows, few_counts(rows))
        return _noise_scale(np.where(rows > 0, some, 0)), None
    return None, None


def few_counts(position_sums: np.ndarray) -> float:
    """Return the counts below which a position is one of vacuum.

    It holds nothing that is to be found, and its counts are not to weigh as much as
    patterns do.
    """
    return _LEAST * float(position_sums.mean())


def _noise_scale(sums: np.ndarray) -> np.ndarray:
    counted = sums > 0
    typical = np.median(sums[counted]) if counted.any() else 1.0
    return np.sqrt(np.where(counted, sums, typical))
