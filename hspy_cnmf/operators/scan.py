"""A scan as it is to be read: what takes part, its weights, and what fills gaps."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

import dask.array as da
import numpy as np

from hspy_cnmf.operators import blocks
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.reader import BlockReader

if TYPE_CHECKING:
    from typing_extensions import Self

#: Chunks of which a few positions are, one in so many and not more than so many; of
#: data in memory it is so many patterns.
_SHARE, _MOST_CHUNKS, _FEW_PATTERNS = 16, 16, 256


class Scan:
    """A scan in memory or in Dask chunks, read block by block where it lies.

    Parameters
    ----------
    data, keep_positions, keep_pixels, show_progressbar, max_memory
        See `BlockReader`.
    """

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

    def divide(
        self, position_scale: np.ndarray | None, pixel_scale: np.ndarray | None
    ) -> Self:
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

    def in_double(self) -> Self:
        """Return this operator with products in double precision."""
        operator = copy(self)
        operator.dtype = np.dtype(float)
        rows, columns = (
            None if weights is None else weights.astype(float)
            for weights in self.weights
        )
        operator.weights = rows, columns
        return operator

    def filled(self, loadings: np.ndarray, factors: np.ndarray) -> Self:
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

    def silent(self) -> Self:
        """Return this operator without progress bars."""
        operator = copy(self)
        operator.reader = copy(self.reader)
        operator.reader.show_progressbar = False
        return operator

    def expecting(self, inspection: Inspection) -> Self:
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

    def expecting_sums(self, position_sums: np.ndarray) -> Self:
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

    def part(self, keep_positions: np.ndarray, keep_pixels: np.ndarray) -> Self:
        """Return the operator of another part of the same data, without weights."""
        return type(self)(
            self.data,
            keep_positions,
            keep_pixels,
            show_progressbar=self.show_progressbar,
            max_memory=self.max_memory,
        )
