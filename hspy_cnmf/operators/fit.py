"""What a sketch leaves out of the data, as far as the reading that made it tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hspy_cnmf.operators.in_file import let_go

#: Eigenvalues of the Gram matrix of images below this fraction of the largest are
#: rounding.
_ROUNDING = 1e-9

#: Pixels that are copied in double precision at a time.
_COLUMNS = 2**15


class Compressed(NamedTuple):
    """What one reading tells of data and a basis.

    Parameters
    ----------
    images : numpy.ndarray, shape (rank, n_positions)
        Of the basis patterns.
    patterns : numpy.ndarray, shape (n, n_pixels)
        The data's patterns summed with the first n images.
    of_positions, of_pixels : numpy.ndarray
        Squared norm of each pattern and of each pixel.
    """

    images: np.ndarray
    patterns: np.ndarray
    of_positions: np.ndarray
    of_pixels: np.ndarray


@dataclass(frozen=True, eq=False)
class Fit:
    r"""What a sketch of data X, :math:`A^T V`, leaves out of them.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n, n_pixels)
        What the first n images fit in what is left out: orthogonal to the basis
        patterns. Added to the first n of these, they are the patterns of the images.
    of_positions : numpy.ndarray, shape (n_positions,)
        Squared norm of what the sketch leaves out of each pattern.
    of_pixels : numpy.ndarray, shape (n_pixels,)
        Squared norm of what is left out of each pixel, with the fit; nearly, as it is
        not known how pixels go with the images that are not fitted.

    Notes
    -----
    With the first images :math:`A_n`, in the reading that forms them :math:`A_n X` is
    summed up, too, so that the least squares fit of all pixels is known,

    .. math:: T = (A_n A_n^T)^{-1} A_n (X - A^T V)

    Loadings in the span of those images have their exact patterns in it: the noise of
    the counts that belongs to them, which basis patterns do not hold.
    """

    patterns: np.ndarray
    of_positions: np.ndarray
    of_pixels: np.ndarray

    @classmethod
    def from_reading(cls, told: Compressed, basis: np.ndarray, gram: np.ndarray) -> Fit:
        """Return the fit of basis patterns whose images have this Gram matrix."""
        n, n_pixels = told.patterns.shape
        inverse = np.linalg.pinv(gram[:n, :n], rcond=_ROUNDING, hermitian=True)
        fitted, of_pixels = np.empty((n, n_pixels), basis.dtype), told.of_pixels.copy()
        for start in range(0, n_pixels, _COLUMNS):
            part = slice(start, start + _COLUMNS)
            whole = basis[:, part].astype(float)
            fitted[:, part] = inverse @ (told.patterns[:, part] - gram[:n] @ whole)
            whole[:n] += fitted[:, part]
            of_pixels[part] -= np.einsum("ij,ij->j", whole, gram @ whole)
        of_positions = told.of_positions.copy()
        for start in range(0, len(of_positions), _COLUMNS):
            part = slice(start, start + _COLUMNS)
            images = told.images[:, part]
            of_positions[part] -= np.einsum("ij,ij->j", images, images)
            let_go(told.images)
        of_positions = np.maximum(of_positions, 0, out=of_positions)
        return cls(fitted, of_positions.astype(basis.dtype), np.maximum(of_pixels, 0))

    def astype(self, dtype: np.dtype) -> Fit:
        """Return this fit with another type of patterns."""
        return replace(self, patterns=self.patterns.astype(dtype))
