"""One reading of data in Dask chunks, as a graph of tasks.

Each block is read and multiplied within one task, so that nothing but products is ever
kept, moved to another worker, or spilled. Sums go on from block to block in short runs,
and the runs are added as a balanced tree. Blocks and runs follow from the chunks alone:
the same call gives the same bits under any scheduler and any limit of memory.
"""

from operator import add, itemgetter
from sys import getsizeof
from uuid import uuid4

import numpy as np
from dask._task_spec import Alias, DataNode, Task, TaskRef
from dask.core import get_dependencies, reverse_dict

#: Blocks of a run: the more, the fewer sums travel. There are many more runs than
#: threads before a run has more than one block.
_LONGEST_RUN, _RUNS = 8, 256


class Source:
    """The tasks that read blocks.

    Parameters
    ----------
    data : dask.array.Array
    grid_shape : tuple of int
        Number of blocks along positions and along pixels.
    rows, columns : list of int
        Which of them are wanted: no others are read.
    """

    def __init__(self, data, grid_shape, rows, columns):
        delayed = data.to_delayed().reshape(grid_shape)[np.ix_(rows, columns)]
        keys = [block.key for block in delayed.flat]
        graph = dict(delayed.flat[0].__dask_graph__()) if keys else {}
        #: What blocks are read from.
        self.graph, dependencies = _culled(graph, keys)
        #: The task that reads each block, or a reference if others need it, too.
        self.blocks = np.empty(delayed.shape, dtype=object)
        dependents = reverse_dict(dependencies)
        for index, block in np.ndenumerate(delayed):
            self.blocks[index] = self._own(block.key, dependents)

    def _own(self, key, dependents):
        """Take the task of a block out of the graph if it is of no other use."""
        while isinstance(self.graph.get(key), Alias):
            if dependents[key]:
                return TaskRef(key)
            (target,) = get_dependencies(self.graph, key)
            if len(dependents[target]) > 1 or target not in self.graph:
                return TaskRef(key)
            del self.graph[key]
            dependents[target] = set()
            key = target
        if not isinstance(self.graph.get(key), Task) or dependents[key]:
            return TaskRef(key)
        return self.graph.pop(key)


def _culled(graph, keys):
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


class Reading:
    """The graph of one reading.

    Parameters
    ----------
    source : Source
    function : callable
        Of a block and its two sides; returns what belongs to the block alone, and a
        term of the sum over blocks of a column, or None.
    positions, pixels : list of blocks.Side
        Of each row and column of blocks.

    Attributes
    ----------
    graph : dict
    kept : numpy.ndarray of object
        Key of what belongs to each block alone.
    sums : list
        Key of the sum of each column.
    nbytes : int
        Size of the sides, which travel with the graph.
    """

    def __init__(self, source, function, positions, pixels):
        self._name = f"hspy_cnmf-{function.__name__}-{uuid4().hex}"
        self.graph = dict(source.graph)
        self.kept = np.empty(source.blocks.shape, dtype=object)
        self.sums = []
        self.nbytes = sum(map(getsizeof, (*positions, *pixels)))
        rows = [self._data("positions", i, side) for i, side in enumerate(positions)]
        columns = [self._data("pixels", j, side) for j, side in enumerate(pixels)]
        run = _run_length(len(rows))
        for j, column in enumerate(columns):
            ends = []
            for i, row in enumerate(rows):
                previous = None if i % run == 0 else ends.pop()
                block = source.blocks[i, j]
                done = self._block((i, j), function, block, previous, row, column)
                self.kept[i, j] = self._task("kept", (i, j), itemgetter(0), done)
                ends.append(done)
            self.sums.append(self._summed(j, ends))

    def _block(self, index, function, block, previous, row, column):
        """Add the task that reads a block and multiplies with it."""
        key = (self._name, *index)
        own = isinstance(block, Task)
        source = TaskRef(block.key) if own else block
        node = Task(key, step, function, source, previous, row, column)
        self.graph[key] = Task.fuse(block, node, key=key) if own else node
        return TaskRef(key)

    def _data(self, name, i, value):
        key = f"{self._name}-{name}", i
        self.graph[key] = DataNode(key, value)
        return TaskRef(key)

    def _task(self, name, index, function, *arguments):
        key = (f"{self._name}-{name}", *index)
        self.graph[key] = Task(key, function, *arguments)
        return key

    def _summed(self, j, ends):
        """Add the tasks that sum what runs end with; return the key of the sum."""
        terms = [
            self._task("term", (i, j), itemgetter(1), end) for i, end in enumerate(ends)
        ]
        level = 0
        while len(terms) > 1:
            pairs = list(zip(terms[::2], terms[1::2], strict=False))
            lone = terms[2 * len(pairs) :]
            level += 1
            terms = [
                self._task("sum", (level, i, j), _added, *map(TaskRef, pair))
                for i, pair in enumerate(pairs)
            ] + lone
        return terms[0]


def step(function, block, previous, positions, pixels):
    """Apply a function to a block and go on with the sum of those before.

    Parameters
    ----------
    function : callable
        See `Reading`.
    block : numpy.ndarray
    previous : tuple or None
        What this returned for the block before.
    positions, pixels : blocks.Side
    """
    kept, term = function(block, positions, pixels)
    return kept, term if previous is None else _added(previous[1], term)


def _added(one, other):
    return None if one is None else add(one, other)


def _run_length(n_rows):
    return max(1, min(_LONGEST_RUN, n_rows // _RUNS))
