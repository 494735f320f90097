"""Data that are made where they are read: slowly, failing, or counted."""

import threading
import time

import numpy as np


class StorageError(OSError):
    """What a storage raises."""


def slow(block, seconds=0.1):
    """Take a while to read."""
    time.sleep(seconds)
    return block


def fail(block, block_info=None):
    """Fail to read the second row of chunks."""
    if block_info[0]["chunk-location"][0] == 1:
        raise StorageError(5, "disk on fire")
    return block


def synthetic(block_info=None):
    """Make a chunk where it is needed."""
    where = block_info[None]["chunk-location"][:2]
    rng = np.random.default_rng(where)
    return rng.poisson(3.0, block_info[None]["chunk-shape"]).astype(np.uint16)


class Storage:
    """An array in a file, say: notes what is read of it, and how much at a time."""

    def __init__(self, array, seconds=0.0):
        self.array = array
        self.seconds = seconds
        self.reads = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    shape = property(lambda self: self.array.shape)
    dtype = property(lambda self: self.array.dtype)
    ndim = property(lambda self: self.array.ndim)

    def __getitem__(self, index):
        with self._lock:
            self.reads.append(tuple((axis.start, axis.stop) for axis in index))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.seconds)
        with self._lock:
            self.at_once -= 1
        return self.array[index]
