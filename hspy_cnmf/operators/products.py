"""What is done to one block of the data: products, sums and checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hspy_cnmf.operators.blocks import Side, unweighted_slabs
from hspy_cnmf.operators.in_file import let_go
from hspy_cnmf.operators.inspection import Inspection, PixelTotals
from hspy_cnmf.operators.slabs import DenseSlab, read_slabs

# Each of the following returns two things: what belongs to this block alone, and a
# term of the sum over all blocks that have the same pixels. To the first belong the
# sums of patterns, unweighted, in which a change of the data shows.


def block_images(
    block: Any, positions: Side, pixels: Side, with_square_norm: bool = False
) -> tuple[tuple[np.ndarray, np.ndarray, float], None]:
    """Return a block's share of ``factors @ X.T``, for factors on its pixels.

    With it go the sums of its patterns and, if asked for, its squared norm.
    """
    images = np.empty((len(pixels.stack), positions.size), pixels.stack.dtype)
    sums, square_norm = np.empty(positions.size), 0.0
    for rows, slab in read_slabs(block, positions, pixels, images.dtype):
        sums[rows] = slab.row_sums()
        weighted = slab.weighted(rows, positions, pixels)
        images[:, rows] = weighted.images(pixels)
        if with_square_norm:
            square_norm += weighted.square_norm()
    return (images, sums, square_norm), None


def block_patterns(
    block: Any, positions: Side, pixels: Side
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of a block's patterns, and its share of ``loadings @ X``.

    The sum over slabs is in double precision.
    """
    loadings, sums = positions.stack, np.empty(positions.size)
    patterns: Any = None
    for rows, slab in read_slabs(block, positions, pixels, loadings.dtype):
        sums[rows] = slab.row_sums()
        weighted = slab.weighted(rows, positions, pixels)
        patterns = _plus(patterns, weighted.patterns(loadings[:, rows]))
    return sums, patterns


def _plus(total: np.ndarray | None, term: np.ndarray) -> np.ndarray:
    """Return a sum in double precision, in the memory of the total, if there is one."""
    if total is None:
        return term.astype(np.float64, copy=False)
    total += term
    return total


