"""What a sketch cannot do without: chunks read twice, multiplied, and no more.

Written with Dask and NumPy alone, so that it does not share a mistake of ours.
"""

import dask
import numpy as np
from dask import delayed

from hspy_cnmf.operators.threads import single_threaded_blas

#: Patterns converted to floating point at a time: with whole chunks, which leave the
#: processor's cache, the same takes longer.
_SLAB_BYTES = 8 * 2**20


def two_readings(data, rank):
    """Read data twice and do the products of a sketch, on random matrices.

    Parameters
    ----------
    data : dask.array.Array, shape (n_y, n_x, *detector_shape)
        Chunks of whole patterns.
    rank : int
        Of the sketch.
    """
    rng = np.random.default_rng(0)
    n_pixels = data[0, 0].size
    factors = rng.standard_normal((rank, n_pixels), dtype=np.float32)
    blocks = data.to_delayed().reshape(data.numblocks[:2])

    def images(block):
        return np.concatenate([factors @ slab.T for _, slab in _slabs(block)], axis=1)

    def span(block):
        total = np.zeros((rank, n_pixels))
        for _, slab in _slabs(block):
            total += (factors @ slab.T) @ slab
        return total

    def all_images():
        dask.compute(*(delayed(images)(block) for block in blocks.flat))

    with single_threaded_blas():  # the threads share blocks
        _sum([delayed(span)(block) for block in blocks.flat]).compute()
        all_images()


def _slabs(block):
    """Yield a block as matrices of a few patterns in single precision."""
    matrix = block.reshape(block.shape[0] * block.shape[1], -1)
    step = max(1, _SLAB_BYTES // (4 * matrix.shape[1]))
    for start in range(0, len(matrix), step):
        rows = slice(start, start + step)
        yield rows, matrix[rows].astype(np.float32)


def _sum(terms):
    while len(terms) > 1:
        pairs = [terms[i : i + 2] for i in range(0, len(terms), 2)]
        terms = [delayed(sum)(pair) for pair in pairs]
    return terms[0]
