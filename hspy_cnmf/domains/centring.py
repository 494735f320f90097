"""Patterns that move far over a scan, moved back by whole cells."""

import numpy as np
from scipy import ndimage

from hspy_cnmf.domains.reduction import as_images
from hspy_cnmf.patterns.descan import cells_of_scan, measure_descan

#: Cells by which patterns move over a scan, from which on they are moved back: less is
#: explained by the shift that every position has of its own.
_FAR = 2.0

#: Cells to each side of a direct beam that are looked at, part of a mean beam that
#: nearly all patterns have, and cells by which it jitters, from which on patterns are
#: moved back.
_REACH, _SEEN, _JITTER = 3, 1 / 3, 0.5

#: Part of all electrons that a beam has that is followed.
_BEAM = 0.1


def center(patterns: np.ndarray, keep: np.ndarray, cells: np.ndarray) -> None:
    """Move reduced patterns back by as many whole cells as descan moves them, in place.

    Patterns are (n_positions, n_cells), of the positions of a scan that are kept, and
    of these cells, (rows, columns). They are moved only if that makes their mean
    sharper: where crystals are bent, one side of all patterns is brighter here and the
    other one there, as if they had moved. Cells that not all patterns have then are set
    to 0 everywhere. Counts stay counts: what is left, half a cell at most, is for
    nuisances to explain.
    """
    for shifts in (_shifts(patterns, keep, cells), _beam_shifts(patterns, cells)):
        if shifts.any() and _moved(patterns, shifts, cells):
            return


def _moved(patterns: np.ndarray, shifts: np.ndarray, cells: np.ndarray) -> bool:
    """Move patterns back, in place, if their mean is sharper then, and say so."""
    seen, before, after = cells.copy(), np.zeros(cells.shape), np.zeros(cells.shape)
    groups = []
    for shift in np.unique(shifts, axis=0):
        own = (shifts == shift).all(axis=1)
        total = as_images(patterns[own].sum(axis=0, keepdims=True), cells)
        before += total[0]
        after += _moved_back(total, shift)[0]
        seen &= _moved_back(cells[np.newaxis].astype(np.int8), shift)[0] > 0
        groups.append((shift, own))
    if _sharpness(after[seen]) <= _sharpness(before[seen]):
        return False
    for shift, own in groups:
        patterns[own] = _moved_back(as_images(patterns[own], cells), shift)[:, cells]
    patterns[:, ~seen[cells]] = 0
    return True


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


def _beam_shifts(patterns: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return rows and columns by which the direct beam is moved, whole cells, (n, 2).

    None where its centroids scatter by little more than counts let them, and where
    there is no beam that nearly all patterns have.
    """
    nothing = np.zeros((len(patterns), 2), int)
    mean = as_images(patterns.mean(axis=0, keepdims=True), cells)[0]
    peak = np.array(np.unravel_index(mean.argmax(), mean.shape))
    offsets = np.indices(mean.shape) - peak[:, np.newaxis, np.newaxis]
    near = (np.abs(offsets).max(axis=0) <= _REACH)[cells]
    around = (np.abs(offsets).max(axis=0) == _REACH + 1)[cells]
    if np.count_nonzero(near) < (2 * _REACH + 1) ** 2 or not around.any():
        return nothing
    level = patterns[:, around].mean(axis=1, keepdims=True)
    counts, places = patterns[:, near], offsets[:, cells][:, near].T.astype(float)
    totals = (counts - level).sum(axis=1)
    least = _SEEN * totals.mean()
    if np.quantile(totals, 0.1) < least or totals.sum() < _BEAM * patterns.sum():
        return nothing
    totals = np.maximum(totals, least)[:, np.newaxis]
    centroids = counts @ places / totals
    noise = counts @ places**2 / totals**2
    jitter = centroids.var(axis=0) - noise.mean(axis=0)
    if jitter.max() < _JITTER**2:
        return nothing
    return np.rint(centroids - np.median(centroids, axis=0)).astype(int)
