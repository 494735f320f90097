"""The data themselves, in memory or streamed from Dask chunks."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from functools import partial
from typing import Any, TypeAlias

import dask.array as da
import numpy as np

from hspy_cnmf.operators import blocks, memory, products, scheduling
from hspy_cnmf.operators.fit import Compressed
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.products import row_inspected, row_of_images
from hspy_cnmf.operators.reader import BlockReader
from hspy_cnmf.operators.reading import RowFunction

#: How far sums of patterns may differ, in proportion, that are read twice.
_SAME_SUM = 1e-5

#: Chunks of which a few positions are, one in so many and not more than so many; of
#: data in memory it is so many patterns.
_SHARE, _MOST_CHUNKS, _FEW_PATTERNS = 16, 16, 256

#: What positions and pixels are divided by, None for nothing.
Scales: TypeAlias = tuple[np.ndarray | None, np.ndarray | None]


class StreamedOperator:
    """A scan in memory or in Dask chunks, read block by block where it lies.

    Parameters
    ----------
    data, keep_positions, keep_pixels, show_progressbar, max_memory
        See `BlockReader`.
    """

    #: Every product reads the data: better one for all starts.
    in_cache = False

    def __init__(
        self,
        data: np.ndarray | da.Array,
        keep_positions: np.ndarray,
        keep_pixels: np.ndarray,
        *,
        show_progressbar: bool = False,
        max_memory: int | str | None = None,
    ) -> None:
        #: What reads the data, for other work than products, too.
        self.reader = BlockReader(
            data,
            keep_positions,
            keep_pixels,
            show_progressbar=show_progressbar,
            max_memory=max_memory,
        )
        self.data = data
        self.keep_positions = keep_positions
        self.keep_pixels = keep_pixels
        #: Factors of positions and of pixels; see `divided`.
        self.weights: tuple[np.ndarray | None, np.ndarray | None] = (None, None)
        #: Loadings and factors that stand in for what is missing; see `filled`.
        self.fill: tuple[np.ndarray | None, np.ndarray | None] = (None, None)
        #: Floating-point type of the products: double where single rounds the data.
        self.dtype = blocks.product_dtype(data.dtype)
        self._square_norm: float | None = None
        self._expected_sums: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Number of positions and of pixels that take part."""
        return self.reader.shape

    @property
    def data_dtype(self) -> str:
        """Type of the data."""
        return self.data.dtype.name

    @property
    def show_progressbar(self) -> bool:
        """Whether readings count as steps of a progress bar, or have one."""
        return self.reader.show_progressbar

    @property
    def max_memory(self) -> int | None:
        """Bytes that Dask chunks may take, or None."""
        return self.reader.max_memory

    @property
    def n_passes(self) -> int:
        """How often the data have been read."""
        return self.reader.n_readings

    @property
    def square_norm(self) -> float:
        """Squared Frobenius norm of the (weighted) data that take part."""
        if self._square_norm is None:
            self.images(np.zeros((0, self.shape[1]), self.dtype))
        return float(self._square_norm or 0.0)

    def divide(
        self, position_scale: np.ndarray | None, pixel_scale: np.ndarray | None
    ) -> StreamedOperator:
        """Return this operator with its rows and columns divided by scales, or None."""
        scales = position_scale, pixel_scale
        if all(scale is None for scale in scales):
            return self
        operator = copy(self)
        operator._square_norm = None
        rows, columns = (
            None if scale is None else (1 / scale).astype(self.dtype)
            for scale in scales
        )
        operator.weights = rows, columns
        return operator

    def in_double(self) -> StreamedOperator:
        """Return this operator with products in double precision."""
        operator = copy(self)
        operator.dtype = np.dtype(float)
        rows, columns = (
            None if weights is None else weights.astype(float)
            for weights in self.weights
        )
        operator.weights = rows, columns
        return operator

    def filled(self, loadings: np.ndarray, factors: np.ndarray) -> StreamedOperator:
        """Return this operator with a model in the place of values that are NaN.

        Parameters
        ----------
        loadings : numpy.ndarray, shape (n, n_positions)
        factors : numpy.ndarray, shape (n, n_pixels)
            Their product is in the units of the data, without weights.
        """
        operator = copy(self)
        operator.fill = loadings.astype(self.dtype), factors.astype(self.dtype)
        # Readings of another model have other sums.
        operator._square_norm = operator._expected_sums = None
        return operator

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """Read the data once and tell what is not NaN.

        Returns
        -------
        by_position : numpy.ndarray, shape (2, n_positions)
            Sums, and numbers, of the values at each position that are not NaN.
        by_pixel : numpy.ndarray, shape (2, n_pixels)
            The same for each pixel.
        """
        kept, sums = self._read(
            "Counting what is missing",
            partial(products.block_known, dtype=self.dtype),
            weighted=False,
        )
        by_position, by_pixel = (
            np.zeros((2, self.shape[0])),
            np.zeros((2, self.shape[1])),
        )
        for positions, row in zip(self.reader.positions, kept, strict=True):
            by_position[:, positions.target] = sum(row)
        for pixels, share in zip(self.reader.pixels, sums, strict=True):
            by_pixel[:, pixels.target] = share
        return by_position, by_pixel

    def silent(self) -> StreamedOperator:
        """Return this operator without progress bars."""
        operator = copy(self)
        operator.reader = copy(self.reader)
        operator.reader.show_progressbar = False
        return operator

    def expecting(self, inspection: Inspection) -> StreamedOperator:
        """Return this operator, whose readings raise if they find other data.

        Parameters
        ----------
        inspection : Inspection
            What an earlier reading of the same data, without weights, has told.
            Where values are filled in, nothing is compared.
        """
        if self.fill[0] is not None:
            return self
        operator = self.expecting_sums(inspection.position_sums)
        if all(weights is None for weights in self.weights):
            operator._square_norm = inspection.square_norm
        return operator

    def expecting_sums(self, position_sums: np.ndarray) -> StreamedOperator:
        """Return this operator, with the sums of patterns that it is to find."""
        operator = copy(self)
        operator._expected_sums = position_sums
        return operator

    @property
    def few_positions(self) -> np.ndarray:
        """A few of the positions that take part, evenly over the scan, as a mask.

        They are those of a few chunks, and none of lazy data in fewer than 16.
        """
        few = np.zeros(self.shape[0], bool)
        if self.reader.is_lazy:
            rows = self.reader.positions
            n = min(_MOST_CHUNKS, len(rows) // _SHARE)
            for i in np.linspace(0, len(rows) - 1, n + 2)[1:-1].astype(int):
                few[rows[i].target] = True
        else:
            few[np.linspace(0, len(few) - 1, _FEW_PATTERNS).astype(int)] = True
        mask = np.zeros(self.keep_positions.shape, bool)
        mask[self.keep_positions] = few
        return mask

    def part(
        self, keep_positions: np.ndarray, keep_pixels: np.ndarray
    ) -> StreamedOperator:
        """Return the operator of another part of the same data, without weights."""
        return StreamedOperator(
            self.data,
            keep_positions,
            keep_pixels,
            show_progressbar=self.show_progressbar,
            max_memory=self.max_memory,
        )

    def inspect(
        self, factors: np.ndarray | None = None
    ) -> tuple[Inspection, np.ndarray]:
        """Read the data once and tell what is in them.

        Parameters
        ----------
        factors : numpy.ndarray, shape (n, n_pixels), optional
            Patterns of which images are wanted, too.

        Returns
        -------
        inspection : Inspection
        images : numpy.ndarray, shape (n, n_positions)
            ``factors @ X.T``, of values that are finite.
        """
        if factors is None:
            factors = np.zeros((0, self.shape[1]))
        factors, _ = self._flatten(factors)
        images = np.empty((len(factors), self.shape[0]), self.dtype)
        (told,), of_pixels = self._read_images(
            "Inspecting the data",
            products.inspect_block,
            images,
            factors,
            row=row_inspected,
            weighted=False,
        )
        return self._inspection(told, of_pixels), images

    def inspect_and_span(
        self, factors: np.ndarray, n_kept: int = 0
    ) -> tuple[Inspection, np.ndarray, np.ndarray]:
        """Read the data, whose chunks do not divide patterns, once, not weighted.

        Parameters
        ----------
        factors : numpy.ndarray, shape (n, n_pixels)
        n_kept : int, default 0
            Number of factors, the last ones, of which images are wanted, too.

        Returns
        -------
        inspection : Inspection
        span : numpy.ndarray, shape (n, n_pixels)
            ``(factors @ X.T) @ X``, of values that are finite.
        images : numpy.ndarray, shape (n_kept, n_positions)
        """
        return self._inspect_and_span("Inspecting the data", factors, False, n_kept)

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
        told, span, _ = self._inspect_and_span("Summing patterns", factors, True, 0)
        self._square_norm = told.square_norm
        return span

    def _inspect_and_span(
        self, label: str, factors: np.ndarray, weighted: bool, n_kept: int
    ) -> tuple[Inspection, np.ndarray, np.ndarray]:
        """Do both in one reading, of patterns that are whole in their chunks."""
        factors, _ = self._flatten(factors)
        images = np.empty((n_kept, self.shape[0]), self.dtype)
        (told,), of_pixels = self._read_images(
            label,
            partial(products.span_block, n_kept=n_kept),
            images,
            factors,
            row=row_inspected,
            weighted=weighted,
            n_sums=len(factors),
        )
        return self._inspection(told, of_pixels), of_pixels[0].span, images

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

    def _inspection(
        self, of_rows: list[list[Inspection]], of_pixels: list
    ) -> Inspection:
        """Return what blocks and sums over them tell of the data together."""
        inspection = Inspection.of_nothing(*self.shape)
        for positions, row in zip(self.reader.positions, of_rows, strict=True):
            for pixels, of_block in zip(self.reader.pixels, row, strict=True):
                inspection.add_block(of_block, positions.target, pixels.target)
        for pixels, told in zip(self.reader.pixels, of_pixels, strict=True):
            inspection.set_pixels(pixels.target, told)
        if all(weights is None for weights in self.weights):
            self._square_norm = inspection.square_norm
        return inspection

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
        for pixels, share in zip(self.reader.pixels, sums, strict=True):
            patterns[:, pixels.target] = share
        memory.give_back()  # what blocks had of the loadings
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
        images = np.empty((len(basis), n_positions), self.dtype)
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

    def sample(self, places: np.ndarray) -> np.ndarray:
        """Return a few patterns, and raise if those about them are not as expected.

        Parameters
        ----------
        places : numpy.ndarray of int, shape (n,)
            Increasing numbers of positions. Blocks in which they lie are read and
            compared as a whole, data in memory to the end; see `expecting`.

        Returns
        -------
        numpy.ndarray, shape (n, n_pixels)
            Without weights.
        """
        chosen = np.zeros((1, self.shape[0]), bool)
        chosen[0, places] = True
        later, pixels = self.reader.sides(chosen)
        positions = [side.taken() for side in later]
        lazy = self.reader.is_lazy
        rows = [i for i, s in enumerate(positions) if s.stack.any() or not lazy]
        kept, _ = self.reader.read(
            "Comparing patterns",
            partial(products.block_sample, dtype=self.dtype),
            positions,
            pixels,
            rows=rows,
        )
        self._check_sums([sum(sums for sums, _ in row) for row in kept], rows)
        found = np.empty((len(places), self.shape[1]), self.dtype)
        for i, row in zip(rows, kept, strict=True):
            target = self.reader.positions[i].target[positions[i].stack[0]]
            where = np.searchsorted(places, target)[:, np.newaxis]
            for extent, (_, patterns) in zip(self.reader.pixels, row, strict=True):
                found[where, extent.target] = patterns
        return found

    def _read_images(
        self,
        label: str,
        function: Any,
        images: np.ndarray,
        factors: np.ndarray,
        row: Any = row_of_images,
        **more: Any,
    ) -> tuple[list[list], list]:
        """Read images of factors into an array, with what else blocks tell.

        Returns
        -------
        told : list of list
            The rest of what `row` makes of what `function` returns for the blocks of
            each row; by default they are summed.
        sums : list
            Of each column of blocks.
        """
        here = images if scheduling.shares_memory() else None
        finish = partial(row, into=here)
        kept, sums = self._read(
            label,
            function,
            factors=factors,
            finish=finish,
            kept_bytes=images.nbytes,
            **more,
        )
        rows = []
        for i, positions in enumerate(self.reader.positions):
            own, *told = kept[i]
            if own is not None:
                images[:, positions.target] = own
            rows.append(told)
            kept[i] = None
        memory.give_back()
        return [list(column) for column in zip(*rows, strict=True)], sums

    def _check_sums(self, shares: Iterable, rows: list[int] | None = None) -> None:
        """Raise a ValueError if patterns are not those that were read before.

        Parameters
        ----------
        shares : iterable of numpy.ndarray
            Sums of the patterns of each row of blocks.
        rows : list of int, optional
            Which rows; all by default.
        """
        if self._expected_sums is None:
            return
        extents = self.reader.positions
        for extent, sums in zip(
            extents if rows is None else [extents[i] for i in rows], shares, strict=True
        ):
            expected = self._expected_sums[extent.target]
            # Written so that NaN is another.
            wrong = ~(np.abs(sums - expected) <= _SAME_SUM * np.abs(expected))
            if wrong.any():
                i = np.argmax(wrong)
                index = np.argwhere(self.keep_positions)[extent.target[i]][::-1]
                raise ValueError(
                    "The sketch is not one of these data, or they have changed: it "
                    f"says otherwise at navigation index {tuple(map(int, index))}, "
                    f"where counts add up to {sums[i]:.6g}, not {expected[i]:.6g}. "
                    "Make one with hspy_cnmf.make_sketch, or give a path where there "
                    "is none yet."
                )

    def _flatten(self, stack: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
        stack = np.asarray(stack, self.dtype)
        return stack.reshape(-1, stack.shape[-1]), stack.shape[:-1]

    def _read(
        self,
        label: str,
        function: Any,
        *,
        loadings: np.ndarray | None = None,
        factors: np.ndarray | None = None,
        weighted: bool = True,
        n_sums: int = 0,
        finish: RowFunction | None = None,
        kept_bytes: int = 0,
    ) -> tuple[np.ndarray, list]:
        """Apply a function to every block: what each returns alone, and the sums.

        These have as many rows as there are loadings, and `n_sums` more.
        """
        weights = self.weights if weighted else (None, None)
        n_positions, n_pixels = self.reader.largest_block
        values = 0 if factors is None else len(factors) * n_positions
        values += (n_sums + (0 if loadings is None else len(loadings))) * n_pixels
        sides = self.reader.sides(loadings, factors, weights, self.fill)
        return self.reader.read(
            label,
            function,
            *sides,
            finish=finish,
            product_bytes=8 * values,
            kept_bytes=kept_bytes,
        )
