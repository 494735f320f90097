"""A scan that tells what is in it: readings that check, sum and sample the data."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from hspy_cnmf.operators import products, scheduling
from hspy_cnmf.operators.blocks import LaterSide, Side
from hspy_cnmf.operators.expected_sums import check_sums
from hspy_cnmf.operators.in_file import let_go
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.products import row_inspected, row_of_images
from hspy_cnmf.operators.reading import RowFunction
from hspy_cnmf.operators.scan import Scan


class InspectedScan(Scan):
    """A scan, and what each of its blocks tells, put together.

    Parameters
    ----------
    data, keep_positions, keep_pixels, show_progressbar, max_memory
        See `BlockReader`.
    """

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
        factors, _ = self._flatten(factors)
        images = np.empty((n_kept, self.shape[0]), self.dtype)
        (told,), of_pixels = self._read_images(
            "Inspecting the data",
            partial(products.span_block, n_kept=n_kept),
            images,
            factors,
            row=row_inspected,
            weighted=False,
            n_sums=len(factors),
        )
        return self._inspection(told, of_pixels), of_pixels[0].span, images

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
        let_go(images)
        return [list(column) for column in zip(*rows, strict=True)], sums

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
        n_images = 0 if factors is None else len(factors)
        n_sums += 0 if loadings is None else len(loadings)
        return self.reader.read(
            label,
            function,
            *self._sides(loadings, factors, weights),
            finish=finish,
            product_bytes=self._product_bytes(n_images, n_sums),
            kept_bytes=kept_bytes,
        )

    def _sides(
        self,
        loadings: np.ndarray | None,
        factors: np.ndarray | None,
        weights: tuple[np.ndarray | None, np.ndarray | None],
    ) -> tuple[list[LaterSide], list[Side]]:
        """Return what blocks must know; see `BlockGrid.sides`."""
        return self.reader.sides(loadings, factors, weights, self.fill)

    def _product_bytes(self, n_images: int, n_sums: int) -> int:
        """Return the size of images of the largest block, and of sums over it."""
        n_positions, n_pixels = self.reader.largest_block
        return 8 * (n_images * n_positions + n_sums * n_pixels)

    def _flatten(self, stack: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
        stack = np.asarray(stack, self.dtype)
        return stack.reshape(-1, stack.shape[-1]), stack.shape[:-1]

    def _check_sums(self, shares: Iterable, rows: list[int] | None = None) -> None:
        """Raise if patterns of some rows of blocks are not those read before."""
        if self._expected_sums is None:
            return
        extents = self.reader.positions
        some = extents if rows is None else [extents[i] for i in rows]
        check_sums(self._expected_sums, self.keep_positions, some, shares)
