"""A sketch of data that were divided by scales, as one of the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from hspy_cnmf.device.arrays import to_gpu
from hspy_cnmf.operators.low_rank import (
    LowRankOperator,
    gram_of_rows,
    gram_of_weighted,
)


@dataclass(frozen=True)
class UndividedSketch(LowRankOperator):
    """A low-rank approximation whose products are multiplied by a scale of positions.

    Images of all positions are large: those of the divided data serve, uncopied.

    Parameters
    ----------
    basis_images : numpy.ndarray, shape (rank, n_positions)
        Of the divided data.
    basis_patterns : numpy.ndarray, shape (rank, n_pixels)
        Of the data as they are; not orthonormal.
    square_norm : float
        Squared norm of the approximation of the data as they are.
    position_scale : numpy.ndarray, shape (n_positions,)
        What positions were divided by.
    """

    position_scale: np.ndarray = field(kw_only=True)

    @classmethod
    def from_divided(
        cls, sketch: LowRankOperator, by_position: np.ndarray, by_pixel: np.ndarray
    ) -> UndividedSketch:
        """Return what a sketch of data divided by two scales is of the data.

        Parameters
        ----------
        sketch : LowRankOperator
        by_position : numpy.ndarray, shape (n_positions,)
        by_pixel : numpy.ndarray, shape (n_pixels,)
        """
        patterns = sketch.basis_patterns * by_pixel.astype(sketch.dtype)
        scale = by_position.astype(sketch.dtype)
        of_images = gram_of_weighted(sketch.basis_images, scale)
        norm = float(np.vdot(of_images, gram_of_rows(patterns)))
        return cls(sketch.basis_images, patterns, norm, position_scale=scale)

    def on_gpu(self) -> UndividedSketch:
        """Return the approximation with arrays on the GPU, where a loop works on it."""
        bases = to_gpu(self.basis_images), to_gpu(self.basis_patterns)
        scale = to_gpu(self.position_scale)
        return UndividedSketch(*bases, self.square_norm, position_scale=scale)

    def patterns(self, loadings: np.ndarray) -> np.ndarray:
        """Return the data's patterns summed with weights, ``loadings @ X``."""
        return super().patterns(loadings * self.position_scale)

    def images(self, factors: np.ndarray) -> np.ndarray:
        """Return the data's virtual images, ``factors @ X.T``."""
        images = super().images(factors)
        images *= self.position_scale
        return images

    def parts_of_images(
        self, factors: np.ndarray
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield `images` of some positions at a time."""
        for part, images in super().parts_of_images(factors):
            yield part, images * self.position_scale[part]
