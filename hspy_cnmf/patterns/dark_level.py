"""Advice where a detector's dark level was not subtracted from patterns."""

from __future__ import annotations

import numpy as np

#: Share of the pixels that are dimmest, and what of the mean these have at the least
#: with a dark level. Without, they have less than half in patterns of any dose.
_DIMMEST, _OF_THE_MEAN = 0.01, 0.7


def dark_level_note(mean_pattern: np.ndarray, minimum: float) -> str:
    """Return what to do where all pixels share a level that is no electrons, or "".

    All patterns look alike then: the level is most of each.

    Parameters
    ----------
    mean_pattern : numpy.ndarray, shape (rows, columns)
        Mean of the scan, NaN where masked. Nothing is said of what is no image.
    minimum : float
        Lowest of all values.
    """
    values = mean_pattern[np.isfinite(mean_pattern)]
    if mean_pattern.ndim != 2 or not values.size or minimum <= 0:
        return ""
    level, mean = float(np.quantile(values, _DIMMEST)), float(values.mean())
    if level < _OF_THE_MEAN * mean:
        return ""
    return (
        f"The dimmest pixels hold {level:.4g}, nearly the mean of all ({mean:.4g}), "
        f"and no value is below {minimum:.4g}. If that is the detector's dark level, "
        f'subtract it, s.change_dtype("float32") and s - {level:.4g}, and decompose '
        'with negative="clip".'
    )
