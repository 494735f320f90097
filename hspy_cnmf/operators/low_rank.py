"""A compressed form of the data that costs next to nothing to multiply with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hspy_cnmf.device.arrays import is_on_gpu, namespace, to_gpu
from hspy_cnmf.operators.fit import Fit
from hspy_cnmf.operators.in_file import let_go

#: Columns of long rows that are copied in double precision at a time.
_COLUMNS = 2**13

#: Positions of images that are formed at a time.
_POSITIONS = 2**15

#: The same on a GPU, which takes as long to be asked for few as for many.
_COLUMNS_ON_GPU = 2**20


def column_parts(n: int, size: int = _COLUMNS) -> Iterator[slice]:
    """Yield n columns in parts, so that copies of long rows stay small."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def gram_of_rows(rows: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """Return the products of long rows with each other, or others, in double precision.

    Parameters
    ----------
    rows, others : numpy.ndarray, shape (n, n_columns)

    Returns
    -------
    numpy.ndarray, shape (n, n_others)
    """
    others = rows if others is None else others
    products = namespace(rows).zeros((len(rows), len(others)))
    n = _COLUMNS_ON_GPU if is_on_gpu(rows) else _COLUMNS
    for part in column_parts(rows.shape[1], n):
        some = rows[:, part].astype(np.float64, copy=False)
        same = others is rows
        products += some @ (some if same else others[:, part].astype(np.float64)).T
        let_go(rows)
        let_go(others)
    return products


def gram_of_weighted(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the products of long rows, whose columns are weighted, with each other.

    Parameters
    ----------
    rows : numpy.ndarray, shape (n, n_columns)
    weights : numpy.ndarray, shape (n_columns,)

    Returns
    -------
    numpy.ndarray, shape (n, n)
    """
    products = np.zeros((len(rows), len(rows)))
    for part in column_parts(rows.shape[1]):
        products += gram_of_rows(rows[:, part] * weights[part])
        let_go(rows)
    return products


def combined_rows(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return sums of long rows, ``weights @ rows``, made some columns at a time."""
    dtype = np.result_type(weights.dtype, rows.dtype)
    shape = *weights.shape[:-1], rows.shape[1]
    combined = namespace(rows).empty(shape, dtype)
    for part in column_parts(rows.shape[1], _most_columns(rows)):
        combined[..., part] = weights @ rows[:, part]
        let_go(rows)
    return combined


def _most_columns(rows: np.ndarray) -> int:
    """Return the columns of images that are multiplied at a time."""
    return max(rows.shape[1], 1) if is_on_gpu(rows) else _POSITIONS


def gram_with_another(rows: np.ndarray, another: np.ndarray) -> np.ndarray:
    """Return the Gram matrix of long rows and another one, the last, in double.

    No copy of the rows is made for it.
    """
    n = len(rows)
    products = np.zeros((n + 1, n + 1))
    products[:n, :n] = gram_of_rows(rows)
    products[:n, n] = products[n, :n] = gram_of_rows(rows, another[np.newaxis])[:, 0]
    products[n, n] = another @ another
    return products


def inverse_of_gram(gram: np.ndarray, rounding: float = 1e-10) -> np.ndarray:
    """Return the pseudo-inverse of a Gram matrix, shape (n, n).

    Singular values below a fraction of the largest are rounding.
    """
    return np.linalg.pinv(gram, rcond=rounding, hermitian=True)


def inverse_in_any_units(gram: np.ndarray) -> np.ndarray:
    """Return an inverse of a Gram matrix of rows each of which may have its units.

    As `inverse_of_gram`, but weak rows are no rounding beside strong ones.
    """
    norms = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1))
    products = np.outer(norms, norms)
    return inverse_of_gram(gram / products) / products


def principal_turn(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what turns long rows so that the first hold most of them.

    Parameters
    ----------
    rows : numpy.ndarray, shape (n, n_columns)

    Returns
    -------
    values : numpy.ndarray, shape (n,)
        Squared norms of the turned rows, the largest first.
    turn : numpy.ndarray, shape (n, n)
        ``turn @ rows`` are orthogonal.
    """
    values, vectors = np.linalg.eigh(gram_of_rows(rows))
    return values[::-1], vectors[:, ::-1].T


@dataclass(frozen=True)
class LowRankOperator:
    """The approximation X ~ A.T @ V with orthonormal rows in V.

    Parameters
    ----------
    basis_images : numpy.ndarray, shape (rank, n_positions)
        A, the images of the scan in each basis pattern.
    basis_patterns : numpy.ndarray, shape (rank, n_pixels)
        V, orthonormal patterns that span the data.
    square_norm : float
        Squared Frobenius norm of the data themselves, not of the approximation,
        so that errors include what the approximation leaves out.
    fit : Fit or None
        What the images tell of the rest of the data, where they were formed of them.
    """

    basis_images: np.ndarray
    basis_patterns: np.ndarray
    square_norm: float
    fit: Fit | None = None

    #: Multiplying for one start at a time costs no more than for all at once.
    in_cache = True

    @property
    def shape(self) -> tuple[int, int]:
        """Number of positions and of pixels."""
        return self.basis_images.shape[1], self.basis_patterns.shape[1]

    @property
    def dtype(self) -> np.dtype:
        """Floating-point type of the products."""
        return self.basis_images.dtype

    @property
    def rank(self) -> int:
        """Number of basis patterns."""
        return len(self.basis_patterns)

    def astype(self, dtype: np.dtype) -> LowRankOperator:
        """Return this operator with another floating-point type of the products."""
        if dtype == self.dtype:
            return self
        bases = self.basis_images.astype(dtype), self.basis_patterns.astype(dtype)
        fit = None if self.fit is None else self.fit.astype(dtype)
        return LowRankOperator(*bases, self.square_norm, fit)

    def on_gpu(self) -> LowRankOperator:
        """Return the approximation with arrays on the GPU, where a loop works on it."""
        bases = to_gpu(self.basis_images), to_gpu(self.basis_patterns)
        return LowRankOperator(*bases, self.square_norm)

    def fitted(self) -> LowRankOperator:
        """Return the approximation with the patterns that its images fit best.

        They are not orthonormal. Where there is no fit, this operator itself.
        """
        if self.fit is None:
            return self
        patterns = self.basis_patterns.copy()
        patterns[: len(self.fit.patterns)] += self.fit.patterns
        return LowRankOperator(self.basis_images, patterns, self.square_norm)

    def patterns(self, loadings: np.ndarray) -> np.ndarray:
        """Return the data's patterns summed with weights, ``loadings @ X``."""
        images = self.basis_images
        products = loadings[..., :0] @ images[:, :0].T
        for part in column_parts(images.shape[1], _most_columns(images)):
            products += loadings[..., part] @ images[:, part].T
            let_go(images)
        return products @ self.basis_patterns

    def images(self, factors: np.ndarray) -> np.ndarray:
        """Return the data's virtual images, ``factors @ X.T``."""
        return combined_rows(factors @ self.basis_patterns.T, self.basis_images)

    def parts_of_images(
        self, factors: np.ndarray
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield `images` of some positions at a time: those of all are large."""
        on_basis = factors @ self.basis_patterns.T
        for part in column_parts(self.shape[0], _most_columns(self.basis_images)):
            yield part, on_basis @ self.basis_images[:, part]
            let_go(self.basis_images)
