"""Whether patterns move: over a scan, and from one scan of a series to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hspy_cnmf.constraints.base import expand
from hspy_cnmf.operators import LowRankOperator, SeriesOperator, StreamedOperator
from hspy_cnmf.operators.in_file import let_go
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.patterns.beam_shift import measure_beam_shifts
from hspy_cnmf.patterns.descan import cells_of_scan, descan_of, inversion_centers


def movement_notes(
    operator: LowRankOperator | StreamedOperator | SeriesOperator,
    scales: Scales,
    scans: Sequence[np.ndarray],
    keep_pixels: np.ndarray,
    center: tuple[float, float],
) -> list[str]:
    """Return what a user should know of patterns that move, from means of cells.

    Parameters
    ----------
    operator : LowRankOperator, StreamedOperator or SeriesOperator
        The data, divided by `scales`; one product.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels were divided by.
    scans : sequence of numpy.ndarray of bool
        What takes part of the scan, or of each scan of a series, in its shape.
    keep_pixels : numpy.ndarray of bool
        Pixels that take part.
    center : tuple of float
        Row and column of the centre of the mean pattern, in pixels.

    Returns
    -------
    list of str
        None where nothing surely moves, there are too few positions, or nothing tells.
    """
    grids = [cells_of_scan(scan) for scan in scans]
    edges = np.cumsum([0] + [len(places) for _, places in grids])
    cells = [own + first for (own, _), first in zip(grids, edges, strict=False)]
    patterns = _mean_patterns(operator, scales, np.concatenate(cells))
    of_scans = np.split(expand(patterns, keep_pixels), edges[1:-1])
    centers = [inversion_centers(own, center) for own in of_scans]
    notes = []
    for i, (own, (_, places)) in enumerate(zip(of_scans, grids, strict=True)):
        descan = descan_of(own, places, centers[i])
        if descan is not None and descan.is_significant:
            which = f"Scan {i}: " if len(scans) > 1 else ""
            notes.append(which + descan.summary())
    if len(scans) > 1:
        notes.append(measure_beam_shifts(of_scans, centers).summary())
    return list(filter(None, notes))


def _mean_patterns(
    operator: LowRankOperator | StreamedOperator | SeriesOperator,
    scales: Scales,
    cells: np.ndarray,
) -> np.ndarray:
    """Return the mean pattern of each cell, not divided, (n_cells, n_pixels)."""
    position_scale, pixel_scale = scales
    scale = np.ones(len(cells)) if position_scale is None else position_scale
    patterns = _sums(operator, cells, scale / np.bincount(cells)[cells])
    return patterns if pixel_scale is None else patterns * pixel_scale


def _sums(
    operator: LowRankOperator | StreamedOperator | SeriesOperator,
    cells: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Return patterns summed with weights over each cell, (n_cells, n_pixels)."""
    if isinstance(operator, LowRankOperator):
        sums = np.empty((operator.rank, cells.max() + 1))
        for own, image in zip(sums, operator.basis_images, strict=True):
            own[:] = np.bincount(cells, image * weights)
            let_go(operator.basis_images)
        return sums.T.astype(operator.dtype) @ operator.basis_patterns
    loadings = np.zeros((cells.max() + 1, len(cells)), operator.dtype)
    loadings[cells, np.arange(len(cells))] = weights
    return operator.patterns(loadings)
