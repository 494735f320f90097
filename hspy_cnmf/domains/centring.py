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

    Patterns are (n_positions, n_cells), of the positions of a scan that are kept, and
    of these cells, (rows, columns). They are moved only if that makes their mean
    sharper: where crystals are bent, one side of all patterns is brighter here and the
    other one there, as if they had moved. Cells that not all patterns have then are set
    to 0 everywhere. Counts stay counts: what is left, half a cell at most, is for
    nuisances to explain.
    """
    shifts = _shifts(patterns, keep, cells)
    if not shifts.any():
        return
    groups = [(s, (shifts == s).all(axis=1)) for s in np.unique(shifts, axis=0)]
    own_cells = cells[np.newaxis].astype(np.int8)
    seen = cells & np.all([_moved_back(own_cells, s)[0] for s, _ in groups], axis=0)
    sums = [as_images(patterns[own].sum(axis=0)[None], cells) for _, own in groups]
    back = [_moved_back(one, s) for one, (s, _) in zip(sums, groups, strict=True)]
    before, after = (np.sum(images, axis=0)[0][seen] for images in (sums, back))
    if _sharpness(after) <= _sharpness(before):
        return
    for shift, own in groups:
        patterns[own] = _moved_back(as_images(patterns[own], cells), shift)[:, cells]
    patterns[:, ~seen[cells]] = 0


def _moved_back(images: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return images, (n, rows, columns), moved back by so many whole cells."""
    return ndimage.shift(images, (0, *-shift), order=0)


def _sharpness(pattern: np.ndarray) -> float:
    """Return the sum of the squares of the shares of a pattern's cells."""
    return float((pattern**2).sum() / max(pattern.sum() ** 2, 1e-30))


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
