"""Advice where patterns hold so few counts that spots drown in noise of counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

#: Counts a pixel that summed pixels should have at the least.
_ENOUGH = 0.3

#: Pixels that are left along each axis of the detector at the least.
_FEWEST_PIXELS = 32

#: Pixels along a cell from which on noise may look like a component.
_TELLING = 4


def are_counts(dtype: DTypeLike) -> bool:
    """Return whether data of a type, or of several, are whole numbers, as counts are.

    Those of a series of scans may have several, as "uint16, uint64".
    """
    given = np.dtype(dtype)
    fields = [given[name] for name in given.names or ()] or [given]
    return all(one.kind in "ui" for one in fields)


def advised_binning(counts_per_pixel: float, detector_shape: tuple[int, ...]) -> int:
    """Return how many pixels to sum along each axis of a detector, 1 for none.

    Noise of counts is the same whether pixels are summed or not, as far as all of a
    pattern is concerned; what is in a spot of many pixels adds up.

    Parameters
    ----------
    counts_per_pixel : float
        Mean of the data.
    detector_shape : tuple of int
        Rows and columns; nothing is advised for what is no image.

    Returns
    -------
    int
        A power of two, such that summed pixels have 0.3 counts, about, and that 32 of
        them are left along each axis.
    """
    if len(detector_shape) != 2 or not counts_per_pixel > 0:
        return 1
    wanted = np.rint(np.log2(_ENOUGH / counts_per_pixel) / 2)
    room = np.floor(np.log2(max(min(detector_shape) / _FEWEST_PIXELS, 1)))
    return int(2 ** max(0, min(wanted, room)))


def advice(
    counts_per_pixel: float,
    detector_shape: tuple[int, ...],
    n_scan_axes: int,
    n_found: int,
    n_asked: int,
    summed: int | None = None,
) -> str:
    """Return what was done, or is to be, where patterns have few counts, or "".

    Components may be missed where fewer were found than asked for, and from 4 x 4
    pixels on that should be summed also where all were: a component of noise may have
    the place of a crystal.

    Parameters
    ----------
    counts_per_pixel : float
    detector_shape : tuple of int
    n_scan_axes : int
    n_found, n_asked : int
        Numbers of components.
    summed : int or None
        Pixels that were summed along each axis while components were sought, 1 where
        this would have told no more of them; None where it was not tried.
    """
    counts = f"Patterns have {counts_per_pixel:.2g} counts a pixel"
    if summed is not None and summed > 1:
        return (
            f"{counts}: {summed} x {summed} pixels were summed while components were "
            "sought, as more of them stand out of the noise so. Maps are those of "
            "summed pixels, patterns have all."
        ) + _still_few(counts_per_pixel * summed**2, n_found, n_asked)
    binning = advised_binning(counts_per_pixel, detector_shape)
    if binning == 1 or (binning < _TELLING and n_found >= n_asked):
        return ""
    doubt = (
        f"{counts}, so few that components may be missed, or be noise ({n_found} of "
        f"{n_asked} were found)"
    )
    if summed == 1:
        return f"{doubt}; no more would stand out of it if pixels were summed."
    scale = (1,) * n_scan_axes + (binning, binning)
    return (
        f"{doubt}: decompose summed pixels, "
        f"s{_whole_cells(detector_shape, binning)}.rebin(scale={scale}), and pass the "
        "maps of that as fixed_loadings to s for patterns of all pixels."
    )


def _still_few(counts_per_cell: float, n_found: int, n_asked: int) -> str:
    """Return a doubt where summed pixels would have to be summed again, or ""."""
    if counts_per_cell >= _ENOUGH / 2:
        return ""
    return (
        f" These have {counts_per_cell:.2g} counts, still so few that components may "
        f"be missed, or be noise ({n_found} of {n_asked} were found)."
    )


def _whole_cells(detector_shape: tuple[int, ...], binning: int) -> str:
    """Return the index that leaves out rows and columns which fill no cell, or "".

    HyperSpy refuses them in lazy signals, and takes minutes in others.
    """
    kept = [n - n % binning for n in detector_shape]
    if kept == list(detector_shape):
        return ""
    rows, columns = kept
    return f".isig[:{columns}, :{rows}]"
