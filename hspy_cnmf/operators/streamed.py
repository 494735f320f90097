"""The data themselves, in memory or streamed from Dask chunks."""

from contextlib import nullcontext
from copy import copy
from itertools import product

import dask
import numpy as np
from dask.base import is_dask_collection
from dask.diagnostics import ProgressBar

from hspy_cnmf.operators import blocks


class StreamedOperator:
    """A scan in memory or in Dask chunks, read block by block where it lies.

    Nothing of the size of the data is ever made: no masked, transposed, rechunked or
    floating-point copy. A NumPy array is one block.

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
    """

    def __init__(
        self,
        data,
        keep_positions,
        keep_pixels,
        *,
        show_progressbar=False,
    ):
        self.data = data
        self.keep_positions = keep_positions
        self.keep_pixels = keep_pixels
        self.show_progressbar = show_progressbar
        #: Factors of positions and of pixels; see `divided`.
        self.weights = (None, None)
        #: How often the data have been read.
        self.n_passes = 0
        self._square_norm = None
        self._lazy = is_dask_collection(data)
        n_navigation = keep_positions.ndim
        chunks = data.chunks if self._lazy else tuple((n,) for n in data.shape)
        self._positions = blocks.extents(chunks[:n_navigation], keep_positions)
        self._pixels = blocks.extents(chunks[n_navigation:], keep_pixels)
        grid = (len(self._positions), len(self._pixels))
        if self._lazy:
            self._blocks = data.to_delayed().reshape(grid)
        else:
            self._blocks = np.empty(grid, dtype=object)
            self._blocks[0, 0] = data

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

    def inspect(self):
        """Read the data once and return their `blocks.Inspection`."""
        shares = self._read(
            "Inspecting the data",
            lambda block, positions, pixels: (
                blocks.inspect_block,
                (block, positions, pixels, self.dtype, self.shape),
            ),
            lambda tasks: _sum_pairwise(tasks.ravel(), blocks.Inspection.merge),
        )
        if self.weights == (None, None):
            self._square_norm = shares.square_norm
        return shares

    def images(self, factors):
        """Return the data's virtual images, ``factors @ X.T``."""
        factors, leading = self._flatten(factors)
        with_square_norm = self._square_norm is None
        shares = self._read(
            "Forming images",
            lambda block, positions, pixels: (
                blocks.block_images,
                (block, positions, pixels, self.weights, factors, with_square_norm),
            ),
            lambda tasks: tasks.tolist(),
        )
        images = np.zeros((len(factors), self.shape[0]), self.dtype)
        for positions, row in zip(self._positions, shares, strict=True):
            images[:, positions.target] = sum(share for share, _ in row)
        if with_square_norm:
            self._square_norm = float(sum(norm for row in shares for _, norm in row))
        return images.reshape(*leading, self.shape[0])

    def patterns(self, loadings):
        """Return the data's patterns summed with weights, ``loadings @ X``."""
        loadings, leading = self._flatten(loadings)
        shares = self._read(
            "Summing patterns",
            lambda block, positions, pixels: (
                blocks.block_patterns,
                (block, positions, pixels, self.weights, loadings),
            ),
            lambda tasks: [_sum_pairwise(column, np.add) for column in tasks.T],
        )
        patterns = np.zeros((len(loadings), self.shape[1]), self.dtype)
        for pixels, share in zip(self._pixels, shares, strict=True):
            patterns[:, pixels.target] = share
        return patterns.reshape(*leading, self.shape[1])

    def _flatten(self, stack):
        stack = np.asarray(stack, self.dtype)
        return stack.reshape(-1, stack.shape[-1]), stack.shape[:-1]

    def _read(self, label, task, combine):
        """Apply a function to every block and combine the results.

        The order of every sum is fixed by the layout, not by which block is read
        first, so that the same call gives the same bits under any scheduler.
        """
        call = dask.delayed if self._lazy else (lambda function: function)
        tasks = np.empty(self._blocks.shape, dtype=object)
        for i, j in product(*map(range, tasks.shape)):
            function, arguments = task(
                self._blocks[i, j], self._positions[i], self._pixels[j]
            )
            tasks[i, j] = call(function)(*arguments)
        self.n_passes += 1
        combined = combine(tasks)
        if not self._lazy:
            return combined
        show = self.show_progressbar
        with _labelled_progressbar(label) if show else nullcontext():
            return dask.compute(combined)[0]


def _sum_pairwise(terms, add):
    """Sum a sequence as a balanced tree, so that few terms are alive at a time."""
    terms = list(terms)
    while len(terms) > 1:
        pairs = zip(terms[::2], terms[1::2], strict=False)
        lone = terms[len(terms) - 1 :] if len(terms) % 2 else []
        terms = [_call(add, left, right) for left, right in pairs] + lone
    return terms[0]


def _call(function, *arguments):
    lazy = any(is_dask_collection(argument) for argument in arguments)
    return (dask.delayed(function) if lazy else function)(*arguments)


def _labelled_progressbar(label):
    print(label)
    return ProgressBar()
