"""Pixels that flicker, and cosmic rays: counts that no specimen has."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from hspy_cnmf.patterns.hot_pixels import (
    SHARPEST_SPOT,
    SIGNIFICANCE,
    at_most,
    towering,
    towering_blocks,
)

#: Largest number of values that are looked at, for all that are suspected.
_MOST_VALUES = 5e7

#: Largest share of the pixels that may be left out for what is at few positions.
_MOST_PIXELS = 0.15

#: Share of what flashes up in a pixel that other pixels, or the same pixel at the
#: positions beside, may have of it: crystals have more spots, and more positions.
_SHARED = 0.1

#: Share of the events of a pixel that are those of another spot of the same crystal.
_TOGETHER = 0.5

#: Share of its largest value that a pixel exceeds in an event.
_EVENT = 0.5

#: Levels at which that is looked at, in what flashes up.
_LEVELS = _SHARED, 0.2, 0.4

#: Flashes are together by chance if so many such cases are expected.
_BY_CHANCE = 0.05

#: How far pixels side by side are apart, at most.
_BESIDE = 1.5


def most_suspicious(told: np.ndarray, n_positions: int, gain: float) -> np.ndarray:
    """Return the pixels that at some position exceed all around them, or all others.

    Parameters
    ----------
    told : numpy.ndarray, shape (3, rows, columns)
        Largest value of each pixel over all positions, sum of its values, and of their
        squares; NaN where masked.
    n_positions : int
    gain : float
        What one electron counts.

    Returns
    -------
    numpy.ndarray of int, shape (n, 2)
        Rows and columns: those with the largest values, if they are too many.

    Notes
    -----
    A diffraction spot exceeds its neighbours less, whatever its intensity, unless it
    is narrower than a pixel; see `hspy_cnmf.patterns.bad_pixels`. What a cosmic ray
    leaves may be as wide as a spot. It is at one position, though, where the pixel
    then has more than at all others together.
    """
    maxima = told[0]
    if not np.nanmax(maxima, initial=0) > 0:
        return np.empty((0, 2), int)
    known = np.isfinite(maxima)
    n_known = int(np.count_nonzero(known))
    # The largest values of many have by chance what there is to have.
    suspicious = towering(maxima, known, gain, 0)
    suspicious |= towering_blocks(maxima, known, gain, SHARPEST_SPOT, 0)
    suspicious |= known & _once(np.where(known, told, 0), n_positions, gain)
    suspects = np.argwhere(suspicious)
    brightest = np.argsort(-maxima[tuple(suspects.T)], kind="stable")
    n_most = min(_MOST_VALUES / (n_positions + n_known), _MOST_PIXELS * n_known)
    return suspects[brightest[: int(n_most)]]


def _once(told: np.ndarray, n_positions: int, gain: float) -> np.ndarray:
    """Return which pixels have more at one position than at all others together.

    What they have there is no chance. Squares are compared, those of the others without
    what counts scatter by: less is harmless, as within the direct beam.
    """
    maxima, sums, square_sums = told
    n_others = n_positions - 1
    mean = (sums - maxima) / n_others
    squares = square_sums - maxima**2 - n_others * gain * mean
    excess = maxima - mean
    return (
        (excess**2 > np.maximum(squares, 0))
        & (maxima > at_most(mean, gain))
        & (excess > SIGNIFICANCE * np.sqrt(gain * np.maximum(mean, gain)))
    )


def flashes(suspects: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return which pixels flash up as one.

    Parameters
    ----------
    suspects : numpy.ndarray of int, shape (n, 2)
        Rows and columns.
    times : numpy.ndarray, shape (n, n_positions)
        Their values.

    Returns
    -------
    numpy.ndarray of int, shape (n,)
        Number of the flash: pixels side by side, most of whose events are the same.
    """
    n = len(suspects)
    events = times > _EVENT * times.max(axis=1, keepdims=True)
    first, second = cKDTree(suspects).query_pairs(_BESIDE, output_type="ndarray").T
    n_both = np.count_nonzero(events[first] & events[second], axis=1)
    n_either = np.count_nonzero(events[first] | events[second], axis=1)
    same = n_both > _TOGETHER * n_either
    pairs = coo_array((same[same], (first[same], second[same])), shape=(n, n))
    return connected_components(pairs, directed=False)[1]


