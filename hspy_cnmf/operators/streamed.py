"""The data themselves, in memory or streamed from Dask chunks."""

from copy import copy
from itertools import pairwise
from math import prod

import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf.operators import blocks, memory, scheduling
from hspy_cnmf.operators.blocks import Side
from hspy_cnmf.operators.reading import Reading, Source


class StreamedOperator:
    """A scan in memory or in Dask chunks, read block by block where it lies.

    Nothing of the size of the data is ever made: no masked, transposed, rechunked or
    floating-point copy. A NumPy array is read in blocks, too. Blocks of which masks
    leave nothing are not read.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Real data of any type, navigation axes first.
    keep_positions : numpy.ndarray of bool
        Positions that take part; its shape is the navigation shape.
    keep_pixels : numpy.ndarray of bool
        Pixels that take part; its shape is the signal shape.
    show_progressbar : bool, default False
        Whether to draw a progress bar for each reading of Dask chunks.
    max_memory : int or str, optional
        What Dask chunks may take while they are read in this process, in bytes or as
        "2 GB": as many are read at a time as fit. Default: three quarters of what is
        free when a reading begins.
    """

    #: Every product reads the data: better one for all starts.
    in_cache = False

    def __init__(
        self,
        data,
        keep_positions,
        keep_pixels,
        *,
        show_progressbar=False,
        max_memory=None,
    ):
        if max_memory is not None:
            max_memory = memory.memory_limit(max_memory)
        self.data = data
        self.keep_positions = keep_positions
        self.keep_pixels = keep_pixels
        self.show_progressbar = show_progressbar
        self.max_memory = max_memory
        #: Factors of positions and of pixels; see `divided`.
        self.weights = (None, None)
        #: How often the data have been read.
        self.n_passes = 0
        self._square_norm = None
        self._lazy = is_dask_collection(data)
        split = keep_positions.ndim
        chunks = data.chunks if self._lazy else blocks.chunks_in_memory(data)
        self._largest = tuple(map(max, chunks))
        positions = blocks.extents(chunks[:split], keep_positions)
        pixels = blocks.extents(chunks[split:], keep_pixels)
        grid_shape = len(positions), len(pixels)
        rows, columns = (
            [i for i, extent in enumerate(extents) if extent.size]
            for extents in (positions, pixels)
        )
        self._positions = [positions[i] for i in rows]
        self._pixels = [pixels[j] for j in columns]
        if self._lazy:
            self._source = Source(data, grid_shape, rows, columns)
        else:
            edges = list(pairwise(np.cumsum((0, *chunks[0]))))
            self._blocks = [data[slice(*edges[i])] for i in rows]

    @property
    def shape(self):
        """Number of positions and of pixels that take part."""
        return np.count_nonzero(self.keep_positions), np.count_nonzero(self.keep_pixels)

    @property
    def dtype(self):
        """Floating-point type of the products: double where single would round data."""
        kind, itemsize = self.data.dtype.kind, self.data.dtype.itemsize
        exact_in_single = itemsize <= (4 if kind == "f" else 2)
        return np.dtype(np.float32 if exact_in_single else np.float64)

    @property
    def square_norm(self):
        """Squared Frobenius norm of the (weighted) data that take part."""
        if self._square_norm is None:
            self.images(np.zeros((0, self.shape[1]), self.dtype))
        return self._square_norm

    def divided(self, position_scale, pixel_scale):
        """Return this operator with its rows and columns divided by scales, or None."""
        scales = position_scale, pixel_scale
        if all(scale is None for scale in scales):
            return self
        operator = copy(self)
        operator._square_norm = None
        operator.weights = tuple(
            None if scale is None else (1 / scale).astype(self.dtype)
            for scale in scales
        )
        return operator

    def silent(self):
        """Return this operator without progress bars."""
        operator = copy(self)
        operator.show_progressbar = False
        return operator

    def inspect(self, factors=None):
        """Read the data once and tell what is in them.

        Parameters
        ----------
        factors : numpy.ndarray, shape (n, n_pixels), optional
            Patterns of which images are wanted, too.

        Returns
        -------
        inspection : blocks.Inspection
        images : numpy.ndarray, shape (n, n_positions)
            ``factors @ X.T``; without meaning where the data are not finite.
        """
        if factors is None:
            factors = np.zeros((0, self.shape[1]))
        factors, _ = self._flatten(factors)
        kept, pixel_sums = self._read(
            "Inspecting the data", blocks.inspect_block, factors=factors, weighted=False
        )
        inspection = blocks.Inspection(*map(np.zeros, self.shape))
        for i, j in np.ndindex(kept.shape):
            extents = self._positions[i], self._pixels[j]
            inspection.add_block(kept[i, j][0], *extents)
        for pixels, sums in zip(self._pixels, pixel_sums, strict=True):
            inspection.pixel_sums[pixels.target] = sums
        if self.weights == (None, None):
            self._square_norm = inspection.square_norm
        return inspection, self._assembled(_items(kept, 1), len(factors))

    def images(self, factors):
        """Return the data's virtual images, ``factors @ X.T``."""
        factors, leading = self._flatten(factors)
        if self._square_norm is not None:
            images, _ = self._read(
                "Forming images", blocks.block_images, factors=factors
            )
        else:
            kept, _ = self._read(
                "Forming images", blocks.block_images_and_square_norm, factors=factors
            )
            images = _items(kept, 0)
            self._square_norm = float(sum(_items(kept, 1).flat))
        return self._assembled(images, len(factors)).reshape(*leading, self.shape[0])

    def _assembled(self, shares, n_images):
        """Put images of blocks together; those of one position and many pixels add."""
        images = np.zeros((n_images, self.shape[0]), self.dtype)
        for positions, row in zip(self._positions, shares, strict=True):
            images[:, positions.target] = sum(row)
        return images

    def patterns(self, loadings):
        """Return the data's patterns summed with weights, ``loadings @ X``."""
        loadings, leading = self._flatten(loadings)
        _, sums = self._read(
            "Summing patterns", blocks.block_patterns, loadings=loadings
        )
        patterns = np.zeros((len(loadings), self.shape[1]), self.dtype)
        for pixels, share in zip(self._pixels, sums, strict=True):
            patterns[:, pixels.target] = share
        return patterns.reshape(*leading, self.shape[1])

    def _flatten(self, stack):
        stack = np.asarray(stack, self.dtype)
        return stack.reshape(-1, stack.shape[-1]), stack.shape[:-1]

    def _read(self, label, function, *, loadings=None, factors=None, weighted=True):
        """Apply a function to every block: what each returns alone, and the sums."""
        weights = self.weights if weighted else (None, None)
        positions = [Side.of(e, weights[0], loadings) for e in self._positions]
        pixels = [Side.of(e, weights[1], factors) for e in self._pixels]
        self.n_passes += 1
        if not self._lazy:
            return self._read_in_memory(function, positions, pixels[0])
        at_once = self._blocks_at_once(loadings, factors)
        reading = Reading(self._source, function, positions, pixels)
        return scheduling.run(reading, label, self.show_progressbar, at_once)

    def _read_in_memory(self, function, positions, pixels):
        kept, total = np.empty((len(self._blocks), 1), dtype=object), None
        for i, (block, rows) in enumerate(zip(self._blocks, positions, strict=True)):
            kept[i, 0], term = function(block, rows, pixels)
            total = term if total is None else total + term
        return kept, [total]

    def _blocks_at_once(self, loadings, factors):
        """Return how many blocks there is room for; raise if not for one."""
        split = self.keep_positions.ndim
        product_bytes = 8 * (
            len(loadings) * prod(self._largest[split:])
            if factors is None
            else len(factors) * prod(self._largest[:split])
        )
        limit = scheduling.worker_memory()
        if limit is None:
            limit = self.max_memory or memory.memory_limit()
        return memory.blocks_at_once(
            limit, product_bytes, self._largest, self.data.dtype, split
        )


def _items(kept, i):
    """Return one thing of the several that belong to each block."""
    items = np.empty(kept.shape, dtype=object)
    for index, values in np.ndenumerate(kept):
        items[index] = values[i]
    return items
