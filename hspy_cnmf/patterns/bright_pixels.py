"""Whether few bright pixels decide everything, as a direct beam does."""

from __future__ import annotations

import numpy as np

#: Pixels are dark against one that is brighter by this, and this share of them at the
#: least; together they hold this share of the squares at the most.
_DARKER, _MOST, _HELD = 10, 0.9, 0.2


def bright_pixels_hide(mean_pattern: np.ndarray) -> bool:
    r"""Whether few bright pixels hide what the others tell, where all weigh the same.

    Parameters
    ----------
    mean_pattern : numpy.ndarray, shape (n_pixels,)
        Mean of the pixels that take part.

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
    dark = mean < mean.max(initial=0) / _DARKER
    if not dark.any() or np.count_nonzero(dark) < _MOST * mean.size:
        return False
    squares = np.square(mean - np.median(mean[dark]))
    return bool(squares[dark].sum() <= _HELD * squares.sum())
