"""A compressed form of the data that costs next to nothing to multiply with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
    """

    basis_images: np.ndarray
    basis_patterns: np.ndarray
    square_norm: float

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
        return LowRankOperator(*bases, self.square_norm)

    def patterns(self, loadings: np.ndarray) -> np.ndarray:
        """Return the data's patterns summed with weights, ``loadings @ X``."""
        return (loadings @ self.basis_images.T) @ self.basis_patterns

    def images(self, factors: np.ndarray) -> np.ndarray:
        """Return the data's virtual images, ``factors @ X.T``."""
        return (factors @ self.basis_patterns.T) @ self.basis_images
