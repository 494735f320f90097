"""Cells of patterns that a cosmic ray struck, or whose pixels flicker."""

import numpy as np
from scipy import ndimage, stats

#: Neighbours of a position inside a scan.
_AROUND = 8

#: Times what any neighbour has in a cell, and in those beside, and standard deviations
#: of counts beyond, from which on it is struck.
_TIMES, _BESIDE, _ERRORS = 4.0, 2.0, 8.0

#: Sweeps over a scan: what a ray leaves hides those that struck beside.
_SWEEPS = 2

#: Places of a pattern that are struck at most: a crystal of one position has more.
_PLACES = 3

#: Part of the cells by whose scatter one electron is told; specimens add to it.
_LEAST_SCATTER = 0.1

#: Chance of one cell in a scan that is said to flicker and does not.
_FALSE_ALARM = 0.01

#: Values that are looked at together, about.
_SLAB = 2**21

#: Fewest patterns that tell of an electron, and about as many as do at most.
_FEWEST, _SOME = 8, 5000


def repair(patterns: np.ndarray, keep: np.ndarray, cells: np.ndarray) -> None:
    """Set struck cells of reduced patterns to the mean of neighbours, in place.

    Patterns are (n_positions, n_cells), of the positions of a scan that are kept, and
    of these cells, (rows, columns). A cell is struck where it has far more than at any
    neighbour of the position, in few places of a pattern: of a domain with spots there,
    neighbours have some. As the centre of patterns may jitter, neighbours count in the
    cells beside, too, but one of them, which a ray may have struck there. One that is
    struck more often than rays strike flickers, and is set to 0 everywhere.
    """
    gain = electron(patterns)
    if np.isinf(gain):
        return
    step = max(1, _SLAB // (cells.size * keep[0].size))
    first = np.cumsum([0, *keep.reshape(len(keep), -1).sum(axis=1)])
    n_struck = np.zeros(patterns.shape[1], int)
    for start in range(0, len(keep), step):
        outer = slice(max(0, start - 1), min(start + step + 1, len(keep)))
        images = np.zeros((*keep[outer].shape, *cells.shape), np.float32)
        own = slice(first[outer.start], first[outer.stop])
        images[np.multiply.outer(keep[outer], cells)] = patterns[own].ravel()
        for _ in range(_SWEEPS):
            struck = _struck(images, keep[outer], gain)
            struck[: start - outer.start] = struck[start - outer.start + step :] = False
            for position in map(tuple, np.argwhere(struck.any(axis=(-2, -1)))):
                _set_to_mean(images, position, struck[position], keep[outer])
            n_struck += np.count_nonzero(struck[keep[outer]][:, cells], axis=0)
        patterns[own] = images[keep[outer]][:, cells]
    patterns[:, flickers(n_struck)] = 0


def electron(patterns: np.ndarray) -> float:
    """Return what one electron counts, at most: the least scatter over the mean.

    Infinite, so that nothing is struck, where too few patterns tell.
    """
    some = patterns[:: max(1, len(patterns) // _SOME)]
    if len(some) < _FEWEST or not some.any():
        return np.inf
    mean = some.mean(axis=0, dtype=float)
    scatter = some[:, mean > 0].var(axis=0, dtype=float) / mean[mean > 0]
    # Of few patterns, even counts scatter little now and then.
    of_counts = stats.chi2.ppf(_LEAST_SCATTER, len(some) - 1) / len(some)
    return float(np.quantile(scatter, _LEAST_SCATTER) / of_counts)


def flickers(n_struck: np.ndarray) -> np.ndarray:
    """Return which cells are struck more often than rays strike the others."""
    others = (n_struck.sum() - n_struck) / max(len(n_struck) - 1, 1)
    chance = len(n_struck) * stats.poisson.sf(n_struck - 1, others)
    return (chance < _FALSE_ALARM) & (n_struck > _PLACES)


def _struck(images: np.ndarray, keep: np.ndarray, gain: float) -> np.ndarray:
    """Return which cells are struck, of images of the positions of a scan."""
    around = np.ones((3,) * keep.ndim, bool)
    around.flat[around.size // 2] = False
    neighbours = around[..., np.newaxis, np.newaxis]
    n_kept = ndimage.convolve(keep.astype(int), around.astype(int), mode="constant")
    n_kept = n_kept[..., np.newaxis, np.newaxis]
    largest = ndimage.maximum_filter(images, footprint=neighbours, mode="constant")
    wide = ndimage.maximum_filter(images, (1,) * keep.ndim + (3, 3), mode="constant")
    # One neighbour may be struck beside, so that of eight the largest but one counts;
    # of fewer, the others may be of another domain, or low by chance.
    highest, second = (
        ndimage.rank_filter(wide, rank, footprint=neighbours, mode="constant")
        for rank in (-1, -2)
    )
    beside = np.where(n_kept >= _AROUND, second, highest)
    limit = np.maximum(_TIMES * largest, _BESIDE * beside)
    limit += _ERRORS * np.sqrt(gain * (beside + gain))
    struck = (images > limit) & (n_kept > 0)
    struck[~keep] = False
    for position in map(tuple, np.argwhere(struck.any(axis=(-2, -1)))):
        _, n_places = ndimage.label(struck[position], np.ones((3, 3)))
        struck[position] &= n_places <= _PLACES
    return struck


def _set_to_mean(
    images: np.ndarray, position: tuple, struck: np.ndarray, keep: np.ndarray
) -> None:
    """Set the struck cells of a position to the mean of its neighbours."""
    near = tuple(slice(max(0, i - 1), i + 2) for i in position)
    beside = images[near][keep[near]][:, struck]
    others = beside.sum(axis=0) - images[position][struck]
    images[position][struck] = np.maximum(others, 0) / (len(beside) - 1)
