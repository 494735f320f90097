"""How far off spots are that a program, or a coarse detector, puts on whole pixels."""

from __future__ import annotations

import numpy as np

#: Part of the patterns whose spots are on whole pixels, before any spot is looked at.
_PATTERNS = 0.05

#: Part of the spots of such a pattern that are elsewhere, as where they overlap.
_ELSEWHERE = 0.2

#: Standard deviation of a place that is rounded to whole pixels.
_ROUNDED = 1 / np.sqrt(12)

#: Pixels to either side that a place with a large error may have been rounded to.
_NEIGHBOURS = np.arange(-3, 4)


def rounding_error(places: np.ndarray, errors: np.ndarray) -> float:
    r"""Return the error of places that are rounded, in pixels, along rows and columns.

    Parameters
    ----------
    places : numpy.ndarray, shape (n_spots, 2)
        In pixels.
    errors : numpy.ndarray, shape (n_spots,)
        Standard deviations from noise.

    Returns
    -------
    float
        :math:`1 / \sqrt{12}` where spots surely are on whole pixels, 0 where they
        surely are not, and in between where noise hides it.

    Notes
    -----
    Places that are not rounded lie anywhere between pixels. Those that are have a
    density :math:`p_i = \epsilon + (1 - \epsilon) \sum_k N(x_i; k, \sigma_i)` over
    whole pixels :math:`k`. Opposite spots are rounded alike, so that two are counted
    as one: the odds are :math:`\prod_i p_i^{1/2}`, times those of such patterns.
    """
    # Beyond a pixel all is even.
    sigma = np.minimum(errors, 1.0)[:, np.newaxis]
    off = (places - np.rint(places))[..., np.newaxis] - _NEIGHBOURS
    near = np.exp(-((off / sigma[..., np.newaxis]) ** 2) / 2).sum(axis=-1)
    near /= np.sqrt(2 * np.pi) * sigma
    evidence = np.log(_ELSEWHERE + (1 - _ELSEWHERE) * near).sum() / 2
    odds = _PATTERNS / (1 - _PATTERNS) * np.exp(np.clip(evidence, -50, 50))
    return float(_ROUNDED * np.sqrt(odds / (1 + odds)))
