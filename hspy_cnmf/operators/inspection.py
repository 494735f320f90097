"""What one reading of the data tells before any work is done with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class PixelTotals:
    """What is told of pixels by a part of the positions; parts are added.

    Parameters
    ----------
    sums : numpy.ndarray, shape (3, n_pixels)
        Of counts, of their squares, and numbers of values that are not finite.
    maxima : numpy.ndarray, shape (n_pixels,)
    span : numpy.ndarray, shape (n, n_pixels)
        Patterns summed with images as weights; of no image by default.
    """

    sums: np.ndarray
    maxima: np.ndarray
    span: np.ndarray

    def __add__(self, other: PixelTotals) -> PixelTotals:
        """Return what both parts tell together."""
        return PixelTotals(
            self.sums + other.sums,
            np.maximum(self.maxima, other.maxima),
            self.span + other.span,
        )


@dataclass
class Inspection:
    """What one reading of the data tells before any work is done with them.

    Parameters
    ----------
    position_sums : numpy.ndarray, shape (n_positions,)
        Counts at every position.
    pixel_sums : numpy.ndarray, shape (n_pixels,)
        Counts in every pixel.
    pixel_square_sums : numpy.ndarray, shape (n_pixels,)
        Sums of their squares; empty where a sketch that was kept has none.
    pixel_blanks : numpy.ndarray, shape (n_pixels,)
        Number of values of every pixel that are NaN or infinite; empty likewise.
    pixel_maxima : numpy.ndarray, shape (n_pixels,)
        Largest value of every pixel; empty likewise.
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
    pixel_square_sums: np.ndarray = field(default_factory=lambda: np.empty(0))
    pixel_blanks: np.ndarray = field(default_factory=lambda: np.empty(0))
    pixel_maxima: np.ndarray = field(default_factory=lambda: np.empty(0))
    square_norm: float = 0.0
    minimum: float = np.inf
    maximum: float = -np.inf
    n_not_finite: int = 0
    n_negative: int = 0
    first_not_finite: tuple[int, int] | None = None

    @classmethod
    def of_nothing(cls, n_positions: int, n_pixels: int) -> Inspection:
        """Return the inspection of no data yet."""
        sums, squares, blanks = np.zeros((3, n_pixels))
        maxima = np.full(n_pixels, -np.inf)
        return cls(np.zeros(n_positions), sums, squares, blanks, maxima)

    def pixels(self, span: np.ndarray | None = None) -> PixelTotals:
        """Return all that is told of pixels, with patterns that were summed up."""
        sums = self.pixel_sums, self.pixel_square_sums, self.pixel_blanks
        span = np.empty((0, len(self.pixel_sums))) if span is None else span
        return PixelTotals(np.stack(sums), self.pixel_maxima, span)

    def set_pixels(self, target: np.ndarray, totals: PixelTotals) -> None:
        """Take what all positions together tell of some pixels."""
        self.pixel_sums[target] = totals.sums[0]
        self.pixel_square_sums[target] = totals.sums[1]
        self.pixel_blanks[target] = totals.sums[2]
        self.pixel_maxima[target] = totals.maxima

    def without(self, bad: np.ndarray, left_out: np.ndarray) -> Inspection:
        """Return what is told of the other pixels.

        The lowest value, and the first that is not finite, are those of all.

        Parameters
        ----------
        bad : numpy.ndarray of bool, shape (n_pixels,)
        left_out : numpy.ndarray, shape (n_positions,)
            What pixels that are bad hold together.
        """
        squares, maxima = self.pixel_square_sums[~bad], self.pixel_maxima[~bad]
        blanks = self.pixel_blanks[~bad]
        n_blank = int(blanks.sum())
        return replace(
            self,
            position_sums=self.position_sums - left_out,
            pixel_sums=self.pixel_sums[~bad],
            pixel_square_sums=squares,
            pixel_blanks=blanks,
            pixel_maxima=maxima,
            square_norm=float(squares.sum()),
            maximum=float(maxima.max(initial=-np.inf)),
            n_not_finite=n_blank,
            first_not_finite=self.first_not_finite if n_blank else None,
        )

    def add(self, rows: slice, matrix: np.ndarray) -> np.ndarray:
        """Take a slab of the data into account; return it, zero where not finite."""
        with np.errstate(invalid="ignore"):
            sums = matrix.sum(axis=1, dtype=np.float64)
        if not np.isfinite(sums).all():
            finite = np.isfinite(matrix)
            row, column = np.argwhere(~finite)[0]
            self.add_blanks(rows, np.count_nonzero(~finite, axis=0), (row, column))
            matrix = np.where(finite, matrix, 0)
            sums = matrix.sum(axis=1, dtype=np.float64)
        squares = np.einsum("ij,ij->j", matrix, matrix, dtype=np.float64)
        lowest = float(matrix.min(initial=np.inf))
        self.add_counts(
            rows,
            sums,
            (matrix.sum(axis=0, dtype=np.float64), squares),
            matrix.max(axis=0, initial=-np.inf),
            lowest,
            int(np.count_nonzero(matrix < 0)) if lowest < 0 else 0,
        )
        return matrix

    def add_blanks(
        self, rows: slice, of_pixels: np.ndarray, first: tuple[int, int]
    ) -> None:
        """Take values of a slab that are not finite into account.

        Parameters
        ----------
        rows : slice
            Where the slab stands.
        of_pixels : numpy.ndarray of int, shape (n_pixels,)
            Number of them.
        first : tuple of int
            Row of the slab and pixel of the first.
        """
        self.pixel_blanks += of_pixels
        self.n_not_finite += int(of_pixels.sum())
        if self.first_not_finite is None:
            self.first_not_finite = int(first[0]) + rows.start, int(first[1])

    def add_counts(
        self,
        rows: slice,
        position_sums: np.ndarray,
        pixel_sums: tuple[np.ndarray, np.ndarray],
        maxima: np.ndarray,
        lowest: float,
        n_negative: int,
    ) -> None:
        """Take what is told of a slab, of values that are finite, into account.

        Parameters
        ----------
        rows : slice
            Where the slab stands.
        position_sums : numpy.ndarray, shape (n_rows,)
        pixel_sums : tuple of numpy.ndarray, shape (n_pixels,)
            Sums of values and of their squares.
        maxima : numpy.ndarray, shape (n_pixels,)
        lowest : float
        n_negative : int
        """
        sums, squares = pixel_sums
        self.position_sums[rows] += position_sums
        self.pixel_sums += sums
        self.pixel_square_sums += squares
        np.maximum(self.pixel_maxima, maxima, out=self.pixel_maxima)
        self.square_norm += float(squares.sum())
        self.minimum = min(self.minimum, lowest)
        self.maximum = max(self.maximum, float(maxima.max(initial=-np.inf)))
        self.n_negative += n_negative

    def add_block(
        self, block: Inspection, positions: np.ndarray, pixels: np.ndarray
    ) -> None:
        """Take the inspection of a block into account.

        All but what is told of pixels, which are sums over blocks already.

        Parameters
        ----------
        block : Inspection
        positions, pixels : numpy.ndarray of int
            Where those of the block stand among all that take part.
        """
        self.position_sums[positions] += block.position_sums
        self.square_norm += block.square_norm
        self.minimum = min(self.minimum, block.minimum)
        self.maximum = max(self.maximum, block.maximum)
        self.n_not_finite += block.n_not_finite
        self.n_negative += block.n_negative
        if self.first_not_finite is None and block.first_not_finite is not None:
            row, column = block.first_not_finite
            self.first_not_finite = int(positions[row]), int(pixels[column])
