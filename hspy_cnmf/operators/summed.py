"""A scan whose pixels are summed over cells, each block as soon as it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hspy_cnmf.operators.blocks import LaterSide, Side
from hspy_cnmf.operators.streamed import StreamedOperator


class SummedOperator(StreamedOperator):
    r"""The (weighted) data X summed over cells, :math:`X C^T`, behind the two products.

    Patterns are as many times smaller as cells have pixels, and so are sums of them.
    Only products are those of cells.

    Parameters
    ----------
    operator : StreamedOperator
        The data.
    cells : scipy.sparse.csr_array, shape (n_cells, n_pixels)
        C, of which every pixel is in one cell.
    """

    def __init__(self, operator: StreamedOperator, cells: Any) -> None:
        square_norm = operator.square_norm
        vars(self).update(vars(operator))
        self._square_norm, self._n_cells = square_norm, cells.shape[0]
        self._cells_of_columns, self._where = [], []
        for extent in self.reader.pixels:
            own = cells[:, extent.target].astype(self.dtype)
            there = np.flatnonzero(np.diff(own.indptr))
            self._cells_of_columns.append(own[there])
            self._where.append(there)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of positions and of cells."""
        return self.reader.shape[0], self._n_cells

    @property
    def _targets(self) -> list[np.ndarray]:
        return self._where

    def _sides(
        self,
        loadings: np.ndarray | None,
        factors: np.ndarray | None,
        weights: tuple[np.ndarray | None, np.ndarray | None],
    ) -> tuple[list[LaterSide], list[Side]]:
        positions, columns = self.reader.sides(loadings, None, weights, self.fill)
        cells = zip(columns, self._cells_of_columns, self._where, strict=True)
        return positions, [
            replace(
                side, cells=own, stack=None if factors is None else factors[:, there]
            )
            for side, own, there in cells
        ]

    def _product_bytes(self, n_images: int, n_sums: int) -> int:
        n_positions, _ = self.reader.largest_block
        n_cells = max(map(len, self._where), default=0)
        # Sums of a block of few counts are no larger than what it was decoded from.
        return 8 * (n_images * n_positions + n_sums * n_cells)
