"""What is known of a scan before it is read, for the estimate of a run's cost."""

from dataclasses import dataclass
from math import prod

import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.blocks import extents
from hspy_cnmf.operators.memory import block_room, blocks_at_once


def product_dtype(dtype):
    """Return the floating-point type in which data of a type are multiplied."""
    empty = np.zeros((1, 1), dtype), np.ones(1, bool), np.ones(1, bool)
    return StreamedOperator(*empty).dtype


@dataclass(frozen=True)
class Layout:
    """What is known of a scan without reading it.

    Parameters
    ----------
    n_positions, n_pixels : int
        What takes part.
    n_bytes : int
        Size of the chunks that hold anything that takes part.
    float_bytes : int
        Size of a floating-point number of the products.
    lazy : bool
    n_blocks, n_pixel_blocks : int
        Number of chunks, and of those that share a pattern.
    block_shape : tuple of int
        Shape of the largest chunk, navigation axes first.
    n_navigation : int
        Number of navigation axes.
    dtype : numpy.dtype
        Type of the data.
    """

    n_positions: int
    n_pixels: int
    n_bytes: int
    float_bytes: int
    lazy: bool
    n_blocks: int
    n_pixel_blocks: int
    block_shape: tuple
    n_navigation: int
    dtype: np.dtype

    @classmethod
    def of(cls, data, keep_positions, keep_pixels):
        """Return the layout of an array, navigation axes first, and masks."""
        lazy = is_dask_collection(data)
        split = keep_positions.ndim
        chunks = data.chunks if lazy else tuple((n,) for n in data.shape)
        return cls(
            int(np.count_nonzero(keep_positions)),
            int(np.count_nonzero(keep_pixels)),
            _read_values(chunks[:split], keep_positions)
            * _read_values(chunks[split:], keep_pixels)
            * data.dtype.itemsize,
            product_dtype(data.dtype).itemsize,
            lazy,
            prod(len(sizes) for sizes in chunks),
            prod(len(sizes) for sizes in chunks[split:]),
            tuple(map(max, chunks)),
            split,
            data.dtype,
        )

    @property
    def block_positions(self):
        """Number of positions of the largest chunk."""
        return prod(self.block_shape[: self.n_navigation])

    @property
    def block_pixels(self):
        """Number of pixels of the largest chunk."""
        return prod(self.block_shape[self.n_navigation :])

    @property
    def block_room(self):
        """Bytes that a chunk takes while it is read."""
        # Blocks in memory are views: only those read from elsewhere need room.
        read = prod(self.block_shape) * self.dtype.itemsize if self.lazy else 0
        return block_room(read)

    def blocks_at_once(self, limit, n_images, n_patterns):
        """Return how many blocks there is room for; raise a ValueError if for none.

        Parameters
        ----------
        limit : int
            Bytes.
        n_images, n_patterns : int
            Size of the product that is formed of each.
        """
        values = n_images * self.block_positions + n_patterns * self.block_pixels
        return blocks_at_once(
            limit, 8 * values, self.block_shape, self.dtype, self.n_navigation
        )


def _read_values(chunks, keep):
    """Return the size of the chunks, along positions or pixels, that masks leave."""
    return sum(extent.full_size for extent in extents(chunks, keep) if extent.size)
