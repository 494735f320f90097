"""One reading of data in memory, block by block."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from hspy_cnmf import progress
from hspy_cnmf.operators import scheduling
from hspy_cnmf.operators.blocks import LaterSide, Side
from hspy_cnmf.operators.reading import BlockFunction, RowFunction


def read_in_memory(
    some: list[np.ndarray],
    function: BlockFunction,
    positions: list[Side | LaterSide],
    pixels: Side,
    finish: RowFunction | None,
    advance: progress.Advance,
) -> tuple[np.ndarray, list]:
    """Apply a function to blocks of whole patterns, as `BlockReader.read` does.

    Parameters
    ----------
    some : list of numpy.ndarray
        The blocks.
    function, finish : callable
        See `hspy_cnmf.operators.reading`.
    positions : list of Side or LaterSide
        Those of the blocks.
    pixels : Side
        Of all blocks.
    advance : callable
        Called when blocks are done.
    """
    tasks = [
        partial(_deal_with, function, finish, block, side, pixels)
        for block, side in zip(some, positions, strict=True)
    ]
    made, total = scheduling.run_in_memory(tasks, advance)
    kept = np.empty(len(made), dtype=object)
    for i, own in enumerate(made):
        kept[i] = own
    return kept if finish is not None else kept[:, np.newaxis], [total]


def _deal_with(
    function: BlockFunction,
    finish: RowFunction | None,
    block: np.ndarray,
    positions: Side | LaterSide,
    pixels: Side,
) -> tuple[Any, Any]:
    own = positions.taken()
    kept, term = function(block, own, pixels)
    return kept if finish is None else finish(kept, own), term
