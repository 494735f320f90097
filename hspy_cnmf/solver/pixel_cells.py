"""Iterations on cells of pixels, where patterns are the same all over each of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.solver.coarse import Grid
from hspy_cnmf.solver.iteration import Configuration, State, with_share
from hspy_cnmf.solver.problem import Projection


@dataclass(frozen=True, eq=False)
class PixelCells:
    """Cells of pixels over which factors are the same, on which a loop works.

    Half steps treat all pixels of a cell alike, and rows have the same products on
    cells as on pixels: the results are those of a loop on pixels, in a fraction of its
    time. Only what tells pixels of a cell apart sees them.

    Parameters
    ----------
    grid : Grid
        The cells, of the pixels that take part.
    project : callable or None
        Constraints on patterns of pixels, shape (n, n_pixels), before these are
        averaged over cells.
    """

    grid: Grid
    project: Projection

    def sketch(self, operator: LowRankOperator) -> LowRankOperator:
        """Return a sketch whose patterns are the same over cells, on these."""
        patterns = self.grid.combine(operator.basis_patterns)
        return replace(operator, basis_patterns=patterns, fit=None)

    def configuration(self, configuration: Configuration) -> Configuration:
        """Return what a loop on cells has to know."""
        scale = configuration.pixel_scale
        if scale is None:
            scale = np.ones(len(self.grid.cells))
        return replace(
            configuration,
            project_factors=None if self.project is None else self._projected,
            pixel_scale=self.grid.combine(scale[np.newaxis])[0],
            on_cells=True,
        )

    def _projected(self, factors: np.ndarray) -> np.ndarray:
        assert self.project is not None
        return self.grid.combine(self.project(self.grid.divide(factors)))

    def on_cells(self, state: State) -> State:
        """Return a state with its factors on cells."""
        return replace(state, factors=self.grid.combine(state.factors))

    def on_pixels(self, state: State) -> State:
        """Return a state of a loop on cells with its factors on pixels."""
        return replace(state, factors=self.grid.divide(state.factors))

    def ended(self, state: State) -> State:
        """Return a state at the end of a loop on cells, with errors a pixel."""
        share = len(self.grid.counts) / len(self.grid.cells)
        history = with_share(state.history, share)
        return replace(self.on_pixels(state), history=history)
