"""Patterns made small: cropped, binned or resampled to polar cells, and kept once."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from hspy_cnmf.operators.blocks import Side, slabs
from hspy_cnmf.operators.in_file import long_rows
from hspy_cnmf.operators.reader import BlockReader

#: Parts into which every pixel is divided along each axis when cells cut through it.
_PARTS = 4

#: Cells of which less than this part is on the detector and unmasked are left out.
LEAST_COVERED = 0.25

#: Memory of which reduced patterns take a quarter, or lie in a temporary file.
MEMORY = 2**31


@dataclass(frozen=True, eq=False)
class Reduction:
    """How patterns become small: a sum over the pixels of each cell."""

    #: Part of each pixel that belongs to each cell, (n_cells, n_pixels); 0 if masked.
    matrix: sparse.csr_matrix
    #: Cells of which enough is on the detector and not masked, (rows, columns).
    covered: np.ndarray

    @classmethod
    def square(
        cls,
        keep_pixels: np.ndarray,
        center: tuple[float, float],
        width: float,
        shape: tuple[int, int],
    ) -> "Reduction":
        """Bin pixels that are kept to square cells of this width about the centre.

        Lengths are in pixels, and the shape is rows and columns of cells.
        """
        *places, part = _parts(keep_pixels.shape)
        row, column = (
            np.floor((place - middle) / width + n / 2).astype(int)
            for place, middle, n in zip(places, center, shape, strict=True)
        )
        inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
        cell = np.where(inside, row * shape[1] + column, -1)
        return cls._of(cell, part, keep_pixels, np.full(shape, width**2))

    @classmethod
    def polar(
        cls,
        keep_pixels: np.ndarray,
        center: tuple[float, float],
        outer_radius: float,
        shape: tuple[int, int],
    ) -> "Reduction":
        """Resample to cells of radius and azimuth, counter-clockwise as seen.

        As `square`; the shape is the number of radii and of azimuths.
        """
        rows, columns, part = _parts(keep_pixels.shape)
        y, x = rows - center[0], columns - center[1]
        radius = np.floor(np.hypot(x, y) * (shape[0] / outer_radius)).astype(int)
        azimuth = np.arctan2(-y, x) % (2 * np.pi) * (shape[1] / (2 * np.pi))
        azimuth = np.minimum(azimuth.astype(int), shape[1] - 1)
        cell = np.where(radius < shape[0], radius * shape[1] + azimuth, -1)
        radii = (np.arange(shape[0]) + 0.5) * outer_radius / shape[0]
        area = 2 * np.pi * radii * outer_radius / np.prod(shape)
        area = np.broadcast_to(area[:, np.newaxis], shape)
        return cls._of(cell, part, keep_pixels, area)

    @classmethod
    def _of(
        cls, cell: np.ndarray, part: float, keep_pixels: np.ndarray, area: np.ndarray
    ) -> "Reduction":
        """Return a reduction by the cell of each part of a pixel, -1 where none is."""
        pixels = np.repeat(np.arange(keep_pixels.size), cell.size // keep_pixels.size)
        used = (cell.ravel() >= 0) & keep_pixels.ravel()[pixels]
        entries = (np.full(used.sum(), part), (cell.ravel()[used], pixels[used]))
        matrix = sparse.csr_matrix(entries, shape=(area.size, keep_pixels.size))
        area_covered = np.asarray(matrix.sum(axis=1)).reshape(area.shape)
        return cls(matrix.astype(np.float32), area_covered >= LEAST_COVERED * area)


def _parts(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, float]:
    """Return rows and columns of the parts of all pixels, and the area of a part.

    Rows and columns have shape (n_pixels, n_parts).
    """
    offsets = (np.arange(_PARTS) + 0.5) / _PARTS - 0.5
    row, column, down, right = np.meshgrid(
        *map(np.arange, shape), offsets, offsets, indexing="ij"
    )
    n_parts = _PARTS**2
    rows, columns = (i.reshape(-1, n_parts) for i in (row + down, column + right))
    return rows, columns, 1 / n_parts


def reduce_scan(
    data: Any,
    keep_positions: np.ndarray,
    matrix: sparse.csr_matrix,
    max_memory: int | str | None = None,
) -> np.ndarray:
    """Read the data, navigation axes first, once and return the reduced patterns.

    They are in electrons, (n_positions, n_cells), by the matrix of a `Reduction` or
    rows of it; in a temporary file where large. Chunks without a pixel that belongs to
    a cell are not read; for `max_memory` see `BlockReader`. Values that take part and
    are not finite, or negative, raise ValueError.
    """
    signal_shape = data.shape[keep_positions.ndim :]
    is_used = matrix.getnnz(axis=0) > 0
    reader = BlockReader(
        data, keep_positions, is_used.reshape(signal_shape), max_memory=max_memory
    )
    matrix = matrix[:, is_used]
    positions, pixels = reader.sides()
    pixels = [
        replace(side, stack=matrix[:, extent.target])
        for side, extent in zip(pixels, reader.pixels, strict=True)
    ]
    cache = long_rows((reader.shape[0], matrix.shape[0]), np.float32, MEMORY)
    for extent, patterns in reader.batches(
        "Reducing patterns", _reduce, positions, pixels, finish=lambda share, _: share
    ):
        _check(patterns, extent.target, keep_positions)
        cache[extent.target] = patterns
    return cache


def _reduce(block: Any, positions: Side, pixels: Side) -> tuple[np.ndarray, None]:
    """Return the share of a block in its reduced patterns, (positions, cells)."""
    result = np.empty((positions.size, pixels.stack.shape[0]), np.float32)
    for rows, patterns in slabs(block, positions, pixels, np.float32):
        result[rows] = (pixels.stack @ patterns.T).T
    return result, None


def _check(
    patterns: np.ndarray, places: np.ndarray, keep_positions: np.ndarray
) -> None:
    """Raise if reduced patterns are no counts."""
    wrong = ~np.isfinite(patterns).all(axis=1) | (patterns < 0).any(axis=1)
    if wrong.any():
        index = np.argwhere(keep_positions)[places[np.argmax(wrong)]][::-1]
        raise ValueError(
            f"The pattern at navigation index {tuple(map(int, index))} holds values "
            "that are NaN, infinite or negative; domains are mapped from electron "
            "counts. Mask it (navigation_mask) or its pixels (signal_mask), clip or "
            "shift negative values (negative=), or repair the data, for example with "
            "numpy.nan_to_num."
        )


def as_images(patterns: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return patterns of these cells as images, 0 where a cell takes no part."""
    images = np.zeros((len(patterns), *cells.shape), np.float32)
    images[:, cells] = patterns
    return images
