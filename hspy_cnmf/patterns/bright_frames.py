"""Advice where single patterns hold far more counts than those around them."""

from __future__ import annotations

import numpy as np

from hspy_cnmf.patterns.hot_pixels import towering

#: How many times brighter than all others the first or last line of a scan is that was
#: recorded while the probe flew back.
_FLYBACK = 2.0


def bright_frames_note(position_sums: np.ndarray, keep: np.ndarray, gain: float) -> str:
    """Return which patterns may be flashes of the beam or of the detector, or "".

    One of them may weigh more than a crystal, and have a component to itself. It may
    be a specimen as well, so that nobody but the user can tell.

    Parameters
    ----------
    position_sums : numpy.ndarray, shape (n_positions,)
        Counts of each pattern.
    keep : numpy.ndarray of bool
        Positions that take part, as a map; nothing is said of other than two axes.
    gain : float
        What one electron counts.
    """
    if keep.ndim != 2:
        return ""
    totals = np.zeros(keep.shape)
    totals[keep] = position_sums
    bright = np.argwhere(towering(totals, keep, gain) | _of_flyback(totals, keep))
    if not len(bright):
        return ""
    row, column = bright[0]
    are = "pattern holds" if len(bright) == 1 else "patterns hold"
    return (
        f"{len(bright)} {are} far more counts than those around: "
        f"{totals[row, column]:.3g} at x = {column}, y = {row}. If that is a flash and "
        "no specimen, leave out such positions (navigation_mask): one may cost a "
        "crystal its component."
    )


def _of_flyback(totals: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return the positions of lines at the edge that are brighter than all others."""
    found = np.zeros(keep.shape, bool)
    for axis in (0, 1):
        lines = np.moveaxis(np.ma.array(totals, mask=~keep), axis, 0)
        levels = np.ma.median(lines, axis=1).filled(0)
        for edge in (0, -1):
            others = np.delete(levels, edge)
            if others.any() and levels[edge] > _FLYBACK * others.max():
                np.moveaxis(found, axis, 0)[edge] = True
    return found & keep
