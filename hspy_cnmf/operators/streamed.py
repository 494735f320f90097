"""The data themselves, in memory or streamed from Dask chunks."""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

import numpy as np

from hspy_cnmf.operators import products
from hspy_cnmf.operators.fit import Compressed
from hspy_cnmf.operators.in_file import long_rows
from hspy_cnmf.operators.inspected import InspectedScan

#: What positions and pixels are divided by, None for nothing.
Scales: TypeAlias = tuple[np.ndarray | None, np.ndarray | None]


class StreamedOperator(InspectedScan):
    """A scan in memory or in Dask chunks behind the two products.

    Parameters
    ----------
    data, keep_positions, keep_pixels, show_progressbar, max_memory
        See `BlockReader`.
    """

    #: Every product reads the data: better one for all starts.
    in_cache = False

    @property
    def square_norm(self) -> float:
        """Squared Frobenius norm of the (weighted) data that take part."""
        if self._square_norm is None:
            self.images(np.zeros((0, self.shape[1]), self.dtype))
        return float(self._square_norm or 0.0)

    @property
    def _targets(self) -> list[np.ndarray]:
        """Where what is summed over each column of blocks belongs, in all patterns."""
        return [pixels.target for pixels in self.reader.pixels]

    @property
    def readings_of_span(self) -> int:
        """How often `span` reads the data."""
        return 1 if self.reader.holds_patterns else 2

    def span(self, factors: np.ndarray) -> np.ndarray:
        """Return patterns that span those of the data, as far as factors see them.

        The data are read once, or twice where chunks divide patterns.

        Parameters
        ----------
        factors : numpy.ndarray, shape (n, n_pixels)

        Returns
        -------
        numpy.ndarray, shape (n, n_pixels)
            ``(factors @ X.T) @ X``
        """
        if self.readings_of_span > 1:
            return self.patterns(self.images(factors))
        factors, _ = self._flatten(factors)
        kept, (span,) = self._read(
            "Summing patterns",
            products.block_span,
            factors=factors,
            n_sums=len(factors),
        )
        self._check_sums([sum(row) for row in kept])
        return span

    def products(
        self, loadings: np.ndarray, factors: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return `patterns` of loadings and `images` of factors, from one reading."""
        (loadings, _), (factors, _) = map(self._flatten, (loadings, factors))
        images = np.empty((len(factors), self.shape[0]), self.dtype)
        (sums,), shares = self._read_images(
            "Last iteration",
            products.block_products,
            images,
            factors,
            loadings=loadings,
        )
        self._check_sums(sums)
        patterns = np.zeros((len(loadings), self.shape[1]), self.dtype)
        for pixels, share in zip(self.reader.pixels, shares, strict=True):
            patterns[:, pixels.target] = share
        return patterns, images

    def images(self, factors: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return the data's virtual images, ``factors @ X.T``.

        They are in an array of their shape and type, (n, n_positions), if one is given.
        """
        factors, leading = self._flatten(factors)
        asked = self._square_norm is None
        function = partial(products.block_images, with_square_norm=asked)
        shape = len(factors), self.shape[0]
        fits = out is not None and out.shape == shape
        images = out if out is not None and fits else np.empty(shape, self.dtype)
        (sums, squares), _ = self._read_images(
            "Forming images", function, images, factors
        )
        self._check_sums(sums)
        if asked:
            self._square_norm = float(sum(squares))
        return images.reshape(*leading, self.shape[0])

    def patterns(self, loadings: np.ndarray) -> np.ndarray:
        """Return the data's patterns summed with weights, ``loadings @ X``."""
        loadings, leading = self._flatten(loadings)
        kept, sums = self._read(
            "Summing patterns", products.block_patterns, loadings=loadings
        )
        self._check_sums([sum(row) for row in kept])
        patterns = np.zeros((len(loadings), self.shape[1]), self.dtype)
        for target, share in zip(self._targets, sums, strict=True):
            # Cells may be in several columns of blocks; row by row, as all is large.
            for row, own in zip(patterns, share, strict=True):
                row[target] += own
        return patterns.reshape(*leading, self.shape[1])

    def compress(self, basis: np.ndarray, n: int) -> Compressed:
        """Read the data for their images of a basis, and what the first n fit.

        They are read once, or twice where chunks divide patterns.

        Parameters
        ----------
        basis : numpy.ndarray, shape (rank, n_pixels)
        n : int
            Number of images that patterns are summed with.
        """
        basis, _ = self._flatten(basis)
        whole, (n_positions, n_pixels) = self.reader.holds_patterns, self.shape
        shape = len(basis), n_positions
        images = long_rows(shape, self.dtype, self.reader.max_memory)
        (sums, squares), shares = self._read_images(
            "Forming images",
            partial(products.block_compressed, n=n if whole else 0),
            images,
            basis,
            n_sums=n,
        )
        self._check_sums(sums)
        of_positions, of_pixels = np.zeros(n_positions), np.zeros(n_pixels)
        for positions, square in zip(self.reader.positions, squares, strict=True):
            of_positions[positions.target] = square
        for pixels, share in zip(self.reader.pixels, shares, strict=True):
            of_pixels[pixels.target] = share.of_pixels
        if self._square_norm is None:
            self._square_norm = float(of_positions.sum())
        patterns = shares[0].patterns if whole else self.patterns(images[:n])
        return Compressed(images, patterns, of_positions, of_pixels)
