"""Detector of a scan: its bad pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np

from hspy_cnmf.constraints.base import expand
from hspy_cnmf.operators import SeriesOperator, StreamedOperator
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.open_span import OpenSpan
from hspy_cnmf.patterns.bad_pixels import (
    BadPixels,
    find_bad_pixels,
)
from hspy_cnmf.patterns.flicker import (
    flashes,
    most_suspicious,
    tell_flicker,
    weights_of_events,
)
from hspy_cnmf.patterns.hot_pixels import tell_hot_pixels

_Operator = TypeVar("_Operator", StreamedOperator, SeriesOperator)

#: Positions from which on the variance of a pixel tells that it is hot.
_FEWEST_POSITIONS = 32

#: Pixels from which on a pattern is an image, in which spots are wider than a pixel.
_FEWEST_PIXELS = 256

#: Pixels that a few positions may make look bad: each takes part in the first reading
#: as another random pattern would.
_MOST_SUSPECTS = 32


def bad_pixels_of(
    inspection: Inspection, keep_pixels: np.ndarray, n_positions: int
) -> BadPixels:
    """Return the bad pixels that a reading of a scan tells.

    Parameters
    ----------
    inspection : Inspection
        What the reading told.
    keep_pixels : numpy.ndarray of bool
        Pixels that took part, of patterns of any number of dimensions.
    n_positions : int

    Returns
    -------
    BadPixels
        None in patterns of other than two dimensions. Pixels without a number at any
        position are dead.
    """
    if keep_pixels.ndim != 2:
        return BadPixels.of_nothing(keep_pixels.shape)
    blank = np.zeros(keep_pixels.shape, bool)
    blank[keep_pixels] = inspection.pixel_blanks == n_positions
    known = np.stack([inspection.pixel_sums, inspection.pixel_square_sums])
    sums, squares = expand(known, keep_pixels)
    sums[blank] = np.nan
    found = find_bad_pixels(sums, squares, n_positions)
    return replace(found, dead=found.dead | blank)


def confirm_hot_pixels(
    found: BadPixels, inspection: Inspection, keep: np.ndarray, n_positions: int
) -> BadPixels:
    """Return bad pixels without those that only hold a sharp spot.

    Parameters
    ----------
    found : BadPixels
        What the sums tell.
    inspection : Inspection
        What the reading told.
    keep : numpy.ndarray of bool
        Pixels that took part.
    n_positions : int

    Returns
    -------
    BadPixels
    """
    if n_positions < _FEWEST_POSITIONS or not found.hot.any():
        return replace(found, hot=np.zeros(keep.shape, bool))
    told = np.stack([inspection.pixel_sums, inspection.pixel_square_sums])
    suspicious, good = found.hot[keep], ~found.all[keep]
    hot = np.zeros(keep.shape, bool)
    hot[found.hot] = tell_hot_pixels(
        told[:, suspicious], told[:, good], n_positions, found.gain
    )
    return replace(found, hot=hot)


def suspected_pixels(operator: _Operator) -> np.ndarray:
    """Return pixels that a few positions make look hot or stuck.

    Parameters
    ----------
    operator : StreamedOperator or SeriesOperator
        The data, of which a few chunks are read, or a few patterns in memory.

    Returns
    -------
    numpy.ndarray of int, shape (n,)
        Among the pixels that take part, those with the most counts if there are too
        many; none where patterns are no images.
    """
    nothing, keep = np.empty(0, int), operator.keep_pixels
    few = operator.few_positions
    n_few, n_positions = int(np.count_nonzero(few)), operator.shape[0]
    if keep.ndim != 2 or not n_few:
        return nothing
    told, _ = taking_part(operator, few, keep).silent().inspect()
    sums, squares = told.pixel_sums, told.pixel_square_sums
    # As many counts as there would be at all positions: few are no excuse here.
    times = max(n_positions // n_few, 1)
    sums_map, squares_map = expand(times * np.stack([sums, squares]), keep)
    found = find_bad_pixels(sums_map, squares_map, times * n_few)
    suspects = np.flatnonzero((found.hot | found.stuck)[keep])
    return suspects[np.argsort(-sums[suspects], kind="stable")[:_MOST_SUSPECTS]]


def find_flicker(
    operator: StreamedOperator | SeriesOperator,
    found: BadPixels,
    inspection: Inspection,
) -> tuple[BadPixels, OpenSpan | None]:
    """Return bad pixels with those that have far too many counts now and then.

    Parameters
    ----------
    operator : StreamedOperator or SeriesOperator
        The data without the pixels that are known to be bad. They are read twice if
        there is a pixel to be suspected, otherwise not.
    found : BadPixels
        What is known.
    inspection : Inspection
        What the reading told of the pixels that are left.

    Returns
    -------
    found : BadPixels
    told : OpenSpan or None
        What was read of those that are suspected.
    """
    keep_positions, keep = operator.keep_positions, operator.keep_pixels
    if keep.ndim != 2 or keep.size < _FEWEST_PIXELS:
        return found, None
    if operator.shape[0] < _FEWEST_POSITIONS or inspection.pixel_blanks.sum():
        return found, None
    read = inspection.pixel_maxima, inspection.pixel_sums, inspection.pixel_square_sums
    of_pixels = expand(np.stack(read), keep)
    suspects = most_suspicious(of_pixels, operator.shape[0], found.gain)
    if not len(suspects):
        return found, None
    numbers = np.full(keep.shape, -1)
    numbers[keep] = np.arange(operator.shape[1])
    nothing = np.empty((0, operator.shape[1]))
    told = OpenSpan.read(operator, nothing, numbers[tuple(suspects.T)])
    flash = flashes(suspects, told.values)
    times = np.zeros((flash.max() + 1, operator.shape[0]))
    np.add.at(times, flash, told.values)
    weights = weights_of_events(times, keep_positions)
    change = expand(operator.patterns(weights), keep)
    flickers = tell_flicker(flash, suspects, change, times, weights)
    flickering = np.zeros(keep.shape, bool)
    flickering[tuple(suspects[flickers[flash]].T)] = True
    return replace(found, flickering=flickering), told


def taking_part(
    operator: _Operator, keep_positions: np.ndarray, keep_pixels: np.ndarray
) -> _Operator:
    """Return the operator of fewer positions and pixels, filled in as it is."""
    smaller = operator.part(keep_positions, keep_pixels)
    loadings, factors = operator.fill
    if loadings is None or factors is None:
        return smaller
    positions = keep_positions[operator.keep_positions]
    pixels = keep_pixels[operator.keep_pixels]
    return smaller.filled(loadings[:, positions], factors[:, pixels])
