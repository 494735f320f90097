"""A sketch corrected by one reading of the data, where an iteration ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.operators.low_rank import (
    LowRankOperator,
    gram_of_rows,
    inverse_of_gram,
)
from hspy_cnmf.operators.streamed import StreamedOperator

#: Singular values of loadings below this fraction of the largest are rounding.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class CorrectedSketch:
    r"""A sketch whose products are those of the data for some factors and loadings.

    Parameters
    ----------
    sketch : LowRankOperator
    loadings : numpy.ndarray, shape (n_components, n_positions)
    factors : numpy.ndarray, shape (n_components, n_pixels)
        For which the products are exact.
    patterns : numpy.ndarray, shape (n_components, n_pixels)
        The data's patterns summed with those loadings.
    exact_images : numpy.ndarray, shape (n_components, n_positions)
        The data's images of those factors.

    Notes
    -----
    Of other factors W than those that the data were read with, :math:`W_0`, images are

    .. math:: W X^T \approx W_0 X^T + (W - W_0) (A^T V + P R)^T

    where R is what the sketch leaves out of the data, and P R the part of it in which
    positions differ as the loadings H do, :math:`H^T (H H^T)^{-1} H R`. What
    is missed is :math:`(W - W_0) (R - P R)^T`, two small things.
    """

    sketch: LowRankOperator
    loadings: np.ndarray
    factors: np.ndarray
    patterns: np.ndarray
    exact_images: np.ndarray

    @classmethod
    def read(
        cls,
        operator: StreamedOperator,
        sketch: LowRankOperator,
        loadings: np.ndarray,
        factors: np.ndarray,
    ) -> CorrectedSketch:
        """Read the data once, for loadings and factors close to those to come."""
        patterns, images = operator.products(loadings, factors)
        return cls(sketch, loadings, factors, patterns, images)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of positions and of pixels."""
        return self.sketch.shape

    def unseen(self, factors: np.ndarray) -> np.ndarray:
        """Return by how much factors change outside the basis patterns."""
        change, basis = factors - self.factors, self.sketch.basis_patterns
        return change - (change @ basis.T) @ basis

    def images(self, factors: np.ndarray) -> np.ndarray:
        """Return the data's virtual images, ``factors @ X.T``, as far as known."""
        change = factors - self.factors
        left_out = self.patterns - self.sketch.patterns(self.loadings)
        inverse = inverse_of_gram(gram_of_rows(self.loadings), _ROUNDING)
        shares = (gram_of_rows(change, left_out) @ inverse).astype(change.dtype)
        images = self.sketch.images(change)
        for k, share in enumerate(shares):  # terms of all are as large again
            images[k] += share @ self.loadings + self.exact_images[k]
        return images