def block_known(
    block: Any, positions: Side, pixels: Side, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """Return sums and numbers of values that are not NaN, by position and by pixel.

    Both have two rows.
    """
    by_position, by_pixel = np.empty((2, positions.size)), np.zeros((2, pixels.size))
    for rows, slab in read_slabs(block, positions, pixels, dtype):
        by_position[:, rows], of_pixels = slab.known()
        by_pixel += of_pixels
    return by_position, by_pixel


def block_sample(
    block: Any, positions: Side, pixels: Side, dtype: np.dtype
) -> tuple[tuple[np.ndarray, np.ndarray], None]:
    """Return the sums of a block's patterns, and the patterns that its stack marks."""
    chosen = positions.stack[0]
    sums, patterns = np.empty(positions.size), [np.empty((0, pixels.size), dtype)]
    for rows, slab in unweighted_slabs(block, positions, pixels, dtype):
        sums[rows] = DenseSlab(slab).row_sums()
        patterns.append(slab[chosen[rows]])
    return (sums, np.concatenate(patterns)), None


def inspect_block(
    block: Any, positions: Side, pixels: Side
) -> tuple[tuple[list[Inspection], np.ndarray], PixelTotals]:
    """Return a block's `Inspection` and share of ``factors @ X.T``, and of pixels.

    Values that are not finite count as zero.
    """
    inspection = Inspection.of_nothing(positions.size, pixels.size)
    images = np.empty((len(pixels.stack), positions.size), pixels.stack.dtype)
    for rows, slab in read_slabs(block, positions, pixels, images.dtype):
        weighted = slab.weighted(rows, positions, pixels)
        images[:, rows] = weighted.inspected(rows, inspection).images(pixels)
    return ([_without_pixels(inspection)], images), inspection.pixels()


def span_block(
    block: Any, positions: Side, pixels: Side, n_kept: int = 0
) -> tuple[tuple[list[Inspection], np.ndarray], PixelTotals]:
    """Return a block's `Inspection`, and of pixels with its share of a span.

    The span is ``(factors @ X.T) @ X``: patterns are whole in the block, so that their
    images are, of which only the last few are kept, beside the inspection. Values that
    are not finite count as zero.
    """
    inspection = Inspection.of_nothing(positions.size, pixels.size)
    dtype, span = pixels.stack.dtype, None
    kept = np.empty((n_kept, positions.size), dtype)
    for rows, slab in read_slabs(block, positions, pixels, dtype):
        weighted = slab.weighted(rows, positions, pixels)
        there = weighted.inspected(rows, inspection)
        images = there.images(pixels)
        span = _plus(span, there.patterns(images))
        kept[:, rows] = images[len(images) - n_kept :]
    return ([_without_pixels(inspection)], kept), inspection.pixels(span)


def block_span(
    block: Any, positions: Side, pixels: Side
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of a block's patterns, and its share of a span.

    As `span_block`, of data that have been inspected.
    """
    sums, dtype = np.empty(positions.size), pixels.stack.dtype
    span: Any = None
    for rows, slab in read_slabs(block, positions, pixels, dtype):
        sums[rows] = slab.row_sums()
        weighted = slab.weighted(rows, positions, pixels)
        span = _plus(span, weighted.patterns(weighted.images(pixels)))
    return sums, span


def _without_pixels(inspection: Inspection) -> Inspection:
    """Return the inspection of a block without what is told of pixels: it is summed."""
    nothing = np.empty(0)
    return replace(
        inspection,
        pixel_sums=nothing,
        pixel_square_sums=nothing,
        pixel_blanks=nothing,
        pixel_maxima=nothing,
    )


def block_products(
    block: Any, positions: Side, pixels: Side
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return a block's shares of ``factors @ X.T`` and of ``loadings @ X``.

    With the first go the sums of its patterns.
    """
    factors, loadings = pixels.stack, positions.stack
    images = np.empty((len(factors), positions.size), factors.dtype)
    sums = np.empty(positions.size)
    patterns: Any = None
    for rows, slab in read_slabs(block, positions, pixels, images.dtype):
        sums[rows] = slab.row_sums()
        weighted = slab.weighted(rows, positions, pixels)
        images[:, rows] = weighted.images(pixels)
        patterns = _plus(patterns, weighted.patterns(loadings[:, rows]))
    return (images, sums), patterns


@dataclass(frozen=True, eq=False)
class Compressions:
    """What blocks of the same pixels add to `Compressed`.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n, n_pixels)
        Summed with the first n images.
    of_pixels : numpy.ndarray, shape (n_pixels,)
        Squared norm of each pixel.
    """

    patterns: np.ndarray
    of_pixels: np.ndarray

    def __add__(self, other: Compressions) -> Compressions:
        """Return what both add together."""
        of_pixels = self.of_pixels + other.of_pixels
        return Compressions(self.patterns + other.patterns, of_pixels)


def block_compressed(
    block: Any, positions: Side, pixels: Side, n: int
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], Compressions]:
    """Return a block's share of ``factors @ X.T``, and sums with the first n images.

    With the images go the sums of its patterns and their squared norms.
    """
    factors = pixels.stack
    images = np.empty((len(factors), positions.size), factors.dtype)
    (sums, squares), of_pixels = np.empty((2, positions.size)), np.zeros(pixels.size)
    patterns: Any = None
    for rows, slab in read_slabs(block, positions, pixels, images.dtype):
        sums[rows] = slab.row_sums()
        weighted = slab.weighted(rows, positions, pixels)
        images[:, rows] = weighted.images(pixels)
        patterns = _plus(patterns, weighted.patterns(images[:n, rows]))
        squares[rows], columns = weighted.squares()
        of_pixels += columns
    return (images, sums, squares), Compressions(patterns, of_pixels)


def row_of_images(
    share: tuple[Any, ...], positions: Side, into: np.ndarray | None
) -> tuple[Any, ...]:
    """Return images of a row of blocks, and what they tell beside them.

    Images are put into an array, if one is given, in their place among all positions:
    those of all blocks together are as large.
    """
    images, *others = share
    return put(images, positions, into), *others


def row_inspected(
    share: tuple[list[Inspection], np.ndarray],
    positions: Side,
    into: np.ndarray | None,
) -> tuple[np.ndarray | None, list[Inspection]]:
    """Return the same of blocks that are inspected, of which each tells its own."""
    told, images = share
    return put(images, positions, into), told


def maps_of_row(
    share: Any, positions: Side, finish: Any, into: np.ndarray | None
) -> np.ndarray | None:
    """Return, or put in their place, the maps that are made of a row of blocks."""
    return put(finish(share, positions), positions, into)


def put(
    values: np.ndarray, positions: Side, into: np.ndarray | None
) -> np.ndarray | None:
    """Put values in their place among those of all positions, if there is one."""
    if into is None:
        return values
    into[:, positions.target] = values
    let_go(into)
    return None
