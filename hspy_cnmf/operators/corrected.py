"""A sketch corrected by one reading of the data, where an iteration ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.operators.low_rank import LowRankOperator, gram_of_rows
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

    .. math:: W X^T \approx W_0 X^T + (W - W_0) (A^T V)^T

    which misses :math:`(W - W_0) (X - A^T V)^T`: two small things. It is exact for
    :math:`W_0 + (W - W_0) V^T V`, the factors that are `seen`.
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

    @property
    def left_out(self) -> float:
        """Squared Frobenius norm of what the sketch leaves out of the data."""
        kept = np.trace(gram_of_rows(self.sketch.basis_images))
        return max(self.sketch.square_norm - float(kept), 0.0)

    def seen(self, factors: np.ndarray) -> np.ndarray:
        """Return the factors, close to these, of which `images` are exact."""
        change = (factors - self.factors) @ self.sketch.basis_patterns.T
        return self.factors + change @ self.sketch.basis_patterns

    def images(self, factors: np.ndarray) -> np.ndarray:
        """Return the data's virtual images, ``factors @ X.T``."""
        return self.exact_images + self.sketch.images(factors - self.factors)

    def missed(self, factors: np.ndarray, loadings: np.ndarray) -> float:
        """Return by how much the data agree with a model better than `images` do.

        It is the sum over the product of what images of factors miss and of loadings,
        as far as these are sums of the loadings that the data were read with.
        """
        own = gram_of_rows(self.loadings)
        shares = gram_of_rows(loadings, self.loadings) @ np.linalg.pinv(
            own, rcond=_ROUNDING, hermitian=True
        )
        left_out = self.patterns - self.sketch.patterns(self.loadings)
        return float(np.vdot(factors - self.factors, shares @ left_out))
