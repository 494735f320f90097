"""Patterns that move far over a scan, moved back by whole cells."""

import numpy as np
from scipy import ndimage

from hspy_cnmf.domains.reduction import as_images
from hspy_cnmf.patterns.descan import cells_of_scan, measure_descan

#: Cells by which patterns move over a scan, from which on they are moved back: less is
#: explained by the shift that every position has of its own.
_FAR = 2.0


def center(patterns: np.ndarray, keep: np.ndarray, cells: np.ndarray) -> None:
    """Move reduced patterns back by as many whole cells as descan moves them, in place.

    Cells that not all patterns have then are set to 0 everywhere. Counts stay counts:
    what is left, half a cell at most, is for nuisances to explain.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n_positions, n_cells)
    keep : numpy.ndarray of bool
        Their positions in the scan.
    cells : numpy.ndarray of bool, shape (rows, columns)
        Their cells in a pattern.
    """
    shifts = _shifts(patterns, keep, cells)
    seen = cells.copy()
    for shift in np.unique(shifts[shifts.any(axis=1)], axis=0):
        own = (shifts == shift).all(axis=1)
        images = as_images(patterns[own], cells)
        patterns[own] = ndimage.shift(images, (0, *-shift), order=0)[:, cells]
        seen &= ndimage.shift(cells.astype(np.int8), -shift, order=0) > 0
    patterns[:, ~seen[cells]] = 0


def _shifts(patterns: np.ndarray, keep: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return rows and columns by which patterns are moved, whole cells, (n, 2)."""
    label, places = cells_of_scan(keep)
    means = [patterns[label == k].mean(axis=0) for k in range(len(places))]
    images = np.where(cells, as_images(np.array(means), cells), np.nan)
    rows, columns = cells.shape
    descan = measure_descan(images, places, ((rows - 1) / 2, (columns - 1) / 2))
    if descan is None or not descan.is_significant or descan.movement < _FAR:
        return np.zeros((len(patterns), 2), int)
    along = (np.argwhere(keep) + 0.5) / keep.shape - 0.5
    return np.rint(along @ descan.slopes).astype(int)
