"""Quantiles of values that are sorted by a label, such as those of a ring."""

from __future__ import annotations

import numpy as np


def label_quantiles(
    values: np.ndarray, label: np.ndarray, n: int, parts: int
) -> np.ndarray:
    """Return the value below which one of so many parts of each label's values lies.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_values,)
    label : numpy.ndarray of int, shape (n_values,)
        From 0 on.
    n : int
        Number of labels.
    parts : int
        2 for the median, 4 for the lower quartile; the lower one of two values.

    Returns
    -------
    numpy.ndarray, shape (n,)
        NaN for labels without values.
    """
    count = np.bincount(label, minlength=n)
    in_order = values[np.lexsort((values, label))]
    place = np.cumsum(count) - count + np.maximum(count - 1, 0) // parts
    quantiles = np.full(n, np.nan)
    quantiles[count > 0] = in_order[place[count > 0]]
    return quantiles
