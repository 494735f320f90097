"""The data themselves, in memory or streamed from Dask chunks."""

from contextlib import nullcontext
from copy import copy
from itertools import pairwise, product

import dask
import numpy as np
from dask.base import is_dask_collection
from dask.diagnostics import ProgressBar

from hspy_cnmf.operators import blocks

#: Size of a block of a NumPy array. One whose axes are transposed is copied to be read.
_BLOCK_BYTES = 64 * 2**20


class StreamedOperator:
    """A scan in memory or in Dask chunks, read block by block where it lies.

    Nothing of the size of the data is ever made: no masked, transposed, rechunked or
    floating-point copy. A NumPy array is read in blocks, too.

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

    #: Every product reads the data: better one for all starts.
    in_cache = False

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
        chunks = data.chunks if self._lazy else _chunks_in_memory(data)
        self._positions = blocks.extents(chunks[:n_navigation], keep_positions)
        self._pixels = blocks.extents(chunks[n_navigation:], keep_pixels)
        grid = (len(self._positions), len(self._pixels))
        if self._lazy:
            self._blocks = data.to_delayed().reshape(grid)
        else:
            self._blocks = np.empty(grid, dtype=object)
            edges = np.cumsum((0, *chunks[0]))
            for i, (start, stop) in enumerate(pairwise(edges)):
                self._blocks[i, 0] = data[start:stop]

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
        shared = self._shared(factors, self._pixels)
        shares = self._read(
            "Inspecting the data",
            blocks.inspect_block,
            lambda i, j: (self.shape, shared[j]),
            _pair_combined(blocks.Inspection.merge),
        )
        inspection, images = shares
        if self.weights == (None, None):
            self._square_norm = inspection.square_norm
        return inspection, self._assembled(images, len(factors))

    def images(self, factors):
        """Return the data's virtual images, ``factors @ X.T``."""
        factors, leading = self._flatten(factors)
        shared, weights = self._shared(factors, self._pixels), self._shared_weights()
        if self._square_norm is not None:
            shares = self._read(
                "Forming images",
                blocks.block_images,
                lambda i, j: (weights(i, j), shared[j]),
                lambda tasks: tasks.tolist(),
            )
        else:
            norm, shares = self._read(
                "Forming images",
                blocks.block_images_and_square_norm,
                lambda i, j: (weights(i, j), shared[j]),
                _pair_combined(np.add),
            )
            self._square_norm = float(norm)
        images = self._assembled(shares, len(factors))
        return images.reshape(*leading, self.shape[0])

    def _assembled(self, shares, n_images):
        """Put images of blocks together; those of one position and many pixels add."""
        images = np.zeros((n_images, self.shape[0]), self.dtype)
        for positions, row in zip(self._positions, shares, strict=True):
            images[:, positions.target] = sum(row)
        return images

    def patterns(self, loadings):
        """Return the data's patterns summed with weights, ``loadings @ X``."""
        loadings, leading = self._flatten(loadings)
        shared, weights = (
            self._shared(loadings, self._positions),
            self._shared_weights(),
        )
        shares = self._read(
            "Summing patterns",
            blocks.block_patterns,
            lambda i, j: (weights(i, j), shared[i]),
            lambda tasks: [_sum_pairwise(column, np.add) for column in tasks.T],
        )
        patterns = np.zeros((len(loadings), self.shape[1]), self.dtype)
        for pixels, share in zip(self._pixels, shares, strict=True):
            patterns[:, pixels.target] = share
        return patterns.reshape(*leading, self.shape[1])

    def _flatten(self, stack):
        stack = np.asarray(stack, self.dtype)
        return stack.reshape(-1, stack.shape[-1]), stack.shape[:-1]

    def _shared(self, stack, extents):
        """Return each chunk's part of a stack, as one node of the graph if lazy.

        So it travels once to where it is needed, not once with every block.
        """
        parts = (np.take(stack, extent.target, axis=-1) for extent in extents)
        return [self._share(np.ascontiguousarray(part)) for part in parts]

    def _share(self, value):
        return dask.delayed(value, traverse=False) if self._lazy else value

    def _shared_weights(self):
        """Return a function of a block's place to the weights of its rows, columns."""
        rows, columns = (
            [None] * len(extents) if weights is None else self._shared(weights, extents)
            for weights, extents in zip(
                self.weights, (self._positions, self._pixels), strict=True
            )
        )
        return lambda i, j: (rows[i], columns[j])

    def _read(self, label, function, arguments, combine):
        """Apply a function to every block and combine the results.

        The order of every sum is fixed by the layout, not by which block is read
        first, so that the same call gives the same bits under any scheduler.
        """
        call = dask.delayed(function) if self._lazy else function
        tasks = np.empty(self._blocks.shape, dtype=object)
        pixels = [self._share(extent) for extent in self._pixels]
        for i, j in product(*map(range, tasks.shape)):
            tasks[i, j] = call(
                self._blocks[i, j],
                self._positions[i],
                pixels[j],
                *arguments(i, j),
            )
        self.n_passes += 1
        combined = combine(tasks)
        if not self._lazy:
            return combined
        show = self.show_progressbar
        with _labelled_progressbar(label) if show else nullcontext():
            return dask.compute(combined)[0]


def _chunks_in_memory(data):
    """Return chunks along the first axis, small enough that one may be copied."""
    row_bytes = data.nbytes // max(1, len(data))
    step = max(1, _BLOCK_BYTES // max(1, row_bytes))
    sizes = [min(step, len(data) - start) for start in range(0, len(data), step)]
    return (tuple(sizes), *((n,) for n in data.shape[1:]))


def _pair_combined(add):
    """Return how to combine pairs: the first are summed, the second kept apart."""

    def combine(tasks):
        first, second = np.empty_like(tasks), np.empty_like(tasks)
        for index, task in np.ndenumerate(tasks):
            first[index], second[index] = task[0], task[1]
        return _sum_pairwise(first.ravel(), add), second.tolist()

    return combine


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
