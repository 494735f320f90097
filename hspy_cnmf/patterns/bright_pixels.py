"""Whether few bright pixels decide everything, as a direct beam does."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

#: Pixels are dark against one that is brighter by this, and this share of them at the
#: least; together they hold this share of the squares at the most.
_DARKER, _MOST, _HELD = 10, 0.9, 0.2


def bright_pixels_hide(mean_pattern: np.ndarray) -> bool:
    r"""Whether few bright pixels hide what the others tell, where all weigh the same.

    Parameters
    ----------
    mean_pattern : numpy.ndarray
        Mean of patterns or spectra, NaN where pixels take no part.

    Notes
    -----
    Least squares explain what is large: the noise of bright pixels, and their changes
    with thickness, current and shifts of the beam by a fraction of a pixel, which
    grow with their mean :math:`m_j`. Few are a tenth at most; they hide the others, of
    the median :math:`b`, if

    .. math::
        \sum_{m_j < m_\max / 10} (m_j - b)^2 \le 0.2 \sum_j (m_j - b)^2
    """
    mean = np.asarray(mean_pattern, dtype=float)
    mean = mean[~np.isnan(mean)]
    dark = mean < mean.max(initial=0) / _DARKER
    if not dark.any() or np.count_nonzero(dark) < _MOST * mean.size:
        return False
    squares = np.square(mean - np.median(mean[dark]))
    return bool(squares[dark].sum() <= _HELD * squares.sum())


def bright_pixels_are_spots(mean_pattern: np.ndarray) -> bool:
    """Whether bright pixels are in many places of an image, as spots of crystals are.

    Parameters
    ----------
    mean_pattern : numpy.ndarray, shape (rows, columns)
        As for `bright_pixels_hide`.

    Returns
    -------
    bool
        False where one patch of them holds more than half of the squares: a beam. Of
        spectra, and where nothing was counted, False.
    """
    mean = np.asarray(mean_pattern, dtype=float)
    highest = np.nanmax(mean, initial=0)
    if mean.ndim != 2 or not highest > 0:
        return False
    bright = mean >= highest / _DARKER
    dark = mean[mean < highest / _DARKER]
    level = np.median(dark) if dark.size else 0.0
    squares = np.where(bright, np.square(mean - level), 0)
    near = np.ones((3, 3), bool)
    # A dead row does not divide a beam.
    patch, n_patches = ndimage.label(ndimage.binary_dilation(bright, near), near)
    held = ndimage.sum(squares, patch, np.arange(1, n_patches + 1))
    return bool(held.max() <= squares.sum() / 2)
