"""What is done to one block of the data, wherever the block comes from.

A block is a hyper-rectangle of the scan, navigation axes first, in the type it is
stored in. It is read in slabs of a few patterns, so that neither the conversion to
floating point nor a mask ever copies more than a slab.
"""

from dataclasses import dataclass, replace

import numpy as np

#: A slab is small enough to stay in the processor's cache and large enough for BLAS.
SLAB_BYTES = 8 * 2**20

#: Size of a block of a NumPy array. One whose axes are transposed is copied to be read.
_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Extent:
    """The part of a block that takes part along positions or along pixels.

    Parameters
    ----------
    full_size : int
        Number of positions or pixels of the block, masked ones included.
    local : numpy.ndarray of int or None
        Indices within the flattened block; None where nothing is masked.
    target : numpy.ndarray of int
        Indices among all positions (or pixels) that take part.
    """

    full_size: int
    local: np.ndarray | None
    target: np.ndarray

    @property
    def size(self):
        """Number of positions or pixels that take part."""
        return len(self.target)


def chunks_in_memory(data):
    """Return chunks of an array along its first axis, small enough to copy one.

    Parameters
    ----------
    data : numpy.ndarray

    Returns
    -------
    tuple of tuple of int
        Chunk sizes along each axis, as Dask has them.
    """
    row_bytes = data.nbytes // max(1, len(data))
    step = max(1, _BLOCK_BYTES // max(1, row_bytes))
    sizes = [min(step, len(data) - start) for start in range(0, len(data), step)]
    return (tuple(sizes), *((n,) for n in data.shape[1:]))


def extents(chunks, keep):
    """Return the extent of each chunk of an array of positions or of pixels.

    Parameters
    ----------
    chunks : tuple of tuple of int
        Chunk sizes along each axis, as Dask has them.
    keep : numpy.ndarray of bool
        What takes part of the navigation (or signal) space.

    Returns
    -------
    list of Extent
        In C order of the chunks.
    """
    target = np.full(keep.shape, -1)
    target[keep] = np.arange(np.count_nonzero(keep))
    edges = [np.cumsum((0, *sizes)) for sizes in chunks]
    result = []
    for index in np.ndindex(*(len(sizes) for sizes in chunks)):
        box = tuple(
            slice(edge[i], edge[i + 1]) for edge, i in zip(edges, index, strict=True)
        )
        flat = target[box].ravel()
        kept = np.flatnonzero(flat >= 0)
        local = None if kept.size == flat.size else kept
        result.append(Extent(flat.size, local, flat[kept]))
    return result


@dataclass(frozen=True)
class Side:
    """What a block must know of its positions, or of its pixels, to be multiplied.

    This is what travels to where the block is read.

    Parameters
    ----------
    full_size : int
        Number of positions or pixels of the block, masked ones included.
    local : numpy.ndarray of int or None
        Those that take part, within the flattened block; None for all.
    weights : numpy.ndarray or None
        Weight of each that takes part.
    stack : numpy.ndarray or None
        Loadings at these positions, or factors in these pixels.
    """

    full_size: int
    local: np.ndarray | None
    weights: np.ndarray | None
    stack: np.ndarray | None

    @classmethod
    def of(cls, extent, weights=None, stack=None):
        """Return the side of an extent, given weights and a stack of all blocks."""
        own = (
            None if whole is None else np.take(whole, extent.target, axis=-1)
            for whole in (weights, stack)
        )
        return cls(extent.full_size, extent.local, *own)

    @property
    def size(self):
        """Number of positions or pixels that take part."""
        return self.full_size if self.local is None else len(self.local)

    def __sizeof__(self):
        """Return the bytes that travel: Dask asks where it is best to compute."""
        arrays = self.local, self.weights, self.stack
        return sum(array.nbytes for array in arrays if array is not None)


def slabs(block, positions, pixels, dtype):
    """Yield a block as matrices of a few rows.

    Parameters
    ----------
    block : numpy.ndarray
        The data as stored.
    positions, pixels : Side
        What takes part of the block, and its weights.
    dtype : numpy.dtype
        Floating-point type to convert to.

    Yields
    ------
    rows : slice
        Where the rows stand among the positions that take part of the block.
    matrix : numpy.ndarray, shape (n_rows, n_pixels)
        The patterns as rows.
    """
    matrix = np.asarray(block).reshape(positions.full_size, pixels.full_size)
    step = max(1, SLAB_BYTES // max(1, pixels.size * np.dtype(dtype).itemsize))
    for start in range(0, positions.size, step):
        rows = slice(start, start + step)
        slab = matrix[rows if positions.local is None else positions.local[rows]]
        if pixels.local is not None:
            slab = slab[:, pixels.local]
        slab = slab.astype(dtype, copy=False)
        if positions.weights is not None:
            slab = slab * positions.weights[rows, np.newaxis]
        if pixels.weights is not None:
            slab = slab * pixels.weights
        yield rows, slab


# Each of the following returns two things: what belongs to this block alone, and a
# term of the sum over all blocks that have the same pixels.


def block_images(block, positions, pixels):
    """Return a block's share of ``factors @ X.T``, for factors on its pixels."""
    images = np.empty((len(pixels.stack), positions.size), pixels.stack.dtype)
    for rows, matrix in slabs(block, positions, pixels, images.dtype):
        np.matmul(pixels.stack, matrix.T, out=images[:, rows])
    return images, None


def block_images_and_square_norm(block, positions, pixels):
    """Return a block's share of ``factors @ X.T`` and of the squared norm of X."""
    images = np.empty((len(pixels.stack), positions.size), pixels.stack.dtype)
    square_norm = 0.0
    for rows, matrix in slabs(block, positions, pixels, images.dtype):
        np.matmul(pixels.stack, matrix.T, out=images[:, rows])
        square_norm += np.einsum("ij,ij->", matrix, matrix, dtype=np.float64)
    return (images, square_norm), None


def block_patterns(block, positions, pixels):
    """Return a block's share of ``loadings @ X``, for loadings at its positions.

    The sum is in double precision.
    """
    loadings = positions.stack
    patterns = np.zeros((len(loadings), pixels.size))
    for rows, matrix in slabs(block, positions, pixels, loadings.dtype):
        patterns += loadings[:, rows] @ matrix
    return None, patterns


def inspect_block(block, positions, pixels):
    """Return a block's `Inspection` and share of ``factors @ X.T``, and pixel sums."""
    inspection = Inspection(np.zeros(positions.size), np.zeros(pixels.size))
    images = np.empty((len(pixels.stack), positions.size), pixels.stack.dtype)
    for rows, matrix in slabs(block, positions, pixels, images.dtype):
        inspection.add(rows, matrix)
        with np.errstate(invalid="ignore", over="ignore"):
            np.matmul(pixels.stack, matrix.T, out=images[:, rows])
    return (replace(inspection, pixel_sums=None), images), inspection.pixel_sums


@dataclass
class Inspection:
    """What one reading of the data tells before any work is done with them.

    Parameters
    ----------
    position_sums : numpy.ndarray, shape (n_positions,)
        Counts at every position.
    pixel_sums : numpy.ndarray, shape (n_pixels,)
        Counts in every pixel.
    square_norm : float
        Squared Frobenius norm.
    minimum, maximum : float
        Extreme values, of those that are finite.
    n_not_finite, n_negative : int
        Number of NaN and infinite values, and of negative ones.
    first_not_finite : tuple of int or None
        Position and pixel (among those that take part) of the first such value.
    """

    position_sums: np.ndarray
    pixel_sums: np.ndarray
    square_norm: float = 0.0
    minimum: float = np.inf
    maximum: float = -np.inf
    n_not_finite: int = 0
    n_negative: int = 0
    first_not_finite: tuple | None = None

    def add(self, rows, matrix):
        """Take a slab of the data into account."""
        finite = np.isfinite(matrix)
        if not finite.all():
            self.n_not_finite += int(np.count_nonzero(~finite))
            if self.first_not_finite is None:
                row, column = np.argwhere(~finite)[0]
                self.first_not_finite = int(row) + rows.start, int(column)
            matrix = np.where(finite, matrix, 0)
        self.position_sums[rows] += matrix.sum(axis=1, dtype=np.float64)
        self.pixel_sums += matrix.sum(axis=0, dtype=np.float64)
        self.square_norm += np.einsum("ij,ij->", matrix, matrix, dtype=np.float64)
        self.minimum = min(self.minimum, float(matrix.min(initial=np.inf)))
        self.maximum = max(self.maximum, float(matrix.max(initial=-np.inf)))
        self.n_negative += int(np.count_nonzero(matrix < 0))

    def add_block(self, block, positions, pixels):
        """Take the inspection of a block at these extents into account.

        All but its pixel sums, which are sums over blocks already.
        """
        self.position_sums[positions.target] += block.position_sums
        self.square_norm += block.square_norm
        self.minimum = min(self.minimum, block.minimum)
        self.maximum = max(self.maximum, block.maximum)
        self.n_not_finite += block.n_not_finite
        self.n_negative += block.n_negative
        if self.first_not_finite is None and block.first_not_finite is not None:
            row, column = block.first_not_finite
            self.first_not_finite = (
                int(positions.target[row]),
                int(pixels.target[column]),
            )
