"""Discs that mark the centre of a pattern: a saturated beam, or the hole of a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hspy_cnmf.constraints.rings import pixel_radii

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

#: Radius in pixels from which on an even disc is a landmark, and over the next largest.
_LEAST_DISC, _DOMINANCE = 1.5, 1.3

#: Largest area over the square of the largest radius inside of what is round.
_ROUND = 4.0

#: Largest radius of a disc over that of the largest circle inside of what the edges
#: leave of it: a quarter has 2.4, and a few pixels in a row are the rim of anything.
_SHALLOWEST = 3.0


def find_landmark(pattern: Floats, known: Bools) -> tuple[float, Floats] | None:
    """Return the saturated or masked disc that stands out by its size, if one does.

    Parameters
    ----------
    pattern : numpy.ndarray, shape (rows, columns)
        NaN where masked, or of no use.
    known : numpy.ndarray of bool, of the same shape
        False where masked.

    Returns
    -------
    radius : float
        In pixels.
    middle : numpy.ndarray, shape (2,)
        Row and column, in pixels. Of a disc that the edge of the detector cuts a
        little, that of the circle through its rim.
    """
    saturated = known & (pattern >= np.nanmax(pattern) * (1 - 1e-6))
    discs = sorted(_discs(saturated, ~known), key=lambda disc: -disc[0])
    second = discs[1][0] if len(discs) > 1 else 0
    if discs and discs[0][0] >= max(_LEAST_DISC, _DOMINANCE * second):
        return discs[0]
    return None


def _discs(saturated: Bools, masked: Bools) -> list[tuple[float, Floats]]:
    """Return radius and middle of the largest disc in each connected part.

    Parts that are mostly masked are left out unless they are round themselves: corners
    and gaps of the detector are not. So are parts that fill half of the detector.
    """
    labels, _ = ndimage.label(saturated | masked)
    found = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        part = np.pad(labels[box] == number, 1)
        depth = ndimage.distance_transform_edt(part)
        radius = float(depth.max())
        is_round = part.sum() < _ROUND * radius**2
        if 2 * part.sum() > labels.size:
            continue
        if not is_round and 2 * (saturated[box] & part[1:-1, 1:-1]).sum() < part.sum():
            continue
        corner = np.array([edge.start for edge in box]) - 1
        if is_round:
            radius, middle = _fit_circle(np.argwhere(part) + corner, labels.shape)
            on_detector = (middle >= 0) & (middle <= np.array(labels.shape) - 1)
            if on_detector.all() and radius <= _SHALLOWEST * (depth.max() - 0.5):
                found.append((radius, middle))
            continue
        top = np.unravel_index(depth.argmax(), depth.shape)
        disc = part & (pixel_radii(part.shape, top) <= 1.1 * radius + 0.5)
        found.append((radius, np.argwhere(disc).mean(axis=0) + corner))
    return found


def _fit_circle(
    places: NDArray[np.intp], shape: tuple[int, ...]
) -> tuple[float, Floats]:
    """Return radius and middle of the circle around a disc that the edge may cut.

    The squares of the distances of its rim from the middle are equal: a linear least
    squares problem. Pixels at the edge of the detector are no rim.
    """
    disc = np.zeros(np.array(shape) + 2, dtype=bool)
    disc[tuple(places.T + 1)] = True
    rim = np.argwhere(disc & ~ndimage.binary_erosion(disc)) - 1
    rim = rim[((rim > 0) & (rim < np.array(shape) - 1)).all(axis=1)]
    if len(rim) < 3:
        return 0.0, places.mean(axis=0)
    matrix = np.column_stack([2 * rim, np.ones(len(rim))])
    solution, *_ = np.linalg.lstsq(matrix, (rim**2).sum(axis=1), rcond=None)
    middle = np.asarray(solution[:2], dtype=float)
    return float(np.sqrt(max(solution[2] + middle @ middle, 0)) + 0.5), middle