def weights_of_events(times: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return weights of positions that tell what is new where pixels flash up.

    Parameters
    ----------
    times : numpy.ndarray, shape (n, n_positions)
        Values of some pixels, or sums of some, at the positions that take part.
    keep : numpy.ndarray of bool
        Positions that take part, as a map.

    Returns
    -------
    numpy.ndarray, shape (n, n_positions)
        The mean over positions in which a pixel has more than half of its largest
        value, less the mean over the positions beside. Zero where there are none.
    """
    weights = np.zeros(times.shape)
    around = np.ones((3,) * keep.ndim, bool)
    for weight, values in zip(weights, times, strict=True):
        event = np.zeros(keep.shape, bool)
        event[keep] = values > _EVENT * values.max()
        beside = ndimage.binary_dilation(event, around) & ~event & keep
        if beside.any():
            weight[:] = (event / event.sum() - beside / beside.sum())[keep]
    return weights


def tell_flicker(
    flash: np.ndarray,
    suspects: np.ndarray,
    change: np.ndarray,
    times: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Tell pixels that flicker from crystals of few positions with sharp spots.

    Parameters
    ----------
    flash : numpy.ndarray of int, shape (n_suspects,)
        See `flashes`.
    suspects : numpy.ndarray of int, shape (n_suspects, 2)
        Rows and columns.
    change : numpy.ndarray, shape (n, rows, columns)
        What is new in patterns at each flash, summed with `weights`.
    times, weights : numpy.ndarray, shape (n, n_positions)
        Sums of the values of its pixels; see `weights_of_events`.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        Nothing else changes with them, neither in the pattern nor in the scan. Other
        suspects do not count if they flash up at other positions mostly, and neither
        do as many at the same as there are by chance.
    """
    events = (weights > 0).astype(np.float32)
    together = events @ events.T >= _TOGETHER * events.sum(axis=1)[:, np.newaxis]
    # The last column is of pixels that are no suspects, whose label is -1.
    together = np.pad(together, ((0, 0), (0, 1)))
    as_often = together & np.pad(together[:, :-1].T, ((0, 0), (0, 1)))
    label = np.full(change.shape[1:], -1)
    label[tuple(suspects.T)] = flash
    n_places = np.empty(len(change), int)
    for k, new in enumerate(change):
        others = (label >= 0) & ~together[k][label]
        new = np.abs(np.where(others, 0, np.nan_to_num(new)))
        is_dim = new[label == k].max() <= _SHARED * new.max()
        n_places[k] = 0 if is_dim else _count_places(new, as_often[k][label])
    rest = _at_rest(times)
    beside = -np.einsum("ij,ij->i", np.minimum(weights, 0), times) - rest
    at_events = np.einsum("ij,ij->i", np.maximum(weights, 0), times) - rest
    is_short = beside < _SHARED * at_events
    n_flashes = int(np.count_nonzero(is_short & (n_places == 1)))
    most = _most_together(n_flashes, times.shape[1])
    return is_short & (n_places > 0) & (n_places <= most)


def _count_places(change: np.ndarray, own: np.ndarray) -> int:
    """Return in how many places a pattern changes, 0 if not in suspects alone.

    At all levels that tell there are as many: where skirts of spots meet, they are
    parted at a higher one.
    """
    most, counted = change.max(), set()
    for level in _LEVELS:
        label, n_places = ndimage.label(change > level * most, np.ones((3, 3)))
        if len(np.unique(label[own & (label > 0)])) < n_places:
            return 0
        counted.add(n_places)
    return counted.pop() if len(counted) == 1 else 0


def _most_together(n_flashes: int, n_positions: int) -> int:
    """Return how many of so many flashes are at one position, as likely as not much.

    Of :math:`n` flashes at :math:`N` positions, :math:`N (n / N)^m / m!` times
    :math:`m` are together.
    """
    most, expected = 1, float(n_flashes)
    while (more := expected * n_flashes / n_positions / (most + 1)) > _BY_CHANCE:
        most, expected = most + 1, more
    return most


def _at_rest(times: np.ndarray) -> np.ndarray:
    """Return the means of values over positions that are no events, shape (n,)."""
    rest = times <= _EVENT * times.max(axis=1, keepdims=True)
    return (times * rest).sum(axis=1) / np.maximum(rest.sum(axis=1), 1)
