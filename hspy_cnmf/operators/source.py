"""The tasks of a Dask array that read its blocks, each taken for one of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import dask.array as da
import numpy as np
from dask.core import get_dependencies, istask, reverse_dict
from dask.typing import Key

from hspy_cnmf.operators.grouped_chunks import Edges, put_together


class Source:
    """The tasks that read blocks.

    Parameters
    ----------
    data : dask.array.Array
    grid_shape : tuple of int
        Number of blocks along positions and along pixels.
    rows, columns : list of int
        Which of them are wanted: no others are read.
    edges : tuple of tuple of int, optional
        Which chunks make up a block (see `grouped_chunks.grouped`); each by default.
    """

    def __init__(
        self,
        data: da.Array,
        grid_shape: tuple[int, int],
        rows: list[int],
        columns: list[int],
        edges: tuple[Edges, ...] | None = None,
    ) -> None:
        delayed = data.to_delayed()
        parts = _parts(delayed, edges).reshape(grid_shape)[np.ix_(rows, columns)]
        keys = [chunk.key for part in parts.flat for chunk in part.flat]
        graph = dict(delayed.flat[0].__dask_graph__()) if keys else {}
        # Dask leaves out what a cluster holds already, which is known by its key alone.
        held = {} if graph.keys() >= set(keys) else data.__dask_graph__()
        graph |= {key: held[key] for key in keys if key not in graph}
        #: What blocks are read from.
        self.graph, dependencies = _cull(graph, keys)
        #: The task that reads each block, or its key if others need it, too; of several
        #: chunks one that puts them together.
        self.blocks = np.empty(parts.shape, dtype=object)
        dependents = reverse_dict(dependencies)
        for index, part in np.ndenumerate(parts):
            own = [self._own(chunk.key, dependents) for chunk in part.flat]
            together = put_together, own, part.shape
            self.blocks[index] = own[0] if len(own) == 1 else together

    def graph_of_rows(self, rows: Sequence[int]) -> dict[Key, Any]:
        """Return the part of the graph that the blocks of some rows need."""
        if len(rows) == len(self.blocks):
            return dict(self.graph)
        wanted: set[Key] = set()
        for block in self.blocks[list(rows)].flat:
            task: Any = [block]
            wanted |= get_dependencies(self.graph, task=task)
        return _cull(self.graph, wanted)[0]

    def _own(self, key: Key, dependents: dict[Key, set[Key]]) -> Any:
        """Take the task of a block out of the graph if it is of no other use."""
        while (target := _other_name(self.graph, key)) is not None:
            if dependents[key] or len(dependents[target]) > 1:
                return key
            del self.graph[key]
            dependents[target] = set()
            key = target
        if not _is_task(self.graph.get(key)) or dependents[key]:
            return key
        return self.graph.pop(key)


def _parts(delayed: np.ndarray, edges: tuple[Edges, ...] | None) -> np.ndarray:
    """Return an array of the chunks of each block, themselves in an array."""
    if edges is None:
        edges = tuple(tuple(range(n + 1)) for n in delayed.shape)
    parts = np.empty([len(some) - 1 for some in edges], dtype=object)
    for index in np.ndindex(parts.shape):
        box = zip(edges, index, strict=True)
        parts[index] = delayed[tuple(slice(e[i], e[i + 1]) for e, i in box)]
    return parts


def _other_name(graph: dict[Key, Any], key: Key) -> Key | None:
    """Return the key in the graph that a key is but another name of, or None."""
    node = graph.get(key)
    target = getattr(node, "target", node)
    try:
        return target if target in graph else None
    except TypeError:  # no key: data, which have no hash
        return None


def _is_task(node: Any) -> bool:
    """Return whether a node of a graph computes something."""
    return istask(node) or hasattr(node, "func")


def _cull(
    graph: dict[Key, Any], keys: Iterable[Key]
) -> tuple[dict[Key, Any], dict[Key, set[Key]]]:
    """Return the part of a graph that keys need, and what each task of it needs.

    Dask's own function does not know the data that a cluster holds already.
    """
    part, dependencies, wanted = {}, {}, list(keys)
    while wanted:
        key = wanted.pop()
        if key in graph and key not in part:
            part[key] = graph[key]
            dependencies[key] = get_dependencies(graph, key)
            wanted.extend(dependencies[key])
    return part, dependencies
