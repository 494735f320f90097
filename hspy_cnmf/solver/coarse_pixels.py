"""Cells of pixels, on which coarse maps have coarse patterns."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from hspy_cnmf.constraints import RadialFloor
from hspy_cnmf.constraints.several import each, members
from hspy_cnmf.solver.coarse import Grid

#: Cells of pixels, at least: on fewer, spots would fill their rings.
_FEWEST = 2**10


def pixel_grid(constraint: Any, keep: np.ndarray) -> Grid:
    """Return cells of 2 x 2 pixels for starts to begin on, or of one each.

    Parameters
    ----------
    constraint : Constraint, sequence or None
        On patterns. Of others than floors about a centre it is not known what they are
        on cells.
    keep : numpy.ndarray of bool
        Pixels that take part. They stay as they are where they are few or no images.
    """
    pairs = (2,) * keep.ndim
    are_floors = all(isinstance(floor, RadialFloor) for floor in members(constraint))
    are_many = keep.ndim == 2 and np.count_nonzero(keep) >= _FEWEST * prod(pairs)
    return Grid.from_size(keep, pairs if are_floors and are_many else (1,) * keep.ndim)


def floor_on_cells(constraint: Any, cells: Grid, shape: tuple[int, ...]) -> Any:
    """Return floors of patterns of a shape as they are on cells of their pixels."""
    if cells.is_finest or constraint is None:
        return constraint

    def on_cells(floor: RadialFloor) -> RadialFloor:
        center = floor.center
        if center is None:  # the middle pixel
            center = tuple((n - 1) / 2 for n in shape)
        pairs = zip(center, cells.size, strict=True)
        return replace(floor, center=tuple((c + 0.5) / n - 0.5 for c, n in pairs))

    return each(on_cells, constraint)
