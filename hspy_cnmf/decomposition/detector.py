"""Detector of a scan: its bad pixels, and how far patterns move over it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hspy_cnmf.constraints.base import expand
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.patterns.bad_pixels import (
    BadPixels,
    find_bad_pixels,
)
from hspy_cnmf.patterns.descan import Descan, cells_of_scan, measure_descan
from hspy_cnmf.patterns.flicker import (
    most_suspicious,
    tell_flicker,
    weights_of_events,
)
from hspy_cnmf.patterns.hot_pixels import tell_hot_pixels

#: Positions from which on the variance of a pixel tells that it is hot.
_FEWEST_POSITIONS = 32

#: Pixels from which on a pattern is an image, in which spots are wider than a pixel.
_FEWEST_PIXELS = 256


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


def find_flicker(
    operator: StreamedOperator, found: BadPixels, inspection: Inspection
) -> BadPixels:
    """Return bad pixels with those that have far too many counts now and then.

    Parameters
    ----------
    operator : StreamedOperator
        The data without the pixels that are known to be bad. They are read twice if
        there is a pixel to be suspected, otherwise not.
    found : BadPixels
        What is known.
    inspection : Inspection
        What the reading told, those pixels included.

    Returns
    -------
    BadPixels
    """
    keep_positions, keep = operator.keep_positions, operator.keep_pixels
    n_blank = inspection.pixel_blanks[(~found.all)[keep | found.all]].sum()
    if keep.ndim != 2 or keep.size < _FEWEST_PIXELS:
        return found
    if operator.shape[0] < _FEWEST_POSITIONS or n_blank:
        return found
    maxima = np.full(keep.shape, np.nan)
    maxima[keep] = inspection.pixel_maxima[keep[keep | found.all]]
    suspects = most_suspicious(maxima, found.gain, sum(operator.shape))
    if not len(suspects):
        return found
    alone = np.zeros((len(suspects), *keep.shape), operator.dtype)
    rows, columns = suspects.T
    alone[np.arange(len(suspects)), rows, columns] = 1
    times = operator.images(alone[:, keep])
    weights = weights_of_events(times, keep_positions)
    change = expand(operator.patterns(weights), keep)
    flickers = tell_flicker(suspects, change, times, weights)
    flickering = np.zeros(keep.shape, bool)
    flickering[tuple(suspects[flickers].T)] = True
    return replace(found, flickering=flickering)


def measure_movement(
    operator: LowRankOperator | StreamedOperator,
    scales: Scales,
    keep_positions: np.ndarray,
    keep_pixels: np.ndarray,
    center: tuple[float, float],
) -> Descan | None:
    """Measure how far patterns move over a scan, from their means on a coarse grid.

    Parameters
    ----------
    operator : LowRankOperator or StreamedOperator
        The data, divided by `scales`; one product.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels were divided by.
    keep_positions, keep_pixels : numpy.ndarray of bool
        What takes part.
    center : tuple of float
        Row and column of the centre of the mean pattern, in pixels.

    Returns
    -------
    Descan or None
        None where there are too few positions, or nothing that tells.
    """
    cells, places = cells_of_scan(keep_positions)
    position_scale, pixel_scale = scales
    scale = np.ones(len(cells)) if position_scale is None else position_scale
    weights = scale / np.bincount(cells)[cells]
    patterns = _patterns_of_cells(operator, cells, weights)
    if pixel_scale is not None:
        patterns = patterns * pixel_scale
    return measure_descan(expand(patterns, keep_pixels), places, center)


def _patterns_of_cells(
    operator: LowRankOperator | StreamedOperator, cells: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return patterns summed with weights over each cell, (n_cells, n_pixels)."""
    if isinstance(operator, LowRankOperator):
        images = operator.basis_images
        sums = np.stack([np.bincount(cells, image * weights) for image in images])
        return sums.T.astype(operator.dtype) @ operator.basis_patterns
    loadings = np.zeros((cells.max() + 1, len(cells)), operator.dtype)
    loadings[cells, np.arange(len(cells))] = weights
    return operator.patterns(loadings)
