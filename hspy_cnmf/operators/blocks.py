"""What is done to one block of the data, wherever the block comes from.

A block is a hyper-rectangle of the scan, navigation axes first, in the type it is
stored in. It is read in slabs of a few patterns, so that neither the conversion to
floating point nor a mask ever copies more than a slab.
"""

from dataclasses import dataclass

import numpy as np

#: A slab is small enough to stay in the processor's cache and large enough for BLAS.
SLAB_BYTES = 8 * 2**20


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


def slabs(block, positions, pixels, dtype, weights=(None, None)):
    """Yield a block as matrices of a few rows.

    Parameters
    ----------
    block : numpy.ndarray
        The data as stored.
    positions, pixels : Extent
        What takes part of the block.
    dtype : numpy.dtype
        Floating-point type to convert to.
    weights : tuple of (numpy.ndarray or None), optional
        Weight of each position and of each pixel that takes part of the block.

    Yields
    ------
    rows : slice
        Where the rows stand among the positions that take part of the block.
    matrix : numpy.ndarray, shape (n_rows, n_pixels)
        The patterns as rows.
    """
    position_weights, pixel_weights = weights
    matrix = np.asarray(block).reshape(positions.full_size, pixels.full_size)
    step = max(1, SLAB_BYTES // max(1, pixels.size * np.dtype(dtype).itemsize))
    for start in range(0, positions.size, step):
        rows = slice(start, start + step)
        slab = matrix[rows if positions.local is None else positions.local[rows]]
        if pixels.local is not None:
            slab = slab[:, pixels.local]
        slab = slab.astype(dtype, copy=False)
        if position_weights is not None:
            slab = slab * position_weights[rows, np.newaxis]
        if pixel_weights is not None:
            slab = slab * pixel_weights
        yield rows, slab


def block_images(block, positions, pixels, weights, factors):
    """Return a block's share of ``factors @ X.T``, for factors on its pixels."""
    return block_images_and_square_norm(
        block, positions, pixels, weights, factors, with_square_norm=False
    )[1]


def block_images_and_square_norm(
    block, positions, pixels, weights, factors, with_square_norm=True
):
    """Return a block's share of the squared norm of X and of ``factors @ X.T``."""
    images = np.empty((len(factors), positions.size), factors.dtype)
    square_norm = 0.0
    for rows, matrix in slabs(block, positions, pixels, factors.dtype, weights):
        np.matmul(factors, matrix.T, out=images[:, rows])
        if with_square_norm:
            square_norm += np.einsum("ij,ij->", matrix, matrix, dtype=np.float64)
    return square_norm, images


def block_patterns(block, positions, pixels, weights, loadings):
    """Return a block's share of ``loadings @ X``, for loadings at its positions.

    The sum is in double precision.
    """
    patterns = np.zeros((len(loadings), pixels.size))
    for rows, matrix in slabs(block, positions, pixels, loadings.dtype, weights):
        patterns += loadings[:, rows] @ matrix
    return patterns


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

    def add(self, rows, columns, matrix):
        """Take a slab of the data into account."""
        finite = np.isfinite(matrix)
        if not finite.all():
            self.n_not_finite += int(np.count_nonzero(~finite))
            if self.first_not_finite is None:
                row, column = np.argwhere(~finite)[0]
                self.first_not_finite = int(rows[row]), int(columns[column])
            matrix = np.where(finite, matrix, 0)
        self.position_sums[rows] += matrix.sum(axis=1, dtype=np.float64)
        self.pixel_sums[columns] += matrix.sum(axis=0, dtype=np.float64)
        self.square_norm += np.einsum("ij,ij->", matrix, matrix, dtype=np.float64)
        self.minimum = min(self.minimum, float(matrix.min(initial=np.inf)))
        self.maximum = max(self.maximum, float(matrix.max(initial=-np.inf)))
        self.n_negative += int(np.count_nonzero(matrix < 0))

    def merge(self, other):
        """Return this inspection with that of another part of the data added."""
        return Inspection(
            self.position_sums + other.position_sums,
            self.pixel_sums + other.pixel_sums,
            self.square_norm + other.square_norm,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            self.n_not_finite + other.n_not_finite,
            self.n_negative + other.n_negative,
            self.first_not_finite or other.first_not_finite,
        )


def inspect_block(block, positions, pixels, shape, factors):
    """Return the `Inspection` of one block of data of `shape` (positions, pixels).

    Returns also the block's share of ``factors @ X.T``, from the same reading.
    """
    inspection = Inspection(np.zeros(shape[0]), np.zeros(shape[1]))
    images = np.empty((len(factors), positions.size), factors.dtype)
    for rows, matrix in slabs(block, positions, pixels, factors.dtype):
        inspection.add(positions.target[rows], pixels.target, matrix)
        with np.errstate(invalid="ignore", over="ignore"):
            np.matmul(factors, matrix.T, out=images[:, rows])
    return inspection, images
