"""Pixels that flicker, and cosmic rays: counts that no specimen has."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from hspy_cnmf.patterns.hot_pixels import towering

#: Largest number of values that are looked at, for all that are suspected.
_MOST_VALUES = 5e7

#: Share of what flashes up in a pixel that other pixels, or the same pixel at the
#: positions beside, may have of it: crystals have more spots, and more positions.
_SHARED = 0.1

#: Share of the events of a pixel that are those of another spot of the same crystal.
_TOGETHER = 0.5

#: Share of its largest value that a pixel exceeds in an event.
_EVENT = 0.5


def most_suspicious(maxima: np.ndarray, gain: float, n_values: int) -> np.ndarray:
    """Return the pixels that at some position exceed all around them.

    Parameters
    ----------
    maxima : numpy.ndarray, shape (rows, columns)
        Largest value of each pixel over all positions; NaN where masked.
    gain : float
        What one electron counts.
    n_values : int
        Number of values that have to be looked at for each.

    Returns
    -------
    numpy.ndarray of int, shape (n, 2)
        Rows and columns: those with the largest values, if they are too many.

    Notes
    -----
    A diffraction spot exceeds its neighbours less, whatever its intensity, unless it
    is narrower than a pixel; see `hspy_cnmf.patterns.bad_pixels`.
    """
    if not np.nanmax(maxima, initial=0) > 0:
        return np.empty((0, 2), int)
    suspects = np.argwhere(towering(maxima, np.isfinite(maxima), gain))
    brightest = np.argsort(-maxima[tuple(suspects.T)], kind="stable")
    return suspects[brightest[: int(_MOST_VALUES // n_values)]]


def weights_of_events(times: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return weights of positions that tell what is new where pixels flash up.

    Parameters
    ----------
    times : numpy.ndarray, shape (n, n_positions)
        Values of some pixels at the positions that take part.
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
    suspects: np.ndarray,
    change: np.ndarray,
    times: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Tell pixels that flicker from crystals of few positions with sharp spots.

    Parameters
    ----------
    suspects : numpy.ndarray of int, shape (n, 2)
        Rows and columns.
    change : numpy.ndarray, shape (n, rows, columns)
        What is new in patterns where each flashes up, summed with `weights`.
    times, weights : numpy.ndarray, shape (n, n_positions)
        See `weights_of_events`.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        Nothing else changes with them, neither in the pattern nor in the scan. Other
        suspects do not count if they flash up at other positions mostly.
    """
    rows, columns = suspects.T
    own = change[np.arange(len(suspects)), rows, columns]
    others = np.abs(np.nan_to_num(change))
    events = (weights > 0).astype(np.float32)
    together = events @ events.T >= _TOGETHER * events.sum(axis=1)[:, np.newaxis]
    np.fill_diagonal(together, False)
    others[:, rows, columns] *= together
    most = others.reshape(len(suspects), -1).max(axis=1)
    beside = -np.einsum("ij,ij->i", np.minimum(weights, 0), times) - _at_rest(times)
    return (own > 0) & (most < _SHARED * own) & (beside < _SHARED * (own + beside))


def _at_rest(times: np.ndarray) -> np.ndarray:
    """Return the means of values over positions that are no events, shape (n,)."""
    rest = times <= _EVENT * times.max(axis=1, keepdims=True)
    return (times * rest).sum(axis=1) / np.maximum(rest.sum(axis=1), 1)
