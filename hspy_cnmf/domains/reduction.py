"""Patterns made small: cropped, binned or resampled to polar cells, and kept once."""

import tempfile
from dataclasses import dataclass

import dask
import numpy as np
from dask.base import is_dask_collection
from scipy import sparse

from hspy_cnmf.operators.blocks import Side, extents, slabs

#: Parts into which every pixel is divided along each axis when cells cut through it.
_PARTS = 4

#: Cells of which less than this part is on the detector and unmasked are left out.
_LEAST_COVERED = 0.25

#: Reduced patterns above this size, in bytes, lie in a temporary file.
_CACHE_BYTES = 2**29

#: Positions of a NumPy array that are reduced at a time.
_POSITIONS = 4096

#: Chunks of a Dask array whose reduced patterns are fetched at a time.
_BLOCKS = 32


@dataclass(frozen=True, eq=False)
class Reduction:
    """How patterns become small: a sum over the pixels of each cell.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of cells.
    matrix : scipy.sparse.csr_matrix, shape (n_cells, n_pixels)
        Part of each pixel that belongs to each cell; 0 for masked pixels.
    covered : numpy.ndarray of bool, shape `shape`
        Cells of which enough is on the detector and not masked.
    """

    shape: tuple
    matrix: sparse.csr_matrix
    covered: np.ndarray

    @classmethod
    def square(cls, keep_pixels, center, outer_radius, size):
        """Crop to the square about a circle and bin to `size` x `size` cells.

        Parameters
        ----------
        keep_pixels : numpy.ndarray of bool
            Pixels that take part.
        center : tuple of float
            Row and column of the patterns' centre in pixels.
        outer_radius : float
            Radius of the circle in pixels.
        size : int
            Rows and columns of cells; fewer where pixels are fewer.
        """
        rows, columns, part = _parts(keep_pixels.shape)
        width = 2 * outer_radius / size
        row, column = (
            np.floor((places - middle + outer_radius) / width).astype(int)
            for places, middle in zip((rows, columns), center, strict=True)
        )
        inside = (row >= 0) & (row < size) & (column >= 0) & (column < size)
        cell = np.where(inside, row * size + column, -1)
        return cls._of((size, size), cell, part, keep_pixels, width**2)

    @classmethod
    def polar(cls, keep_pixels, center, outer_radius, shape):
        """Resample to cells of radius and azimuth, counter-clockwise as seen.

        Parameters
        ----------
        keep_pixels, center, outer_radius
            As for `square`.
        shape : tuple of int
            Number of radii and of azimuths.
        """
        rows, columns, part = _parts(keep_pixels.shape)
        y, x = rows - center[0], columns - center[1]
        radius = np.floor(np.hypot(x, y) * (shape[0] / outer_radius)).astype(int)
        azimuth = np.arctan2(-y, x) % (2 * np.pi) * (shape[1] / (2 * np.pi))
        azimuth = np.minimum(azimuth.astype(int), shape[1] - 1)
        cell = np.where(radius < shape[0], radius * shape[1] + azimuth, -1)
        radii = (np.arange(shape[0]) + 0.5) * outer_radius / shape[0]
        area = 2 * np.pi * radii * outer_radius / np.prod(shape)
        area = np.repeat(area, shape[1])
        return cls._of(shape, cell, part, keep_pixels, area)

    @classmethod
    def _of(cls, shape, cell, part, keep_pixels, area):
        pixels = np.repeat(np.arange(keep_pixels.size), cell.size // keep_pixels.size)
        used = (cell.ravel() >= 0) & keep_pixels.ravel()[pixels]
        entries = (np.full(used.sum(), part), (cell.ravel()[used], pixels[used]))
        matrix = sparse.csr_matrix(entries, shape=(np.prod(shape), keep_pixels.size))
        area_covered = np.asarray(matrix.sum(axis=1)).ravel()
        covered = area_covered >= _LEAST_COVERED * area
        return cls(tuple(shape), matrix.astype(np.float32), covered.reshape(shape))


def _parts(shape):
    """Return rows and columns of the parts of all pixels, and the area of a part.

    Rows and columns have shape (n_pixels, n_parts).
    """
    offsets = (np.arange(_PARTS) + 0.5) / _PARTS - 0.5
    row, column, down, right = np.meshgrid(
        *map(np.arange, shape), offsets, offsets, indexing="ij"
    )
    n_parts = _PARTS**2
    rows, columns = (row + down), (column + right)
    return rows.reshape(-1, n_parts), columns.reshape(-1, n_parts), 1 / n_parts


def reduce_scan(data, keep_positions, reduction, progress=lambda n: None):
    """Read the data once and return the reduced patterns.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Patterns, navigation axes first.
    keep_positions : numpy.ndarray of bool
        Positions that take part.
    reduction : Reduction
    progress : callable, optional
        Told how many more positions are done.

    Returns
    -------
    numpy.ndarray of float32, shape (n_positions, *reduction.shape)
        In electrons, in the order of the positions; in a temporary file where large.

    Raises
    ------
    ValueError
        If values that take part are not finite, or negative.

    Notes
    -----
    A few chunks at a time are read side by side by Dask's scheduler, and only their
    reduced patterns are kept.
    """
    cache = _cache((np.count_nonzero(keep_positions), *reduction.shape))
    for places, patterns in _reduced_blocks(data, keep_positions, reduction):
        _check(patterns, places, keep_positions)
        cache[places] = patterns.reshape(-1, *reduction.shape)
        progress(len(places))
    return cache


def _reduced_blocks(data, keep_positions, reduction):
    """Yield places among the positions that take part, and their reduced patterns."""
    n_navigation, lazy = keep_positions.ndim, is_dask_collection(data)
    chunks = data.chunks if lazy else _chunks_in_memory(data.shape, n_navigation)
    positions = extents(chunks[:n_navigation], keep_positions)
    pixels = extents(chunks[n_navigation:], np.ones(data.shape[n_navigation:], bool))
    if not lazy:
        edges = np.cumsum((0, *chunks[0]))
        for start, stop, place in zip(edges[:-1], edges[1:], positions, strict=True):
            yield place.target, _reduce(data[start:stop], place, pixels[0], reduction)
        return
    blocks = data.to_delayed().reshape(len(positions), len(pixels))
    shared = dask.delayed(reduction, traverse=False)
    reduce = dask.delayed(_reduce)
    for start in range(0, len(blocks), _BLOCKS):
        some = slice(start, start + _BLOCKS)
        tasks = [
            [
                reduce(block, place, part, shared)
                for block, part in zip(row, pixels, strict=True)
            ]
            for row, place in zip(blocks[some], positions[some], strict=True)
        ]
        for place, parts in zip(positions[some], dask.compute(tasks)[0], strict=True):
            yield place.target, sum(parts)


def _reduce(block, positions, pixels, reduction):
    """Return the share of a block in its reduced patterns, (positions, cells)."""
    matrix = reduction.matrix[:, pixels.target]
    result = np.empty((positions.size, matrix.shape[0]), np.float32)
    sides = Side.from_extent(positions), Side.from_extent(pixels)
    for rows, patterns in slabs(block, *sides, np.float32):
        result[rows] = (matrix @ patterns.T).T
    return result


def _check(patterns, places, keep_positions):
    """Raise if reduced patterns are no counts."""
    wrong = ~np.isfinite(patterns).all(axis=1) | (patterns < 0).any(axis=1)
    if wrong.any():
        index = np.argwhere(keep_positions)[places[np.argmax(wrong)]][::-1]
        raise ValueError(
            f"The pattern at navigation index {tuple(map(int, index))} holds values "
            "that are NaN, infinite or negative; domains are mapped from electron "
            "counts. Mask it (navigation_mask) or its pixels (signal_mask), or repair "
            "the data, for example with numpy.nan_to_num or s.data.clip(0)."
        )


def _chunks_in_memory(shape, n_navigation):
    """Return chunks along the first axis of about as many positions as is fast."""
    step = max(1, _POSITIONS // int(np.prod(shape[1:n_navigation])))
    sizes = tuple(min(step, shape[0] - start) for start in range(0, shape[0], step))
    return (sizes, *((n,) for n in shape[1:]))


def _cache(shape):
    if 4 * np.prod(shape) <= _CACHE_BYTES:
        return np.empty(shape, np.float32)
    return np.memmap(tempfile.TemporaryFile(), np.float32, "w+", shape=shape)
