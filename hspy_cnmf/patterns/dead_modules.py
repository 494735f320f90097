"""Dead modules of a detector: large regions without counts where their rings have."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from hspy_cnmf.constraints.rings import Rings, pixel_radii
from hspy_cnmf.patterns.center import estimate_center
from hspy_cnmf.patterns.label_quantiles import label_quantiles

#: Least width of a module, in pixels and as a share of the pattern.
_NARROWEST, _NARROWEST_SHARE = 4, 1 / 8

#: Least number of pixels, and share of a ring, that tell what the rest of it would be.
_FEWEST, _LEAST_SHARE = 8, 1 / 4


def expected_in_modules(
    sums: np.ndarray, known: np.ndarray, region: np.ndarray
) -> np.ndarray:
    """Return what regions without counts would have, as the rest of their rings.

    Parameters
    ----------
    sums : numpy.ndarray, shape (rows, columns)
        Counts in each pixel.
    known : numpy.ndarray of bool, shape (rows, columns)
        Which of them are to be looked at.
    region : numpy.ndarray of bool, shape (rows, columns)
        Those of them in regions without counts; see `solid`.

    Returns
    -------
    numpy.ndarray, shape (rows, columns)
        Lower quartile of the other pixels of the ring, which may be dark, too; NaN
        where too few of the ring are outside of the region. It is zero outside of the
        region, and everywhere if the centre is not to be told.
    """
    expected = np.zeros(sums.shape)
    if not region.any():
        return expected
    try:
        center = estimate_center(np.where(known & ~region, sums, np.nan))
    except ValueError:
        return expected
    rings = Rings.from_radii(pixel_radii(sums.shape, center)[known])
    told = ~region[known]
    label = rings.label[told]
    quartiles = label_quantiles(sums[known][told], label, rings.n_rings, 4)
    enough = np.maximum(_LEAST_SHARE * np.bincount(rings.label), _FEWEST)
    quartiles[np.bincount(label, minlength=rings.n_rings) < enough] = np.nan
    expected[known] = quartiles[rings.label]
    return np.where(region, expected, 0)


def solid(region: np.ndarray) -> np.ndarray:
    """Return a region without what is narrower than an eighth of the pattern."""
    width = max(_NARROWEST, int(_NARROWEST_SHARE * min(region.shape)))
    return ndimage.grey_opening(region, size=width, mode="constant", cval=0)
