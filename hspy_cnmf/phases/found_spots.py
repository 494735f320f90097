"""Spots of groups: as wide as the beam, and where the data have those that are shared.

Crystals that lie parallel have spots less than a pixel apart. Each factor can give a
part of such a spot to another one, and what is left of it lies on the far side.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from hspy_cnmf.patterns.spots import FWHM, WIDTHS
from hspy_cnmf.phases.spot_pattern import HIDDEN

#: Spots narrower than this part of the width that most of the intensity is in are none.
_NARROWEST = 0.5

#: Part of a shared spot that is a group's own where it is mostly so.
_MOSTLY = 0.5


def of_one_width(
    patterns: np.ndarray, find: Callable[..., list[np.ndarray]]
) -> tuple[list[np.ndarray], Callable[..., list[np.ndarray]]]:
    """Return the spots of patterns, and what finds such spots in others.

    All spots of a scan are as wide as the beam, or wider. What is much narrower than
    most of what is in spots is noise: few electrons make heaps within a wide spot.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n, *pattern_shape)
        NaN where masked.
    find : callable
        Returns the spots of each of some patterns, dtype `SPOT`, with the limits of
        widths as `width`; see `hspy_cnmf.patterns.spots.find_spots`.
    """
    found = find(patterns)
    spots = np.sort(np.concatenate(found), order="width")
    if not len(spots):
        return found, find
    intensity = np.cumsum(spots["intensity"])
    typical = spots["width"][np.searchsorted(intensity, intensity[-1] / 2)]
    if spots["width"][0] < _NARROWEST * typical:
        find = partial(find, width=(FWHM * _NARROWEST * typical, WIDTHS[1]))
        found = find(patterns)
    return found, find


def mean_where_group_is(
    maps: np.ndarray, factors: np.ndarray, members: np.ndarray
) -> tuple[np.ndarray, float]:
    r"""Return the model's mean pattern over the positions of some of its components.

    Parameters
    ----------
    maps : numpy.ndarray, shape (n, n_positions)
        Of all components.
    factors : numpy.ndarray, shape (n, rows, columns)
        NaN where masked.
    members : numpy.ndarray of int
        Components of the group.

    Returns
    -------
    pattern : numpy.ndarray, shape (rows, columns)
        Up to a factor, NaN where masked.
    own : float
        Sum of what in it is of the members themselves.

    Notes
    -----
    Factors :math:`w_k` and maps :math:`h_k` leave open how spots are shared, but not
    their sum :math:`\sum_k w_k \langle h_a, h_k \rangle` over positions of group `a`.
    """
    weights = maps[members].sum(axis=0) @ maps.T
    pattern = np.tensordot(weights, np.nan_to_num(factors), 1)
    own = np.nansum(np.tensordot(weights[members], factors[members], 1))
    return np.where(np.isnan(factors).all(axis=0), np.nan, pattern), float(own)


def at_shared_places(
    spots: np.ndarray, there: np.ndarray, brightness: float
) -> np.ndarray:
    """Return spots of a group with shared ones at the places that they share.

    Parameters
    ----------
    spots : numpy.ndarray, dtype `SPOT`
        Of the group.
    there : numpy.ndarray, dtype `SPOT`
        Of the mean pattern where the group is.
    brightness : float
        How much larger intensities of the group are in the latter.

    Notes
    -----
    A spot that was elsewhere counts with an error as large as its distance, as it
    cannot be told how much of the sum is the group's own. Where less than half of it
    is, it is left where it was found, which is further out than where it belongs. So is
    one that is further from that of the sum than it is wide, but too near to be told
    apart: what a brighter crystal took from it leaves but the far side.
    """
    if not len(there):
        return spots
    spots = spots.copy()
    apart = np.hypot(
        spots["row"][:, np.newaxis] - there["row"],
        spots["column"][:, np.newaxis] - there["column"],
    )
    nearest, move = there[apart.argmin(axis=1)], apart.min(axis=1)
    merged = move < HIDDEN * np.maximum(spots["width"], 1)
    spots["radius_error"][merged] = np.hypot(spots["radius_error"], move)[merged]
    near = move < np.maximum(spots["width"], 1)
    near &= brightness * spots["intensity"] > _MOSTLY * nearest["intensity"]
    for name in ("row", "column", "radius", "azimuth"):
        spots[name][near] = nearest[name][near]
    return spots
