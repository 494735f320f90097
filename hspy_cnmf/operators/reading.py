"""One reading of data in Dask chunks, as a graph of tasks.

Each block is read and dealt with in one task, so that nothing but products is ever
kept, moved to another worker, or spilled. Sums go on from block to block in short runs,
and what runs end with is added up in their order: as few sums as threads wait for each
other, which of large patterns are large. Blocks and runs follow from the chunks alone:
the same call gives the same bits under any scheduler and any limit of memory.

Tasks are written in Dask's public form, tuples of a function and its arguments, where
an argument may be the key of another task, or a task itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import add, itemgetter
from sys import getsizeof
from typing import Any
from uuid import uuid4

import numpy as np
from dask.typing import Key

from hspy_cnmf.operators.blocks import LaterSide, Side
from hspy_cnmf.operators.source import Source

#: Blocks of a run: the more, the fewer sums travel. There are many more runs than
#: threads before a run has more than one block.
_LONGEST_RUN, _RUNS = 8, 256

#: What is done to a block: returns what belongs to the block, and a term of a sum.
BlockFunction = Callable[[Any, Side, Side], tuple[Any, Any]]

#: What is made of the sum of what belongs to all blocks of the same positions.
RowFunction = Callable[[Any, Side], Any]


class Reading:
    """The graph of one reading.

    Parameters
    ----------
    source : Source
    function : callable
        Of a block and its two sides; returns what belongs to the block alone, and a
        term of the sum over blocks of a column, or None.
    positions, pixels : list of blocks.Side
        Those of positions may be blocks.LaterSide. Of each row and column of blocks.
    finish : callable, optional
        Of the sum of what belongs to the blocks of a row (arrays, lists that are put
        together, or tuples of these), and of the side of its positions; what it returns
        is kept in its place. Blocks are added up as they are read: those of many
        columns together may be larger than the data.
    rows : sequence of int, optional
        Which rows of blocks are read, all by default; `positions` are those of these.

    Attributes
    ----------
    graph : dict
    kept : numpy.ndarray of object
        Key of what belongs to each block alone; with `finish`, to each row.
    sums : list
        Key of the sum of each column.
    nbytes : int
        Size of the sides, which travel with the graph.
    """

    def __init__(
        self,
        source: Source,
        function: BlockFunction,
        positions: Sequence[Side | LaterSide],
        pixels: Sequence[Side],
        finish: RowFunction | None = None,
        rows: Sequence[int] | None = None,
    ) -> None:
        rows = range(len(source.blocks)) if rows is None else rows
        named = getattr(function, "func", function)
        self._name = f"hspy_cnmf-{named.__name__}-{uuid4().hex}"
        self.graph: dict[Key, Any] = source.graph_of_rows(rows)
        self.nbytes = sum(map(getsizeof, (*positions, *pixels)))
        blocks = source.blocks[list(rows)]
        alone = finish if len(pixels) == 1 else None
        own = [self._add("positions", (i,), side) for i, side in enumerate(positions)]
        done = np.empty(blocks.shape, dtype=object)
        self.sums: list[Key] = []
        for j, side in enumerate(pixels):
            column = self._add("pixels", (j,), side)
            self.sums.append(
                self._column(j, blocks[:, j], function, alone, own, column, done)
            )
        self.kept = self._kept(done, own, finish)

    def _column(
        self,
        j: int,
        blocks: np.ndarray,
        function: BlockFunction,
        finish: RowFunction | None,
        own: list[Key],
        column: Key,
        done: np.ndarray,
    ) -> Key:
        """Add the tasks that read a column of blocks; return the key of its sum."""
        ends: list[Key] = []
        run = _run_length(len(own))
        for i, (block, row) in enumerate(zip(blocks, own, strict=True)):
            previous = None if i % run == 0 else ends.pop()
            task = step, function, finish, block, previous, row, column
            done[i, j] = self._add("block", (i, j), task)
            ends.append(done[i, j])
        return self._sum_columns(j, ends)

    def _kept(
        self, done: np.ndarray, own: list[Key], finish: RowFunction | None
    ) -> np.ndarray:
        """Add the tasks that hand over what is kept; return their keys."""
        kept = np.empty(done.shape if finish is None else len(done), dtype=object)
        for index in np.ndindex(kept.shape):
            first, *others = done[index].flat if finish is not None else [done[index]]
            task: tuple[Any, ...] = itemgetter(0), first
            for j, other in enumerate(others):
                before = self._add("share", (*index, j), task)
                task = _plus, before, (itemgetter(0), other)
            if others:
                task = finish_row, finish, task, own[index[0]]
            kept[index] = self._add("kept", index, task)
        return kept

    def _sum_columns(self, j: int, ends: list[Key]) -> Key:
        """Add the tasks that sum what runs end with; return the key of the sum."""
        first, *others = (
            self._add("term", (i, j), (itemgetter(1), end))
            for i, end in enumerate(ends)
        )
        total = first
        for i, term in enumerate(others):
            total = self._add("sum", (i, j), (_plus, total, term))
        return total

    def _add(self, name: str, index: tuple[int, ...], task: Any) -> Key:
        """Add a task, or data, to the graph; return its key."""
        key: Key = (f"{self._name}-{name}", *index)
        self.graph[key] = task
        return key

    def end_with(self, then: Callable[[np.ndarray, list], Any]) -> Key:
        """Add the task that makes one thing of all; return its key."""
        gather = partial(_gather, then, self.kept.shape)
        return self._add("end", (), (gather, list(self.kept.flat), self.sums))


def step(
    function: BlockFunction,
    finish: RowFunction | None,
    block: Any,
    previous: tuple[Any, Any] | None,
    positions: Side | LaterSide,
    pixels: Side,
) -> tuple[Any, Any]:
    """Apply a function to a block and go on with the sum of those before.

    Parameters
    ----------
    function, finish : callable
        See `Reading`; `finish` is None where a row has several blocks.
    block : numpy.ndarray
    previous : tuple or None
        What this returned for the block before.
    positions, pixels : blocks.Side
    """
    own = positions.taken()
    kept, term = function(block, own, pixels)
    if finish is not None:
        kept = finish(kept, own)
    return kept, term if previous is None else _plus(previous[1], term)


def finish_row(finish: RowFunction, share: Any, positions: Side | LaterSide) -> Any:
    """Make one thing of the sum of what belongs to the blocks of a row."""
    return finish(share, positions.taken())


def _gather(
    then: Callable[[np.ndarray, list], Any],
    shape: tuple[int, ...],
    kept: list,
    sums: list,
) -> Any:
    whole = np.empty(len(kept), dtype=object)
    for i, value in enumerate(kept):
        whole[i] = value
    return then(whole.reshape(shape), sums)


def _plus(one: Any, other: Any) -> Any:
    if one is None or not isinstance(one, tuple):
        return None if one is None else add(one, other)
    both = map(_plus, one, other)
    return one._make(both) if hasattr(one, "_make") else tuple(both)


def _run_length(n_rows: int) -> int:
    return max(1, min(_LONGEST_RUN, n_rows // _RUNS))
